"""A trained student, reduced to what a quantum computer and its reader need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np

from jqkd._checks import check_array, check_type, fail
from jqkd.crosscheck.execute import check_batch
from jqkd.quantum import Circuit
from jqkd.quantum.gradient import check_noise
from jqkd.quantum.noise import NoiseModel
from jqkd.quantum.sampling import check_shots

# Frequencies (N, K) -> logits (N, L).
Reader = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Recorded:
    """What a run wrote down about a student, and what it takes to see it again.

    Attributes:
        loss: mean cross-entropy on the test images after the last epoch, nats.
        accuracy: on the same images.
        keys: ``(N,)``, of the shots of that evaluation; ``None`` for exact probabilities.
        limit: largest deviation of the loss that rounding explains, nats.
    """

    loss: float
    accuracy: float
    keys: jax.Array | None = None
    limit: float = 1e-4


@dataclass(frozen=True)
class TrainedCircuit:
    """A circuit, its angles for every test image, and how its frequencies are read.

    Attributes:
        name: for reports.
        circuit: Q qubits, P slots.
        angles: ``(N, P)``, radians, of every test image.
        labels: ``(N,)``, whole numbers.
        logits: frequencies ``(N, K)`` -> logits ``(N, L)``.
        shots: S per image.
        digests: of weights and data, by name.
        recorded: what its run says of it; nothing is compared without.
        noise: of the machine that it learnt on, for both sides; ``None`` for an ideal one.
    """

    name: str
    circuit: Circuit
    angles: np.ndarray
    labels: np.ndarray
    logits: Reader
    shots: int
    digests: dict[str, str]
    recorded: Recorded | None = None
    noise: NoiseModel | None = None

    def predict(self, frequencies: np.ndarray) -> np.ndarray:
        """Labels ``(N,)`` from frequencies ``(N, K)``."""
        logits = np.asarray(self.logits(frequencies))
        if logits.ndim != 2 or len(logits) != len(frequencies):
            fail("logits", f"return shape ({len(frequencies)}, L)", f"shape {logits.shape}")
        return logits.argmax(-1)


def check_trained(student: TrainedCircuit) -> None:
    """A student's arrays fit together, and it can be run; an ``InputError`` otherwise."""
    check_type("student", student, TrainedCircuit, "a jqkd.crosscheck.TrainedCircuit")
    check_type("name", student.name, str, "a string")
    check_shots(student.shots)
    number = len(check_batch(student.circuit, student.angles))
    check_array("labels", student.labels, (number,), kinds="iu")
    check_type("logits", student.logits, Callable, "a function from frequencies to logits")
    check_type("digests", student.digests, dict, "a dictionary")
    check_noise(student.noise, student.circuit)
