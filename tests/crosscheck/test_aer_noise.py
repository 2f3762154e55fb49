"""Density matrices of ours against Aer's, channel by channel of Aer's own."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd.crosscheck.aer_noise import to_aer_noise
from jqkd.quantum import GATES, Circuit, Op, outcome_probabilities
from jqkd.quantum.noise import After, Depolarising, NoiseModel
from tests.quantum.dense import random_circuit
from tests.quantum.test_noise import Swapped, random_noise

aer = pytest.importorskip("qiskit_aer")
# Aer's density matrices know no controlled rotations.
NAMES = [name for name in GATES if name not in ("CRX", "CRY", "CRZ")]


def by_aer(circuit, angles, noise):
    """Exact probabilities; readout is no part of them."""
    quantum = circuit.to_qiskit(angles)
    quantum.save_probabilities()
    simulator = aer.AerSimulator(
        method="density_matrix", noise_model=to_aer_noise(noise), max_parallel_threads=1
    )
    return simulator.run(quantum, shots=1).result().data().get("probabilities")


def worst(seeds):
    off = 0.0
    for seed in seeds:
        qubits = 1 + seed % 5
        circuit, angles = random_circuit(seed, qubits, 12, NAMES)
        noise = NoiseModel(random_noise(seed, qubits).after)
        with jax.enable_x64(True):
            run = partial(outcome_probabilities, circuit, rule=None, noise=noise)
            got = jax.jit(run)(jnp.asarray(angles))
        off = max(off, np.abs(got - by_aer(circuit, angles, noise)).max())
    return off


def test_random_noisy_circuits():
    assert worst(range(20)) < 1e-10


@pytest.mark.slow
def test_a_thousand_random_noisy_circuits():
    assert worst(range(1000)) < 1e-10


def test_a_joint_channel_of_ones_own():
    circuit = Circuit(2, (Op("H", (0,)), Op("RY", (1,)), Op("CX", (1, 0)), Op("H", (0,))))
    noise = NoiseModel((After(Swapped(0.3), num_wires=2),))
    with jax.enable_x64(True):
        got = outcome_probabilities(circuit, jnp.array([0.4]), noise=noise, rule=None)
    np.testing.assert_allclose(got, by_aer(circuit, [0.4], noise), atol=1e-10)


def test_readout_is_translated_qubit_by_qubit():
    """Shots of Aer: z-scores of 8 outcomes beyond 6 once in 60 million."""
    circuit = Circuit(3, (Op("X", (0,)), Op("H", (1,))))
    noise = NoiseModel((After(Depolarising(0.1)),), ((0.1, 0.2), (0.3, 0.05), (0.25, 0.0)))
    simulator = aer.AerSimulator(noise_model=to_aer_noise(noise), seed_simulator=1)
    found = simulator.run(circuit.to_qiskit([], measure=True), shots=20_000).result().get_counts()
    counts = np.array([found.get(format(k, "03b"), 0) for k in range(8)])
    p = np.asarray(outcome_probabilities(circuit, jnp.zeros(0), noise=noise))
    assert (np.abs(counts - 20_000 * p) / np.sqrt(20_000 * p * (1 - p))).max() < 6
