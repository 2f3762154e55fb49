"""Density matrices of ours against Aer's, channel by channel of Aer's own."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2

from jqkd._checks import InputError
from jqkd.crosscheck.aer_noise import to_aer_noise
from jqkd.quantum import GATES, Circuit, Op, outcome_probabilities
from jqkd.quantum.noise import After, Depolarising, Kraus, NoiseModel
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


# Noise models of Aer, read


def test_what_is_handed_to_aer_and_read_again_is_the_same():
    """Every channel, the order of wires, and readout, qubit by qubit and for all."""
    for seed in range(6):
        qubits = 1 + seed % 3
        circuit, angles = random_circuit(seed, qubits, 12, NAMES)
        noise = random_noise(seed, qubits)
        read = NoiseModel.from_qiskit(to_aer_noise(noise))
        with jax.enable_x64(True):
            run = partial(outcome_probabilities, circuit, jnp.asarray(angles), rule=None)
            np.testing.assert_allclose(run(noise=read), run(noise=noise), atol=1e-7)
    assert hash(read) == hash(NoiseModel.from_qiskit(to_aer_noise(noise)))


def test_shots_and_trajectories_of_a_model_that_was_read():
    """Mean of 4,000 trajectories against the density matrix: 5 standard errors, 1 in 10^6."""
    made = aer.noise.NoiseModel()
    relaxation = aer.noise.thermal_relaxation_error(50.0, 60.0, 20.0)
    made.add_all_qubit_quantum_error(relaxation.tensor(relaxation), ["cx"])
    noise, circuit = NoiseModel.from_qiskit(made), two_qubits()
    angles = jnp.array([0.4, 1.2])
    exact = outcome_probabilities(circuit, angles, noise=noise)
    drawn = outcome_probabilities(
        circuit, angles, noise=noise, trajectories=4000, key=jax.random.key(0)
    )
    bound = 5 * np.sqrt(np.asarray(exact) * (1 - np.asarray(exact)) / 4000) + 1e-6
    assert np.all(np.abs(np.asarray(drawn - exact)) < bound)


def two_qubits():
    return Circuit(2, (Op("RY", (0,)), Op("RY", (1,)), Op("CX", (0, 1)), Op("H", (0,))))


def some_noise(**how):
    model, error = aer.noise.NoiseModel(), aer.noise.depolarizing_error(0.1, 1)
    for name, places in how.items():
        if places is None:
            model.add_all_qubit_quantum_error(error, [name])
        else:
            model.add_quantum_error(error, [name], places)
    return model


def test_readouts_are_read_qubit_by_qubit():
    model = aer.noise.NoiseModel()
    for qubit, up in enumerate((0.1, 0.2)):
        model.add_readout_error([[1 - up, up], [0.3, 0.7]], [qubit])
    assert NoiseModel.from_qiskit(model).readout == ((0.1, 0.3), (0.2, 0.3))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: some_noise(reset=None), "noise behind gates among .* but noise behind reset"),
        (lambda: some_noise(h=[1]), r"same noise on all qubits.* behind h on \(1,\)"),
        (lambda: "depolarising", "`model` must be a qiskit_aer.noise.NoiseModel"),
        (
            lambda: aer.noise.NoiseModel.from_backend(GenericBackendV2(2, seed=1)),
            "`model` must",
        ),
    ],
)
def test_models_that_cannot_be_read_are_refused_by_name(model, message):
    with pytest.raises(InputError, match=message):
        NoiseModel.from_qiskit(model())


@pytest.mark.parametrize(
    ("operators", "message"),
    [
        ((((1, 0), (0, 0)),), "keep probability"),
        ((((1,),),), "be 2 x 2 or 4 x 4"),
        ((1, 2), "`operators`"),
    ],
)
def test_operators_that_are_no_channel_are_refused(operators, message):
    with pytest.raises(InputError, match=message):
        Kraus(operators)


def test_operators_behind_a_gate_of_other_wires_are_refused():
    noise = NoiseModel((After(Kraus()),))
    with pytest.raises(InputError, match="be 4 x 4 behind a gate on 2 wire"):
        outcome_probabilities(two_qubits(), jnp.zeros(2), noise=noise)
