"""Shots from other machines: right distribution, right order, fresh bits for every circuit."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.primitives import StatevectorSampler
from qiskit.quantum_info import Statevector
from scipy import stats

from jqkd._checks import InputError
from jqkd.crosscheck import aer, from_sampler, generic_backend, sample
from jqkd.crosscheck.execute import exact_probabilities, exact_states
from jqkd.quantum import GATES, Circuit, Op, h_ry, hardware_efficient
from jqkd.quantum.exchange.qiskit import to_qiskit

S = 4000


def closed_form(angles: np.ndarray) -> np.ndarray:
    """Probabilities of ``h_ry``: a product of (1 ± sin t_k) / 2, qubit 0 the lowest bit."""
    rows = np.ones((len(angles), 1))
    for t in angles.T:
        both = np.stack([1 - np.sin(t), 1 + np.sin(t)], -1) / 2
        rows = (both[:, :, None] * rows[:, None, :]).reshape(len(angles), -1)
    return rows


def far(counts: np.ndarray, probabilities: np.ndarray) -> float:
    """Largest deviation in standard errors; 6 of 500 normal numbers is a chance of 1e-6."""
    error = np.sqrt(np.maximum(probabilities * (1 - probabilities) * S, 1))
    return float((np.abs(counts - S * probabilities) / error).max())


@pytest.mark.parametrize("chunk", [None, 7])
def test_counts_follow_the_closed_form(chunk):
    angles = np.random.default_rng(1).uniform(-1.3, 1.3, (20, 3))
    steps = []
    counts = sample(
        h_ry(3),
        angles,
        shots=S,
        seed=2,
        machine=aer(chunk=chunk),
        progress=lambda *s: steps.append(s),
    )
    assert counts.shape == (20, 8) and (counts.sum(-1) == S).all()
    assert far(counts, closed_form(angles)) < 6
    assert steps == ([(20, 20)] if chunk is None else [(7, 20), (14, 20), (20, 20)])


def test_every_circuit_and_every_job_gets_fresh_bits():
    """600 equal circuits in 60 jobs: chi-square of the counts, limits at 1e-6 on both sides."""
    counts = sample(h_ry(1), np.zeros((600, 1)), shots=S, seed=0, machine=aer(chunk=10))[:, 0]
    total = ((counts - S / 2) ** 2 / (S / 4)).sum()
    low, high = stats.chi2.ppf([1e-6, 1 - 1e-6], 600)
    assert low < total < high and len(set(counts)) > 60


def test_one_seed_repeats_and_another_does_not():
    taken = [sample(h_ry(2), np.zeros((3, 2)), shots=S, seed=seed) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(taken[0], taken[1])
    assert (taken[0] != taken[2]).any()


def test_circuits_without_slots():
    bell = Circuit(2, (Op("H", (0,)), Op("CX", (0, 1))))
    counts = sample(bell, np.zeros((5, 0)), shots=S, seed=0)
    assert far(counts, np.full((5, 4), [0.5, 0, 0, 0.5])) < 6 and len({*counts[:, 0]}) > 1
    np.testing.assert_allclose(exact_probabilities(bell, np.zeros((2, 0)))[:, 0], 0.5)


@pytest.mark.parametrize("name", [g.name for g in GATES.values() if g.num_angles])
def test_batches_bind_every_gate(name):
    """Aer, given a batch of angles, leaves controlled rotations unbound without an error."""
    wires = (0, 1)[: GATES[name].num_wires]
    ops = (Op("H", (0,)), Op("RX", (1,)), Op(name, wires), Op("RY", (0,)))
    circuit = Circuit(2, ops)
    angles = np.random.default_rng(4).uniform(-3, 3, (3, circuit.num_angles))
    states = [Statevector(to_qiskit(circuit, row)).data for row in angles]
    np.testing.assert_allclose(exact_states(circuit, angles), states, atol=1e-12)
    counts = sample(circuit, angles, shots=S, seed=0)
    assert far(counts, np.abs(states) ** 2) < 6


def test_twelve_qubits_take_two_bytes():
    angles = np.full((2, 12), np.pi / 2)
    angles[1, 9] = -np.pi / 2
    counts = sample(h_ry(12), angles, shots=10, seed=0)
    assert counts[0, 2**12 - 1] == 10 and counts[1, 2**12 - 1 - 2**9] == 10


def test_any_sampler_v2():
    angles = np.random.default_rng(1).uniform(-1.3, 1.3, (5, 3))
    machine = from_sampler(StatevectorSampler(seed=3))
    counts = sample(h_ry(3), angles, shots=S, seed=0, machine=machine)
    assert machine.name == "StatevectorSampler" and far(counts, closed_form(angles)) < 6


def test_generic_backend_is_close_but_noisy():
    """Its qubits keep their order: the noise is a few percent, another order would be far off."""
    circuit = hardware_efficient(3, 2)
    angles = np.random.default_rng(0).uniform(-3, 3, (10, 9))
    counts = sample(circuit, angles, shots=S, seed=0, machine=generic_backend(3, seed=1))
    exact = exact_probabilities(circuit, angles)
    assert far(counts, exact) > 6
    assert np.abs(counts / S - exact).max() < 0.15 < np.abs(exact[:, ::-1] - exact).max()


def test_generic_backend_gives_fresh_bits_to_every_job():
    machine = generic_backend(1, seed=1, chunk=1)
    counts = sample(h_ry(1), np.zeros((12, 1)), shots=S, seed=0, machine=machine)
    assert len(set(counts[:, 0])) > 6


@pytest.mark.parametrize(
    ("angles", "shots", "words"),
    [(np.zeros(3), 10, "angles"), (np.zeros((2, 4)), 10, "angles"), (np.zeros((2, 3)), 0, "shots")],
)
def test_bad_input_is_one_sentence(angles, shots, words):
    with pytest.raises(InputError, match=f"Argument `{words}` must"):
        sample(h_ry(3), angles, shots=shots, seed=0)
