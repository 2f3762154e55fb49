"""Bit order, probabilities, Pauli expectation values, and estimates from counts."""

from __future__ import annotations

from functools import reduce
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.quantum import (
    Circuit,
    Op,
    expectation,
    expectation_from_counts,
    h_ry,
    outcomes,
    probabilities,
    run,
    sample_counts,
)
from jqkd.quantum.measurement import flat, parity, rotate_to
from jqkd.quantum.sampling import check_shots
from tests.quantum.dense import I2, X, Y, Z, random_circuit, simulate

final = jax.jit(run, static_argnums=0)
PAULIS = {"I": I2, "X": X, "Y": Y, "Z": Z}
# Without Clifford gates, which make many expectation values zero.
TURNS = ("RX", "RY", "RZ", "U3", "RXX", "CRY")


def dense_expectation(circuit: Circuit, angles, pauli: str) -> float:
    """<psi|P|psi>: the first letter of the string is the first Kronecker factor."""
    state = simulate(circuit, angles)
    return (state.conj() @ reduce(np.kron, [PAULIS[p] for p in pauli]) @ state).real


@pytest.mark.parametrize("num_qubits", [1, 3, 5])
def test_h_ry_closed_form_in_outcome_order(num_qubits):
    angles = np.random.default_rng(0).uniform(-4, 4, num_qubits)
    want = np.ones(2**num_qubits)
    for c in range(2**num_qubits):
        for k in range(num_qubits):
            want[c] *= (1 + (1 if c >> k & 1 else -1) * np.sin(angles[k])) / 2
    got = probabilities(run(h_ry(num_qubits), angles))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("wire", "outcome"), [(0, 1), (1, 2), (2, 4), (3, 8)])
def test_flipping_qubit_k_gives_outcome_two_to_the_k(wire, outcome):
    p = probabilities(run(Circuit(4, (Op("X", (wire,)),)), jnp.zeros(0)))
    assert p[outcome] == 1 and p.sum() == 1
    assert outcomes(4)[outcome][::-1].index("1") == wire


def test_control_and_target_in_an_asymmetric_circuit():
    """RY on qubit 2, CX from 2 to 0: only 000 and 101 can come out."""
    circuit = Circuit(3, (Op("RY", (2,)), Op("CX", (2, 0))))
    p = probabilities(run(circuit, jnp.array([0.8])))
    want = {"000": np.cos(0.4) ** 2, "101": np.sin(0.4) ** 2}
    for c, bits in enumerate(outcomes(3)):
        assert abs(p[c] - want.get(bits, 0)) < 1e-6, bits


@pytest.mark.parametrize("num_qubits", [2, 5, 8])
def test_probabilities_of_random_circuits(num_qubits):
    circuit, angles = random_circuit(20 + num_qubits, num_qubits, 30)
    got = jax.jit(lambda a: probabilities(run(circuit, a)))(angles)
    assert got.shape == (2**num_qubits,) and abs(got.sum() - 1) < 1e-5
    np.testing.assert_allclose(got, np.abs(simulate(circuit, angles)) ** 2, rtol=0, atol=1e-5)


def test_flat_is_the_vector_in_outcome_order():
    circuit, angles = random_circuit(30, 4, 20)
    tensor = np.asarray(final(circuit, angles))
    for bits in product((0, 1), repeat=4):
        assert flat(tensor)[sum(b << k for k, b in enumerate(bits))] == tensor[bits]


@pytest.mark.parametrize("pauli", ["I", "X", "Y", "Z", "XY", "YZ", "ZI", "IX"])
def test_expectation_on_few_qubits(pauli):
    circuit, angles = random_circuit(40, len(pauli), 12, TURNS)
    got = jax.jit(lambda a: expectation(circuit, a, pauli))(angles)
    assert abs(got - dense_expectation(circuit, angles, pauli)) < 1e-5


@pytest.mark.parametrize("pauli", ["ZIIX", "IYXI", "XIZY", "IIIZ", "YZIX"])
def test_expectation_on_four_qubits(pauli):
    circuit, angles = random_circuit(41, 4, 25, TURNS)
    want = dense_expectation(circuit, angles, pauli)
    got = jax.jit(lambda a: expectation(circuit, a, pauli))(angles)
    assert abs(want) > 1e-3 and abs(got - want) < 1e-5


def test_parity_is_the_diagonal_of_the_string_read_as_z():
    np.testing.assert_array_equal(parity("ZIY"), np.diag(np.kron(np.kron(Z, I2), Z)).real)


def test_estimate_from_counts_lies_within_its_standard_error():
    """Five standard errors on each of 3 strings: false alarms below 2e-6."""
    circuit, angles = random_circuit(42, 3, 20, TURNS)
    shots, sample = 100_000, jax.jit(sample_counts)
    for seed, pauli in enumerate(("ZIX", "IYZ", "XXX")):
        p = probabilities(final(rotate_to(circuit, pauli), angles))
        counts = sample(jax.random.key(seed), p, shots)
        want = dense_expectation(circuit, angles, pauli)
        error = np.sqrt((1 - want**2) / shots)
        assert abs(expectation_from_counts(counts, pauli) - want) < 5 * error
        scaled = expectation_from_counts(counts / shots, pauli)
        assert scaled == pytest.approx(float(expectation_from_counts(counts, pauli)), abs=1e-6)


def test_estimate_has_that_standard_error():
    """Sample variance over R keys; its relative spread is sqrt(2 / R), five of them allowed."""
    p, shots, runs = jnp.array([0.3, 0.1, 0.4, 0.2]), 400, 4000
    keys = jax.random.split(jax.random.key(5), runs)
    counts = jax.jit(jax.vmap(lambda key: sample_counts(key, p, shots)))(keys)
    estimates = jax.vmap(lambda c: expectation_from_counts(c, "ZZ"))(counts)
    mean = 0.3 - 0.1 - 0.4 + 0.2
    variance = (1 - mean**2) / shots
    assert abs(estimates.mean() - mean) < 5 * np.sqrt(variance / runs)
    assert abs(estimates.var() / variance - 1) < 5 * np.sqrt(2 / runs)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expectation(h_ry(2), jnp.zeros(2), "Z"), r"`observable` must be 2 letters.* 'Z'"),
        (
            lambda: expectation(h_ry(1), jnp.zeros(1), "z"),
            r"`observable` must be 1 letters of I, X",
        ),
        (lambda: rotate_to(h_ry(2), "ZZZ"), r"`pauli` must be 2 letters .* 'ZZZ' was given"),
        (lambda: expectation_from_counts(jnp.ones(4), "ZZZ"), r"`pauli` must be 2 letters"),
        (lambda: check_shots(0), r"`shots` must be an integer of at least 1, but 0 .*`exact`"),
        (lambda: check_shots(1.5), r"`shots` must be an integer of at least 1, but 1\.5"),
        (lambda: check_shots(2**24 + 1), r"`shots` must be at most 16777216 \(2\*\*24\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call()
