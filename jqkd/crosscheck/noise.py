"""Noisy machines, a student's accuracy on them, and whether their noise is what it is said to be.

After every gate of the circuit: depolarising, rho -> (1 - p) rho + p I / 2**w on the gate's w
qubits, or amplitude damping with probability g on each of them. Readout: every measured bit flips
with probability r. A GenericBackendV2 brings its own gates and calibration data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from jqkd._checks import check_choice, check_number, check_seed
from jqkd.crosscheck.aer_noise import to_aer_noise
from jqkd.crosscheck.arguments import check_progress
from jqkd.crosscheck.execute import Progress, sample
from jqkd.crosscheck.findings import Finding, p_value
from jqkd.crosscheck.machines import Machine, aer, generic_backend
from jqkd.crosscheck.statistics import smallest
from jqkd.crosscheck.trained import TrainedCircuit, check_trained
from jqkd.quantum import Circuit, Op
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.quantum.noise import After, AmplitudeDamping, Depolarising, NoiseModel

if TYPE_CHECKING:
    from qiskit_aer.noise import NoiseModel as AerNoiseModel

IDEAL, GENERIC = "ideal", "GenericBackendV2"
CHANNELS = ("depolarising", "amplitude damping", "readout")
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)
_PROBE_SHOTS = 20_000


def noise_model(channel: str, strength: float) -> AerNoiseModel:
    """Aer's noise model of one channel on every gate of the gate table.

    Args:
        channel: "depolarising", "amplitude damping" or "readout".
        strength: probability per gate (per bit for readout), in [0, 1].

    Raises:
        InputError: another channel, a strength outside [0, 1].

    Example:
        >>> noise_model("readout", 0.01).noise_instructions
        ['measure']
    """
    require_qiskit("qiskit_aer")
    check_choice("channel", channel, CHANNELS)
    strength = check_number("strength", strength, least=0, most=1)
    if channel == "readout":
        return to_aer_noise(NoiseModel(readout=((strength, strength),)))
    made = {"depolarising": Depolarising, "amplitude damping": AmplitudeDamping}[channel]
    return to_aer_noise(NoiseModel((After(made(strength)),)))


@dataclass(frozen=True)
class NoisePoint:
    """A student's accuracy under one noise, its error binomial over the images.

    ``strength`` is a probability per gate or bit; 0 where the machine brings its own.
    """

    channel: str
    strength: float
    accuracy: float
    standard_error: float


def _machines(num_qubits: int, seed: int) -> Iterator[tuple[str, float, Machine]]:
    """The ideal machine, every channel at every strength, the generic backend."""
    yield IDEAL, 0.0, aer()
    for channel in CHANNELS:
        for strength in STRENGTHS:
            yield channel, strength, aer(noise_model(channel, strength), f"{channel} {strength}")
    yield GENERIC, 0.0, generic_backend(num_qubits, seed=seed)


def sweep(
    student: TrainedCircuit, *, seed: int, progress: Progress | None = None
) -> list[NoisePoint]:
    """Accuracy against noise, every image at every strength, at the student's shots.

    Args:
        student: what was trained.
        seed: of all shots and of the generic backend.
        progress: called with (machines done, machines).

    Raises:
        InputError: no student, arrays that do not fit together, shots or a seed out of range, a
            reader that does not return logits for every image.
    """
    check_trained(student)
    seed = check_seed("seed", seed)
    check_progress(progress)
    shots, number = student.shots, len(student.labels)
    machines = list(_machines(student.circuit.num_qubits, seed))
    points = []
    for place, (channel, strength, machine) in enumerate(machines):
        own_seed = int(np.random.SeedSequence([seed, place]).generate_state(1)[0])
        counts = sample(
            student.circuit, student.angles, shots=shots, seed=own_seed, machine=machine
        )
        accuracy = float(np.mean(student.predict(counts / shots) == student.labels))
        error = float(np.sqrt(accuracy * (1 - accuracy) / number))
        points.append(NoisePoint(channel, strength, accuracy, error))
        if progress:
            progress(place + 1, len(machines))
    return points


def probe(seed: int) -> Finding:
    """Every machine of a sweep but the made-up chip, on a circuit whose noise is known by hand.

    X on qubit 0 and CX to qubit 1: two certain ones, the third qubit stays 0. An exact binomial
    test for each qubit; without a verdict yet.
    """
    circuit = Circuit(3, (Op("X", (0,)), Op("CX", (0, 1))))
    wrong = (np.arange(8)[:, None] >> np.arange(3)) & 1 != [1, 1, 0]
    read_wrongly: list[np.ndarray] = []

    def note(frequencies: np.ndarray) -> np.ndarray:
        read_wrongly.append(np.round(frequencies[0] @ wrong * _PROBE_SHOTS).astype(int))
        return np.zeros((1, 1))

    one_image = np.zeros((1, 0)), np.zeros(1, int)
    points = sweep(TrainedCircuit("probe", circuit, *one_image, note, _PROBE_SHOTS, {}), seed=seed)
    values = {
        f"{point.channel} {point.strength:g}, qubit {qubit}": stats.binomtest(
            int(counts[qubit]), _PROBE_SHOTS, chance
        ).pvalue
        for point, counts in zip(points, read_wrongly, strict=True)
        if point.channel != GENERIC
        for qubit, chance in enumerate(_flips(point.channel, point.strength))
    }
    worst = min(values, key=values.__getitem__)
    name = "noise as stated, on X and CX: smallest, Holm"
    return p_value(name, smallest(list(values.values())), len(values), worst)


def _flips(channel: str, strength: float) -> tuple[float, float, float]:
    """How often each qubit of the probe is read wrongly."""
    depolarised = (1 - strength) * strength / 2 + strength / 2
    damped = 1 - (1 - strength) ** 2
    return {
        IDEAL: (0.0, 0.0, 0.0),
        "readout": (strength, strength, strength),
        "depolarising": (depolarised, depolarised, 0.0),
        "amplitude damping": (damped, damped, 0.0),
    }[channel]
