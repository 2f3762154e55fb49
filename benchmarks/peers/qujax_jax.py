"""qujax: a circuit as a pure function of its parameters, in units of pi."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import qujax

from benchmarks.peers._jax import (
    angles_of,
    big_endian,
    jitted,
    keys_of,
    shared_gradient,
    tallies,
)
from benchmarks.reference import reverse_bits
from benchmarks.timing import Way
from benchmarks.workloads import ERROR, SHOTS, Cell, amplitudes, outcome_weights, qubit_weights


def start(workload: str) -> None:
    """Nothing to set up."""
    jnp.zeros(1).block_until_ready()


def ways(cell: Cell) -> list[Way]:
    """How a cell is answered."""
    asked = {"W1": _w1, "W2": _w2, "W3": _w3, "W4": _w4, "W5": _w5, "W6": _w3, "W7": _w7}
    asked |= {"W8": _w8}
    return asked[cell.workload](cell)


def _state(cell: Cell) -> Callable[..., Any]:
    names = {"H": "H", "RX": "Rx", "RY": "Ry", "RZ": "Rz", "CZ": "CZ"}
    gates = [names[step.name] for step in cell.layout]
    wires = [list(step.wires) for step in cell.layout]
    slots = [[] if step.slot is None else [step.slot] for step in cell.layout]
    run = qujax.get_params_to_statetensor_func(gates, wires, slots, cell.qubits)
    return lambda x, *start: run(x / math.pi, *start)


def _w1(cell: Cell) -> list[Way]:
    run = _state(cell)
    one = lambda x: jnp.square(jnp.abs(run(x))).reshape(-1)  # noqa: E731
    answer = big_endian(cell.qubits)
    return [Way("jit(vmap(statetensor))", lambda: jitted(jax.vmap(one)), angles_of, answer)]


def _w2(cell: Cell) -> list[Way]:
    run = _state(cell)

    def way(name: str, count: Callable[[Any], Any]) -> Way:
        one = lambda x, key: count(qujax.sample_integers(key, run(x), SHOTS))  # noqa: E731

        def all_of(x: Any, key: Any) -> Any:
            return jax.vmap(one)(x, jax.random.split(key, cell.batch))

        title = f"sample_integers, {name}"
        return Way(title, lambda: jitted(all_of), keys_of, big_endian(cell.qubits))

    return [way(*item) for item in tallies(2**cell.qubits).items()]


def _w3(cell: Cell) -> list[Way]:
    """The shift rule over its samples, by hand; its own sampled expectation, differentiated."""
    run = _state(cell)
    weights = jnp.asarray(reverse_bits(outcome_weights(cell.qubits), cell.qubits))
    steps = math.pi / 2 * jnp.concatenate([jnp.eye(cell.num_angles), -jnp.eye(cell.num_angles)])

    def one(x: Any, key: Any) -> Any:
        return weights[qujax.sample_integers(key, run(x), SHOTS)].mean()

    def by_shifts(x: Any, key: Any) -> Any:
        keys = jax.random.split(key, len(steps))
        up, down = jnp.split(jax.vmap(one)(x + steps, keys), 2)
        return (up - down) / 2

    def way(name: str, gradient: Callable[[Any, Any], Any]) -> Way:
        def all_of(x: Any, key: Any) -> Any:
            return jax.vmap(gradient)(x, jax.random.split(key, cell.batch))

        return Way(name, lambda: jitted(all_of), keys_of, np.asarray)

    ways = [way("shift rule over sample_integers", by_shifts)]
    if cell.qubits > 4:  # Its observable would have a term for each of the outcomes.
        return ways
    measure = qujax.get_statetensor_to_sampled_expectation_func(*_z_strings(weights, cell.qubits))
    own = jax.grad(lambda x, key: measure(run(x), key, SHOTS))
    return [*ways, way("grad(sampled expectation)", own)]


def _z_strings(weights: Any, qubits: int) -> tuple[list[list[str]], list[list[int]], list[float]]:
    """sum_c w_c |c><c| as products of Z, the constant left out."""
    letters, wires, factors = [], [], []
    for chosen in range(1, 2**qubits):
        held = [k for k in range(qubits) if chosen >> (qubits - 1 - k) & 1]
        signs = [(-1) ** (chosen & outcome).bit_count() for outcome in range(2**qubits)]
        letters.append(["Z"] * len(held))
        wires.append(held)
        factors.append(float(np.dot(signs, weights)) / 2**qubits)
    return letters, wires, factors


def _w4(cell: Cell) -> list[Way]:
    build = lambda: jitted(jax.vmap(jax.grad(_expectation(cell))))  # noqa: E731
    return [Way("jit(vmap(grad(expectation)))", build, angles_of, np.asarray)]


def _z_sum(cell: Cell) -> tuple[list[list[str]], list[list[int]], list[float]]:
    """sum_k c_k Z_k: letters, wires and factors."""
    factors = [float(c) for c in qubit_weights(cell.qubits)]
    return [["Z"]] * cell.qubits, [[k] for k in range(cell.qubits)], factors


def _expectation(cell: Cell) -> Callable[..., Any]:
    run, measure = _state(cell), qujax.get_statetensor_to_expectation_func(*_z_sum(cell))
    return lambda x, *start: measure(run(x, *start))


def _w7(cell: Cell) -> list[Way]:
    images = jnp.asarray(amplitudes(cell)).reshape(-1, *(2,) * cell.qubits)
    many = jax.vmap(_expectation(cell), (None, 0))
    return [shared_gradient("jit(grad(mean(vmap(expectation))))", cell, lambda x: many(x, images))]


def _w8(cell: Cell) -> list[Way]:
    """Its density matrices; an error is a Kraus operator a Pauli matrix."""
    matrices = [np.eye(2), [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
    roots = [math.sqrt(1 - 3 * ERROR), *[math.sqrt(ERROR)] * 3]
    kraus = [root * jnp.array(m, jnp.complex64) for root, m in zip(roots, matrices, strict=True)]
    operators: list[Any] = []
    wires: list[list[int]] = []
    slots: list[Any] = []
    for step in cell.layout:
        operators.append("CZ" if step.slot is None else "Ry")
        wires.append(list(step.wires))
        slots.append([] if step.slot is None else [step.slot])
        for wire in step.wires:
            operators.append(kraus)
            wires.append([wire])
            slots.append([[]] * len(kraus))
    run = qujax.get_params_to_densitytensor_func(operators, wires, slots, cell.qubits)
    measure = qujax.get_densitytensor_to_expectation_func(*_z_sum(cell))
    build = lambda: jitted(jax.vmap(jax.grad(lambda x: measure(run(x / math.pi)))))  # noqa: E731
    return [Way("densitytensor, jit(vmap(grad))", build, angles_of, np.asarray)]


def _w5(cell: Cell) -> list[Way]:
    build = lambda: jitted(_state(cell))  # noqa: E731
    prepare = lambda angles, seed: (jnp.asarray(angles[0]),)  # noqa: E731
    return [Way("jit(statetensor)", build, prepare, lambda s: np.asarray(s).reshape(1, -1))]
