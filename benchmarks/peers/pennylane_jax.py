"""PennyLane's default.qubit on JAX: jit(vmap(...)), shots from a key a circuit."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

from benchmarks.peers._jax import angles_of, big_endian, jitted, raw_keys_of, shared_gradient
from benchmarks.reference import reverse_bits
from benchmarks.timing import Way
from benchmarks.workloads import ERROR, SHOTS, Cell, amplitudes, outcome_weights, qubit_weights


def start(workload: str) -> None:
    """It warns at every call that complex128 becomes complex64."""
    warnings.simplefilter("ignore")
    jnp.zeros(1).block_until_ready()


def ways(cell: Cell) -> list[Way]:
    """How a cell is answered."""
    asked = {"W1": _w1, "W2": _w2, "W3": _w3, "W4": _w4, "W5": _w5, "W6": _w3, "W7": _w7}
    asked |= {"W8": _w8}
    return asked[cell.workload](cell)


def apply(cell: Cell, x: Any) -> None:
    """The circuit's gates; ``x`` may have a batch before its last axis."""
    for step in cell.layout:
        if step.name == "H":
            qml.Hadamard(step.wires[0])
        elif step.slot is not None:
            getattr(qml, step.name)(x[..., step.slot], wires=step.wires[0])
        else:
            qml.CZ(wires=step.wires)


def observable(cell: Cell) -> Any:
    """sum_k c_k Z_k."""
    weights = [float(c) for c in qubit_weights(cell.qubits)]
    return qml.Hamiltonian(weights, [qml.PauliZ(k) for k in range(cell.qubits)])


def _exact(cell: Cell, measure: Callable[[], Any], **options: Any) -> Callable[[Any], Any]:
    @qml.qnode(qml.device("default.qubit", wires=cell.qubits), interface="jax", **options)
    def circuit(x: Any) -> Any:
        apply(cell, x)
        return measure()

    return circuit


def _sampled(cell: Cell) -> Callable[[Any, Any], Any]:
    def one(x: Any, key: Any) -> Any:
        device = qml.device("default.qubit", wires=cell.qubits, seed=key)

        @qml.set_shots(SHOTS)
        @qml.qnode(device, interface="jax", diff_method="parameter-shift")
        def circuit(x: Any) -> Any:
            apply(cell, x)
            return qml.probs(wires=range(cell.qubits))

        return circuit(x)

    return one


def _w1(cell: Cell) -> list[Way]:
    measure = lambda: qml.probs(wires=range(cell.qubits))  # noqa: E731
    answer = big_endian(cell.qubits)
    mapped = lambda: jitted(jax.vmap(_exact(cell, measure)))  # noqa: E731
    broadcast = lambda: jitted(_exact(cell, measure))  # noqa: E731
    return [
        Way("jit(vmap(qnode))", mapped, angles_of, answer),
        Way("jit(qnode), broadcasting", broadcast, angles_of, answer),
    ]


def _w2(cell: Cell) -> list[Way]:
    def all_of(x: Any, key: Any) -> Any:
        return jax.vmap(_sampled(cell))(x, jax.random.split(key, cell.batch))

    answer = big_endian(cell.qubits, SHOTS)
    return [Way("jit(vmap(qnode)), shots", lambda: jitted(all_of), raw_keys_of, answer)]


def _w3(cell: Cell) -> list[Way]:
    weights = reverse_bits(outcome_weights(cell.qubits), cell.qubits)

    def all_of(x: Any, key: Any) -> Any:
        loss = lambda x, key: _sampled(cell)(x, key) @ weights  # noqa: E731
        return jax.vmap(jax.grad(loss))(x, jax.random.split(key, cell.batch))

    way = "jit(vmap(grad(qnode))), parameter-shift"
    return [Way(way, lambda: jitted(all_of), raw_keys_of, np.asarray)]


def _w4(cell: Cell) -> list[Way]:
    circuit = _exact(cell, lambda: qml.expval(observable(cell)), diff_method="backprop")
    build = lambda: jitted(jax.vmap(jax.grad(circuit)))  # noqa: E731
    return [Way("jit(vmap(grad(qnode))), backprop", build, angles_of, np.asarray)]


def _w7(cell: Cell) -> list[Way]:
    images = jnp.asarray(amplitudes(cell))

    @qml.qnode(
        qml.device("default.qubit", wires=cell.qubits), interface="jax", diff_method="backprop"
    )
    def circuit(x: Any, image: Any) -> Any:
        qml.StatePrep(image, wires=range(cell.qubits), validate_norm=False)
        apply(cell, x)
        return qml.expval(observable(cell))

    mapped = lambda x: jax.vmap(circuit, (None, 0))(x, images)  # noqa: E731
    broadcast = lambda x: circuit(x, images)  # noqa: E731
    return [
        shared_gradient("jit(grad(mean(vmap(qnode)))), backprop", cell, mapped),
        shared_gradient("jit(grad(mean(qnode))), broadcasting, backprop", cell, broadcast),
    ]


def _w8(cell: Cell) -> list[Way]:
    @qml.qnode(
        qml.device("default.mixed", wires=cell.qubits), interface="jax", diff_method="backprop"
    )
    def circuit(x: Any) -> Any:
        for step in cell.layout:
            if step.slot is None:
                qml.CZ(wires=step.wires)
            else:
                qml.RY(x[step.slot], wires=step.wires[0])
            for wire in step.wires:
                qml.DepolarizingChannel(3 * ERROR, wires=wire)
        return qml.expval(observable(cell))

    build = lambda: jitted(jax.vmap(jax.grad(circuit)))  # noqa: E731
    return [Way("default.mixed, jit(vmap(grad(qnode)))", build, angles_of, np.asarray)]


def _w5(cell: Cell) -> list[Way]:
    build = lambda: jitted(_exact(cell, qml.state))  # noqa: E731
    prepare = lambda angles, seed: (jnp.asarray(angles[0]),)  # noqa: E731
    answer = lambda state: np.asarray(state).reshape(1, -1)  # noqa: E731
    return [Way("jit(qnode)", build, prepare, answer)]
