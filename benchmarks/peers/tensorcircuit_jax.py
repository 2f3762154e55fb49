"""TensorCircuit-NG on its JAX backend."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import tensorcircuit as tc
from tensorcircuit import experimental

from benchmarks.peers._jax import (
    angles_of,
    big_endian,
    jitted,
    raw_keys_of,
    shared_gradient,
    tallies,
)
from benchmarks.reference import reverse_bits, z_sum
from benchmarks.timing import Way
from benchmarks.workloads import (
    ERROR,
    SHOTS,
    TRAJECTORIES,
    Cell,
    amplitudes,
    outcome_weights,
    qubit_weights,
)


def start(workload: str) -> None:
    """JAX, single precision."""
    tc.set_backend("jax")
    tc.set_dtype("complex64")
    jnp.zeros(1).block_until_ready()


def ways(cell: Cell) -> list[Way]:
    """How a cell is answered."""
    asked = {"W1": _w1, "W2": _w2, "W3": _w3, "W4": _w4, "W5": _w5, "W6": _w3, "W7": _w7}
    asked |= {"W8": _w8, "W9": _w9}
    return asked[cell.workload](cell)


def _circuit(cell: Cell, x: Any, **start: Any) -> Any:
    circuit = tc.Circuit(cell.qubits, **start)
    for step in cell.layout:
        if step.name == "H":
            circuit.h(step.wires[0])
        elif step.slot is not None:
            getattr(circuit, step.name.lower())(step.wires[0], theta=x[step.slot])
        else:
            circuit.cz(*step.wires)
    return circuit


def _w1(cell: Cell) -> list[Way]:
    build = lambda: jitted(jax.vmap(lambda x: _circuit(cell, x).probability()))  # noqa: E731
    return [Way("jit(vmap(probability))", build, angles_of, big_endian(cell.qubits))]


def _sample(cell: Cell, kind: str, x: Any, key: Any) -> Any:
    options = {"batch": SHOTS, "allow_state": True, "format": kind}
    return _circuit(cell, x).sample(**options, random_generator=key)


def _w2(cell: Cell) -> list[Way]:
    """Its samples, counted by hand; its own count vectors."""

    def way(name: str, draw: Callable[[Any, Any], Any]) -> Way:
        def all_of(x: Any, key: Any) -> Any:
            return jax.vmap(draw)(x, jax.random.split(key, cell.batch))

        return Way(name, lambda: jitted(all_of), raw_keys_of, big_endian(cell.qubits))

    def counted(count: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda x, key: count(_sample(cell, "sample_int", x, key))

    kinds = tallies(2**cell.qubits).items()
    ways = [way(f"sample_int, {name}", counted(count)) for name, count in kinds]
    return [*ways, way("count_vector", partial(_sample, cell, "count_vector"))]


def _w3(cell: Cell) -> list[Way]:
    weights = jnp.asarray(reverse_bits(outcome_weights(cell.qubits), cell.qubits))

    def way(name: str, loss: Callable[[Any, Any], Any]) -> Way:
        gradient = experimental.parameter_shift_grad_v2(loss, argnums=0, random_argnums=1)

        def all_of(x: Any, key: Any) -> Any:
            return jax.vmap(gradient)(x, jax.random.split(key, cell.batch))

        title = f"parameter_shift_grad_v2, {name}"
        return Way(title, lambda: jitted(all_of), raw_keys_of, np.asarray)

    def mean(x: Any, key: Any) -> Any:
        return weights[_sample(cell, "sample_int", x, key)].mean()

    def by_counts(x: Any, key: Any) -> Any:
        return _sample(cell, "count_vector", x, key) @ weights / SHOTS

    return [way("mean over sample_int", mean), way("count_vector", by_counts)]


def _w4(cell: Cell) -> list[Way]:
    def way(name: str, loss: Callable[[Any], Any]) -> Way:
        build = lambda: jitted(jax.vmap(jax.grad(loss)))  # noqa: E731
        return Way(f"jit(vmap(grad)), {name}", build, angles_of, np.asarray)

    return [way(*item) for item in _losses(cell).items()]


def _by_terms(cell: Cell, circuit: Any) -> Any:
    """sum_k c_k <Z_k>, one expectation value after another."""
    terms = [
        weight * jnp.real(circuit.expectation_ps(z=[k]))
        for k, weight in enumerate(qubit_weights(cell.qubits))
    ]
    return sum(terms)


def _losses(cell: Cell) -> dict[str, Callable[..., Any]]:
    """sum_k c_k <Z_k> in two ways."""
    diagonal = z_sum(cell.qubits, qubit_weights(cell.qubits)).reshape(-1).astype(np.float32)

    by_terms = lambda x, **start: _by_terms(cell, _circuit(cell, x, **start))  # noqa: E731
    by_state = lambda x, **start: _circuit(cell, x, **start).probability() @ diagonal  # noqa: E731
    return {"probability": by_state, "expectation_ps": by_terms}


def _w7(cell: Cell) -> list[Way]:
    images = jnp.asarray(amplitudes(cell), jnp.complex64)

    def way(name: str, loss: Callable[..., Any]) -> Way:
        values = lambda x: jax.vmap(lambda image: loss(x, inputs=image))(images)  # noqa: E731
        return shared_gradient(f"jit(grad(mean(vmap))), {name}", cell, values)

    return [way(*item) for item in _losses(cell).items()]


def _noisy(cell: Cell, x: Any, circuit: Any, uniforms: Any = None) -> Any:
    """Gates, and Pauli errors behind them; by chance where uniform numbers are given."""
    drawn = 0
    for step in cell.layout:
        if step.slot is None:
            circuit.cz(*step.wires)
        else:
            circuit.ry(step.wires[0], theta=x[step.slot])
        for wire in step.wires:
            chance = {} if uniforms is None else {"status": uniforms[drawn]}
            circuit.depolarizing(wire, px=ERROR, py=ERROR, pz=ERROR, **chance)
            drawn += 1
    return circuit


def _w8(cell: Cell) -> list[Way]:
    diagonal = z_sum(cell.qubits, qubit_weights(cell.qubits)).reshape(-1).astype(np.float32)

    def by_matrix(x: Any) -> Any:
        matrix = _noisy(cell, x, tc.DMCircuit(cell.qubits)).densitymatrix()
        return jnp.real(jnp.diagonal(matrix)) @ diagonal

    by_terms = lambda x: _by_terms(cell, _noisy(cell, x, tc.DMCircuit(cell.qubits)))  # noqa: E731

    def way(name: str, loss: Callable[[Any], Any]) -> Way:
        build = lambda: jitted(jax.vmap(jax.grad(loss)))  # noqa: E731
        return Way(f"DMCircuit, jit(vmap(grad)), {name}", build, angles_of, np.asarray)

    return [way("densitymatrix", by_matrix), way("expectation_ps", by_terms)]


def _w9(cell: Cell) -> list[Way]:
    number = sum(len(step.wires) for step in cell.layout)

    def one(x: Any, uniforms: Any) -> Any:
        return _noisy(cell, x, tc.Circuit(cell.qubits), uniforms).probability()

    def means(x: Any, key: Any) -> Any:
        uniforms = jax.random.uniform(key, (cell.batch, TRAJECTORIES, number))
        return jax.vmap(jax.vmap(one, (None, 0)))(x, uniforms).mean(1)

    name = "depolarizing(status), jit(vmap(vmap))"
    return [Way(name, lambda: jitted(means), raw_keys_of, big_endian(cell.qubits))]


def _w5(cell: Cell) -> list[Way]:
    build = lambda: jitted(lambda x: _circuit(cell, x).state())  # noqa: E731
    prepare = lambda angles, seed: (jnp.asarray(angles[0]),)  # noqa: E731
    return [Way("jit(state)", build, prepare, lambda s: np.asarray(s).reshape(1, -1))]
