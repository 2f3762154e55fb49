"""TorchQuantum: a QuantumDevice over the batch, gradients by PyTorch's autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torchquantum as tq
import torchquantum.functional as tqf

from benchmarks.reference import reverse_bits, z_sum
from benchmarks.timing import Way
from benchmarks.workloads import SHOTS, Cell, amplitudes, qubit_weights, signs

COMPILES = False


def start(workload: str) -> None:
    """Nothing to set up."""


def ways(cell: Cell) -> list[Way]:
    """How a cell is answered; its shift rule takes no shots."""
    return {"W1": _w1, "W2": _w2, "W4": _w4, "W5": _w5, "W7": _w7}[cell.workload](cell)


def _run(cell: Cell, x: torch.Tensor, states: torch.Tensor | None = None) -> Any:
    device = tq.QuantumDevice(n_wires=cell.qubits, bsz=cell.batch)
    if states is not None:
        device.set_states(states)
    for step in cell.layout:
        if step.name == "H":
            tqf.h(device, wires=step.wires[0])
        elif step.slot is not None:
            turn = {"RX": tqf.rx, "RY": tqf.ry, "RZ": tqf.rz}[step.name]
            turn(device, wires=step.wires[0], params=x[:, step.slot : step.slot + 1])
        else:
            tqf.cz(device, wires=list(step.wires))
    return device


def _tensor(angles: np.ndarray, seed: int) -> tuple[torch.Tensor]:
    return (torch.from_numpy(angles),)


def _w1(cell: Cell) -> list[Way]:
    def build() -> Callable[..., Any]:
        def all_of(x: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                return _run(cell, x).get_states_1d().abs() ** 2

        return all_of

    return [Way("states, batched", build, _tensor, lambda p: reverse_bits(p.numpy(), cell.qubits))]


def _w2(cell: Cell) -> list[Way]:
    def build() -> Callable[..., Any]:
        return lambda x: tq.measurement.measure(_run(cell, x), n_shots=SHOTS)

    def answer(found: list[dict[str, int]]) -> np.ndarray:
        rows = np.array([[row[key] for key in sorted(row)] for row in found])
        return reverse_bits(rows, cell.qubits)

    return [Way("measure", build, _tensor, answer)]


def _w4(cell: Cell) -> list[Way]:
    diagonal = torch.from_numpy(z_sum(cell.qubits, qubit_weights(cell.qubits)).reshape(-1))

    def build() -> Callable[..., Any]:
        def gradient(x: torch.Tensor) -> torch.Tensor:
            x = x.clone().requires_grad_()
            p = _run(cell, x).get_states_1d().abs() ** 2
            return torch.autograd.grad((p @ diagonal.float()).sum(), x)[0]

        return gradient

    return [Way("autograd, batched", build, _tensor, lambda g: g.numpy())]


def _w7(cell: Cell) -> list[Way]:
    diagonal = torch.from_numpy(z_sum(cell.qubits, qubit_weights(cell.qubits)).reshape(-1)).float()
    images = torch.from_numpy(amplitudes(cell)).to(torch.complex64)
    images = images.reshape(-1, *(2,) * cell.qubits)
    weights = torch.from_numpy(signs(cell.batch)) / cell.batch

    def build() -> Callable[..., Any]:
        def gradient(x: torch.Tensor) -> torch.Tensor:
            x = x.clone().requires_grad_()
            p = _run(cell, x.expand(cell.batch, -1), images).get_states_1d().abs() ** 2
            return torch.autograd.grad(weights @ (p @ diagonal), x)[0]

        return gradient

    return [Way("autograd, batched", build, _tensor, lambda g: g.numpy())]


def _w5(cell: Cell) -> list[Way]:
    def build() -> Callable[..., Any]:
        def state(x: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                return _run(cell, x).get_states_1d()

        return state

    return [Way("state", build, _tensor, lambda s: s.numpy().reshape(1, -1))]
