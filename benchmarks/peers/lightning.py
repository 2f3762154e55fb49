"""PennyLane's lightning.qubit: compiled C++, single precision, adjoint gradients."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
from pennylane import numpy as pnp

from benchmarks.peers.pennylane_jax import apply, observable
from benchmarks.reference import reverse_bits
from benchmarks.timing import Way
from benchmarks.workloads import SHOTS, Cell, amplitudes, outcome_weights, signs

COMPILES = False


def start(workload: str) -> None:
    """Nothing to set up but silence."""
    warnings.simplefilter("ignore")


def ways(cell: Cell) -> list[Way]:
    """How a cell is answered: a batch by broadcasting, gradients image by image."""
    asked = {"W1": _w1, "W2": _w2, "W3": _w3, "W4": _w4, "W5": _w5, "W6": _w3, "W7": _w7}
    return asked[cell.workload](cell)


def _node(cell: Cell, measure: Callable[[], Any], seed: int = 0, **options: Any) -> Any:
    device = qml.device("lightning.qubit", wires=cell.qubits, c_dtype=np.complex64, seed=seed)

    @qml.qnode(device, **options)
    def circuit(x: Any) -> Any:
        apply(cell, x)
        return measure()

    return circuit


def _plain(angles: np.ndarray, seed: int) -> tuple[Any]:
    return (pnp.array(angles, requires_grad=False),)


def _all_probabilities(cell: Cell) -> Callable[[], Any]:
    return lambda: qml.probs(wires=range(cell.qubits))


def _answer(cell: Cell, scale: float = 1) -> Callable[[Any], np.ndarray]:
    def answer(result: Any) -> np.ndarray:
        rows = np.asarray(result).reshape(cell.batch, -1)
        return reverse_bits(rows, cell.qubits) * scale

    return answer


def _w1(cell: Cell) -> list[Way]:
    build = lambda: _node(cell, _all_probabilities(cell), diff_method=None)  # noqa: E731
    return [Way("broadcasting", build, _plain, _answer(cell))]


def _w2(cell: Cell) -> list[Way]:
    def build() -> Any:
        return qml.set_shots(_node(cell, _all_probabilities(cell), diff_method=None), SHOTS)

    return [Way("broadcasting, shots", build, _plain, _answer(cell, SHOTS))]


def _w3(cell: Cell) -> list[Way]:
    weights = reverse_bits(outcome_weights(cell.qubits), cell.qubits)

    def build() -> Any:
        measure = _all_probabilities(cell)
        node = qml.set_shots(_node(cell, measure, diff_method="parameter-shift"), SHOTS)
        jacobian = qml.jacobian(node)
        return lambda rows: np.stack([weights @ jacobian(row) for row in rows])

    return [Way("jacobian, parameter-shift", build, _rows, np.asarray)]


def _rows(angles: np.ndarray, seed: int) -> tuple[list[Any]]:
    return ([pnp.array(row, requires_grad=True) for row in angles],)


def _w4(cell: Cell) -> list[Way]:
    def build() -> Any:
        measure = lambda: qml.expval(observable(cell))  # noqa: E731
        gradient = qml.grad(_node(cell, measure, diff_method="adjoint"))
        return lambda rows: np.stack([gradient(row) for row in rows])

    return [Way("grad, adjoint", build, _rows, np.asarray)]


def _w7(cell: Cell) -> list[Way]:
    images, weights = amplitudes(cell).astype(np.float64), signs(cell.batch) / cell.batch
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    device = qml.device("lightning.qubit", wires=cell.qubits, c_dtype=np.complex64)

    @qml.qnode(device, diff_method="adjoint")
    def circuit(x: Any, image: Any) -> Any:
        qml.StatePrep(image, wires=range(cell.qubits))
        apply(cell, x)
        return qml.expval(observable(cell))

    def build() -> Any:
        gradient = qml.grad(circuit, argnums=0)
        rows = [pnp.array(image, requires_grad=False) for image in images]
        return lambda x: sum(w * gradient(x[0], row) for w, row in zip(weights, rows, strict=True))

    return [Way("grad, adjoint", build, _rows, lambda found: np.asarray(found)[None])]


def _w5(cell: Cell) -> list[Way]:
    build = lambda: _node(cell, qml.state, diff_method=None)  # noqa: E731
    prepare = lambda angles, seed: _plain(angles[0], seed)  # noqa: E731
    return [Way("state", build, prepare, lambda state: np.asarray(state).reshape(1, -1))]
