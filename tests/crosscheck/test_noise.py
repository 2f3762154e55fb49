"""Noisy probabilities against density matrices worked out by hand, one qubit at a time."""

from __future__ import annotations

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.crosscheck import TrainedCircuit, aer, noise_model, sample, sweep
from jqkd.crosscheck.noise import CHANNELS, GENERIC, IDEAL, STRENGTHS
from jqkd.quantum import Circuit, Op, h_ry

S = 20_000
ANGLES = np.random.default_rng(8).uniform(-1.3, 1.3, (6, 2))


def depolarise(rho: np.ndarray, p: float) -> np.ndarray:
    return (1 - p) * rho + p * np.eye(2) / 2


def damp(rho: np.ndarray, g: float) -> np.ndarray:
    keep, fall = np.diag([1, np.sqrt(1 - g)]), np.array([[0, np.sqrt(g)], [0, 0]])
    return keep @ rho @ keep.T + fall @ rho @ fall.T


def one_qubit(t: float, channel: str, strength: float) -> np.ndarray:
    """Probabilities of 0 and 1 after H, noise, RY(t), noise, and a readout that flips."""
    act = {"depolarising": depolarise, "amplitude damping": damp}.get(channel, lambda r, s: r)
    h = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    c, s = np.cos(t / 2), np.sin(t / 2)
    ry = np.array([[c, -s], [s, c]])
    rho = act(h @ np.diag([1.0, 0.0]) @ h.T, strength)
    p = np.diag(act(ry @ rho @ ry.T, strength))
    return (1 - strength) * p + strength * p[::-1] if channel == "readout" else p


def check(counts: np.ndarray, exact: np.ndarray) -> None:
    """Below 5.5 standard errors: a false alarm in 24 numbers has a chance of 1e-6."""
    assert (np.abs(counts - S * exact) / np.sqrt(S * exact * (1 - exact))).max() < 5.5


@pytest.mark.parametrize("channel", CHANNELS)
def test_single_qubit_channels(channel):
    counts = sample(h_ry(2), ANGLES, shots=S, seed=1, machine=aer(noise_model(channel, 0.1)))
    low, high = ([one_qubit(t, channel, 0.1) for t in ANGLES[:, k]] for k in (0, 1))
    check(counts, np.stack([np.kron(b, a) for a, b in zip(low, high, strict=True)]))


def test_two_qubit_depolarising_mixes_the_pair():
    """X and CX: (1 - p) of what one-qubit noise left, p of the even mixture of four."""
    circuit = Circuit(2, (Op("X", (0,)), Op("CX", (0, 1))))
    counts = sample(
        circuit, np.zeros((4, 0)), shots=S, seed=2, machine=aer(noise_model("depolarising", 0.1))
    )
    exact = 0.9 * np.array([0.05, 0, 0, 0.95]) + 0.1 * 0.25
    check(counts, np.tile(exact, (4, 1)))


def test_two_qubit_damping_acts_on_both():
    circuit = Circuit(2, (Op("X", (0,)), Op("CX", (0, 1))))
    counts = sample(
        circuit,
        np.zeros((4, 0)),
        shots=S,
        seed=3,
        machine=aer(noise_model("amplitude damping", 0.1)),
    )
    one = 0.9 * np.array([0.01, 0.09, 0.09, 0.81]) + 0.1 * np.array([1, 0, 0, 0])
    check(counts, np.tile(one, (4, 1)))


def test_sweep_sees_what_each_channel_does_to_an_argmax():
    """z = ±0.1: depolarising only shrinks it, damping by 0.1 turns it to outcome 0 for all."""
    labels = np.arange(8) % 4
    angles = 0.1 * np.where((labels[:, None] >> np.arange(2)) & 1, 1.0, -1.0)
    seen = []
    student = TrainedCircuit("argmax", h_ry(2), angles, labels, np.asarray, 20_000, {})
    points = sweep(student, seed=0, progress=lambda *step: seen.append(step))
    accuracy = {(p.channel, p.strength): p.accuracy for p in points}
    assert list(accuracy) == [
        (IDEAL, 0.0),
        *((channel, strength) for channel in CHANNELS for strength in STRENGTHS),
        (GENERIC, 0.0),
    ]
    assert accuracy[IDEAL, 0.0] == 1.0 and points[0].standard_error == 0.0
    assert accuracy["depolarising", 0.1] == accuracy["readout", 0.1] == 1.0
    assert accuracy["amplitude damping", 0.1] == 0.25
    assert seen[-1] == (17, 17)


@pytest.mark.parametrize(
    ("channel", "strength", "words"), [("dephasing", 0.1, "channel"), ("readout", 1.5, "strength")]
)
def test_bad_input_is_one_sentence(channel, strength, words):
    with pytest.raises(InputError, match=f"Argument `{words}` must"):
        noise_model(channel, strength)
