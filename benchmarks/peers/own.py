"""jqkd as a user writes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers._jax import angles_of, jitted, keys_of, shared_gradient
from benchmarks.timing import Way
from benchmarks.workloads import (
    ERROR,
    LAYERS,
    PURE_LAYERS,
    SHOTS,
    TRAJECTORIES,
    Cell,
    amplitudes,
    outcome_weights,
    qubit_weights,
)
from jqkd.models import ANSATZE
from jqkd.quantum import h_ry, hardware_efficient, outcome_probabilities, run, run_adjoint
from jqkd.quantum.measurement import parity, probabilities
from jqkd.quantum.noise import After, NoiseModel, Pauli


def start(workload: str) -> None:
    """T1 runs as the command line does, with every core a device."""
    if workload == "T1":
        from jqkd.training.devices import use_all_cores

        use_all_cores()
    jnp.zeros(1).block_until_ready()


def ways(cell: Cell) -> list[Way]:
    """How a cell is answered."""
    if cell.workload == "T1":
        from benchmarks.peers.own_training import training_step

        return [training_step()]
    asked = {"W1": _w1, "W2": _w2, "W3": _w3, "W4": _w4, "W5": _w5, "W6": _w3, "W7": _w7}
    asked |= {"W8": _w8, "W9": _w9}
    return asked[cell.workload](cell)


def _w1(cell: Cell) -> list[Way]:
    circuit = h_ry(cell.qubits)
    build = lambda: jitted(jax.vmap(partial(outcome_probabilities, circuit)))  # noqa: E731
    return [Way("outcome_probabilities", build, angles_of, np.asarray)]


def _w2(cell: Cell) -> list[Way]:
    circuit = h_ry(cell.qubits)

    def frequencies(angles: Any, key: Any) -> Any:
        draw = lambda row, key: outcome_probabilities(circuit, row, shots=SHOTS, key=key)  # noqa: E731
        return jax.vmap(draw)(angles, jax.random.split(key, cell.batch))

    answer = lambda result: np.asarray(result) * SHOTS  # noqa: E731
    return [Way("outcome_probabilities, shots", lambda: jitted(frequencies), keys_of, answer)]


def _w3(cell: Cell) -> list[Way]:
    circuit = (
        h_ry(cell.qubits) if cell.workload == "W3" else hardware_efficient(cell.qubits, LAYERS)
    )
    weights = outcome_weights(cell.qubits)

    def loss(row: Any, key: Any) -> Any:
        return outcome_probabilities(circuit, row, shots=SHOTS, key=key) @ weights

    def gradient(angles: Any, key: Any) -> Any:
        return jax.vmap(jax.grad(loss))(angles, jax.random.split(key, cell.batch))

    return [Way("grad(outcome_probabilities)", lambda: jitted(gradient), keys_of, np.asarray)]


def _w4(cell: Cell) -> list[Way]:
    circuit = hardware_efficient(cell.qubits, LAYERS)
    weights = z_weights(cell.qubits)

    def through(read: Callable[[Any], Any]) -> Callable[[], Any]:
        loss = lambda row: read(row) @ weights  # noqa: E731
        return lambda: jitted(jax.vmap(jax.grad(loss)))

    by_autodiff = through(lambda row: probabilities(run(circuit, row)))
    by_adjoint = through(lambda row: probabilities(run_adjoint(circuit, row)))
    by_shifts = through(partial(outcome_probabilities, circuit))
    return [
        Way("grad(probabilities(run))", by_autodiff, angles_of, np.asarray),
        Way("grad(probabilities(run_adjoint))", by_adjoint, angles_of, np.asarray),
        Way("grad(outcome_probabilities)", by_shifts, angles_of, np.asarray),
    ]


def _w7(cell: Cell) -> list[Way]:
    """As a student of the preset ``pure`` is trained."""
    circuit = ANSATZE.build(f"layered:layers={PURE_LAYERS}").circuit(cell.qubits)
    images = jnp.asarray(amplitudes(cell)).reshape(-1, *(2,) * cell.qubits)

    def values(angles: Any) -> Any:
        read = lambda state: outcome_probabilities(circuit, angles, state=state, rule=None)  # noqa: E731
        return jax.vmap(read)(images) @ z_weights(cell.qubits)

    return [shared_gradient("grad(outcome_probabilities(rule=None))", cell, values)]


NOISE = NoiseModel((After(Pauli(ERROR, ERROR, ERROR)),))


def _w8(cell: Cell) -> list[Way]:
    circuit, weights = hardware_efficient(cell.qubits, LAYERS), z_weights(cell.qubits)

    def way(name: str, **how: Any) -> Way:
        loss = lambda row: outcome_probabilities(circuit, row, noise=NOISE, **how) @ weights  # noqa: E731
        return Way(name, lambda: jitted(jax.vmap(jax.grad(loss))), angles_of, np.asarray)

    return [
        way("grad(outcome_probabilities(noise, rule=None))", rule=None),
        way("grad(outcome_probabilities(noise))"),
    ]


def _w9(cell: Cell) -> list[Way]:
    circuit = hardware_efficient(cell.qubits, LAYERS)
    draw = partial(outcome_probabilities, circuit, noise=NOISE, trajectories=TRAJECTORIES)

    def means(angles: Any, key: Any) -> Any:
        each = lambda row, key: draw(row, key=key)  # noqa: E731
        return jax.vmap(each)(angles, jax.random.split(key, cell.batch))

    name = "outcome_probabilities(noise, trajectories)"
    return [Way(name, lambda: jitted(means), keys_of, np.asarray)]


def z_weights(qubits: int) -> np.ndarray:
    """The diagonal (K,) of sum_k c_k Z_k, in outcome order."""
    strings = ["I" * (qubits - 1 - k) + "Z" + "I" * k for k in range(qubits)]
    pairs = zip(qubit_weights(qubits), strings, strict=True)
    return sum(weight * parity(pauli) for weight, pauli in pairs).astype(np.float32)


def _w5(cell: Cell) -> list[Way]:
    circuit = hardware_efficient(cell.qubits, LAYERS)
    prepare = lambda angles, seed: (jnp.asarray(angles[0]),)  # noqa: E731
    answer = lambda state: np.asarray(state).reshape(1, -1)  # noqa: E731
    return [Way("run", lambda: jitted(partial(run, circuit)), prepare, answer)]
