"""The notebooks' way: a PyTorch CNN, every circuit an Aer run of its own, one image a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator
from torch import nn

from benchmarks.peers.aer import as_matrix, circuit
from benchmarks.timing import Way
from benchmarks.workloads import SHOTS, Cell

COMPILES = False
QUBITS, CLASSES, STEPS = 3, 6, 10
_CELL = Cell("T1", QUBITS)


def start(workload: str) -> None:
    """Nothing to set up."""


class Features(nn.Module):
    """The notebooks' feature extractor, 21,483 weights."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.conv2 = nn.Conv2d(10, 20, 5)
        self.drop = nn.Dropout2d()
        self.dense1 = nn.Linear(320, 50)
        self.dense2 = nn.Linear(50, QUBITS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Angles (B, Q) of images (B, 1, 28, 28)."""
        x = torch.relu(torch.max_pool2d(self.conv1(x), 2))
        x = torch.relu(torch.max_pool2d(self.drop(self.conv2(x)), 2))
        x = torch.dropout(torch.relu(self.dense1(x.flatten(1))), 0.5, self.training)
        return torch.pi * torch.tanh(self.dense2(x))


class Device:
    """Runs the circuit for some vectors of angles.

    Args:
        together: all of them in one run, or a run each, as in the notebooks.
    """

    def __init__(self, together: bool) -> None:
        self.made, self.names = circuit(_CELL)
        self.made.measure_all()
        self.simulator = AerSimulator()
        self.together = together
        self.seen: list[tuple[np.ndarray, np.ndarray]] = []

    def frequencies(self, angles: np.ndarray) -> np.ndarray:
        """Frequencies (N, K) for angles (N, P)."""
        groups = [angles] if self.together else angles[:, None]
        counts = np.concatenate([self._run(self.made, group) for group in groups])
        self.seen = [*self.seen[-40:], (angles, counts)]
        return counts / SHOTS

    def _run(self, made: QuantumCircuit, angles: np.ndarray) -> np.ndarray:
        bound = {name: angles[:, k].tolist() for k, name in enumerate(self.names)}
        result = self.simulator.run([made], parameter_binds=[bound], shots=SHOTS).result()
        return as_matrix(result.get_counts(), QUBITS)


class Circuit(torch.autograd.Function):
    """Frequencies of one image's circuit; backward by the notebooks' shift rule."""

    @staticmethod
    def forward(ctx: Any, angles: torch.Tensor, device: Device) -> torch.Tensor:
        """Frequencies (1, K)."""
        ctx.device, ctx.angles = device, angles.detach().numpy().astype(np.float64)
        return torch.from_numpy(device.frequencies(ctx.angles)).float()

    @staticmethod
    def backward(ctx: Any, cotangent: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Gradient (1, Q)."""
        steps = np.pi / 4 * np.concatenate([np.eye(QUBITS), -np.eye(QUBITS)])
        up, down = np.split(ctx.device.frequencies(ctx.angles + steps), 2)
        return torch.from_numpy((up - down) @ cotangent.numpy()[0]).float()[None], None


def ways(cell: Cell, together: bool = False) -> list[Way]:
    """A few training steps a call."""

    def build() -> Any:
        torch.manual_seed(0)
        images = torch.rand(STEPS, 1, 1, 28, 28)
        labels = torch.arange(STEPS).reshape(-1, 1) % CLASSES
        features, device = Features(), Device(together)
        optimizer = torch.optim.Adam(features.parameters(), lr=1e-3)

        def train(seed: int) -> Device:
            for image, label in zip(images, labels, strict=True):
                optimizer.zero_grad()
                frequencies = Circuit.apply(features(image), device)
                logits = torch.cat([frequencies, torch.sigmoid(frequencies)], -1)
                nn.functional.cross_entropy(logits, label).backward()
                optimizer.step()
            return device

        return train

    name = "a run a step's circuits" if together else "a run a circuit"
    return [Way(f"{STEPS} steps, {name}", build, lambda a, seed: (seed,), seen_counts, STEPS)]


def seen_counts(device: Device) -> tuple[np.ndarray, np.ndarray]:
    """Angles and counts of the last circuits."""
    angles, counts = zip(*device.seen, strict=True)
    return np.concatenate(angles), np.concatenate(counts)
