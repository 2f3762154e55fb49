"""Qiskit Machine Learning: neural networks over primitives, gradients by the shift rule."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer.primitives import EstimatorV2, SamplerV2
from qiskit_machine_learning.gradients import ParamShiftEstimatorGradient, ParamShiftSamplerGradient
from qiskit_machine_learning.neural_networks import EstimatorQNN, SamplerQNN

from benchmarks.peers.aer import circuit
from benchmarks.timing import Way
from benchmarks.workloads import SHOTS, Cell, outcome_weights, qubit_weights

COMPILES = False


def start(workload: str) -> None:
    """It warns about the coming versions of Qiskit."""
    warnings.simplefilter("ignore")


def ways(cell: Cell) -> list[Way]:
    """How a cell is answered."""
    return {"W2": _w2, "W3": _w3, "W4": _w4}[cell.workload](cell)


def _sampler_network(cell: Cell) -> SamplerQNN:
    made, names = circuit(cell)
    made.measure_all()
    sampler = SamplerV2(default_shots=SHOTS, options={"backend_options": {"precision": "single"}})
    gradient = ParamShiftSamplerGradient(sampler)
    inputs = {"input_params": list(names), "input_gradients": True}
    return SamplerQNN(circuit=made, sampler=sampler, gradient=gradient, **inputs)


def _rows(angles: np.ndarray, seed: int) -> tuple[np.ndarray]:
    return (angles.astype(np.float64),)


def _w2(cell: Cell) -> list[Way]:
    def build() -> Callable[..., Any]:
        network = _sampler_network(cell)
        return lambda rows: network.forward(rows, [])

    return [Way("SamplerQNN.forward", build, _rows, lambda p: np.asarray(p) * SHOTS)]


def _w3(cell: Cell) -> list[Way]:
    weights = outcome_weights(cell.qubits)

    def build() -> Callable[..., Any]:
        network = _sampler_network(cell)
        return lambda rows: np.einsum("bkp,k->bp", network.backward(rows, [])[0], weights)

    return [Way("SamplerQNN.backward, ParamShiftSamplerGradient", build, _rows, np.asarray)]


def _w4(cell: Cell) -> list[Way]:
    def build() -> Callable[..., Any]:
        made, names = circuit(cell)
        terms = [("Z", [k], weight) for k, weight in enumerate(qubit_weights(cell.qubits))]
        observable = SparsePauliOp.from_sparse_list(terms, cell.qubits)
        estimator = EstimatorV2(options={"backend_options": {"precision": "single"}})
        network = EstimatorQNN(
            circuit=made,
            observables=observable,
            estimator=estimator,
            gradient=ParamShiftEstimatorGradient(estimator),
            input_params=list(names),
            input_gradients=True,
            default_precision=0.0,
        )
        return lambda rows: network.backward(rows, [])[0][:, 0]

    return [Way("EstimatorQNN.backward, ParamShiftEstimatorGradient", build, _rows, np.asarray)]
