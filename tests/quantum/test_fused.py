"""Circuits behind a prepared state against dense matrices and autodiff."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jqkd._checks import InputError
from jqkd.quantum import (
    GATES,
    NOTEBOOK_RULE,
    TWO_TERM_RULE,
    Circuit,
    Op,
    amplitude_angles,
    amplitude_encoding,
    outcome_probabilities,
)
from jqkd.quantum.fused import blocks, run_from
from jqkd.quantum.measurement import marginal
from tests.quantum.dense import random_circuit, random_state, simulate

pytestmark = pytest.mark.quick

SHIFTABLE = [name for name, gate in GATES.items() if gate.shiftable]


def tensor(state: np.ndarray) -> np.ndarray:
    """A vector in outcome order as one axis a qubit, from the first on."""
    qubits = state.size.bit_length() - 1
    return state.reshape((2,) * qubits).transpose(range(qubits)[::-1])


def layered(qubits: int, layers: int, names: tuple[str, ...] = ("RX", "RY", "RZ")) -> Circuit:
    turns = [Op(name, (k,)) for name in names for k in range(qubits)]
    ring = [Op("CZ", (k, (k + 1) % qubits)) for k in range(qubits)]
    return Circuit(qubits, (*turns, *ring) * layers)


@pytest.mark.parametrize("seed", range(4))
def test_final_states_against_dense_matrices(seed):
    """All gates, on an initial state, real or complex."""
    qubits = 2 + seed
    circuit, angles = random_circuit(seed, qubits, 20)
    state = random_state(seed, qubits)
    for start in (state, state.real / np.linalg.norm(state.real)):
        with jax.enable_x64(True):
            got = jax.jit(partial(run_from, circuit))(angles, tensor(start).reshape(-1))
        want = tensor(simulate(circuit, angles, start)).reshape(-1)
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)


def test_without_a_state_it_starts_from_zero():
    circuit, angles = random_circuit(7, 3, 8)
    with jax.enable_x64(True):
        got = outcome_probabilities(circuit, jnp.asarray(angles), rule=None)
    np.testing.assert_allclose(got, np.abs(simulate(circuit, angles)) ** 2, rtol=0, atol=1e-12)


def test_repeated_layers_are_one_block():
    """A program of 40 layers is not 40 times as long as one of a single layer."""
    assert [len(block.slots) for block in blocks(layered(4, 40))] == [40]
    text = lambda layers: str(  # noqa: E731
        jax.make_jaxpr(lambda a, s: run_from(layered(4, layers), a, s))(
            jnp.zeros(12 * layers), jnp.zeros(16)
        )
    )
    assert len(text(40)) < 1.2 * len(text(4))


CIRCUITS = {
    f"{seed}": random_circuit(seed, 3, 12, [*SHIFTABLE, "CX", "H", "SWAP", "S"])[0]
    for seed in range(2)
}
CIRCUITS |= {"layered": layered(4, 3), "real": layered(3, 2, ("RY",))}


@pytest.mark.parametrize(
    ("name", "rule"), [*((name, TWO_TERM_RULE) for name in CIRCUITS), ("real", NOTEBOOK_RULE)]
)
def test_shifts_against_autodiff(name, rule):
    """Each probability's derivative by the shift rule, of a state and of some qubits of it."""
    circuit = CIRCUITS[name]
    wires = (2, 0)
    with jax.enable_x64(True):
        rng = np.random.default_rng(1)
        angles = jnp.asarray(rng.uniform(-3, 3, circuit.num_angles))
        options = {"state": jnp.asarray(tensor(random_state(2, circuit.num_qubits)))}
        for chosen in ({}, {"wires": wires}):
            run = lambda a, rule: outcome_probabilities(  # noqa: E731
                circuit,
                a,
                rule=rule,
                **options,
                **chosen,  # noqa: B023
            )
            got = jax.jit(jax.jacobian(run), static_argnums=1)(angles, rule)
            want = jax.jit(jax.jacobian(run), static_argnums=1)(angles, None)
            np.testing.assert_allclose(got, rule.factor * want, rtol=0, atol=1e-12)
            assert np.abs(want).max() > 1e-3


def test_a_prepared_state_is_that_of_its_gates():
    """Amplitude encoding as gates, then an ansatz; and the ansatz from the state alone."""
    ansatz = layered(3, 2)
    amplitudes = np.random.default_rng(3).normal(size=8)
    state = amplitudes / np.linalg.norm(amplitudes)
    weights = np.random.default_rng(4).uniform(-3, 3, ansatz.num_angles)
    with jax.enable_x64(True):
        whole = amplitude_encoding(3).then(ansatz)
        angles = jnp.concatenate([amplitude_angles(jnp.asarray(amplitudes)), weights])
        want = outcome_probabilities(whole, angles)
        got = outcome_probabilities(ansatz, jnp.asarray(weights), state=tensor(state))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)


def test_some_qubits_against_sums_over_the_others():
    values = np.random.default_rng(5).dirichlet(np.ones(16), 3)
    got = np.array(marginal(jnp.asarray(values), (3, 1)))
    for outcome in range(16):
        values_of = (outcome >> 3 & 1) + 2 * (outcome >> 1 & 1)
        got[:, values_of] -= values[:, outcome]
    np.testing.assert_allclose(got, 0, atol=1e-7)


def test_shots_of_some_qubits():
    """Frequencies and shift-rule estimates have the exact means, within five standard errors.

    At 5 of 24 numbers a false alarm has the probability 2e-5.
    """
    circuit, shots, repeats = layered(3, 1, ("RX", "RY")), 200, 400
    rng = np.random.default_rng(6)
    angles = jnp.asarray(rng.uniform(-2, 2, circuit.num_angles), jnp.float32)
    state = jnp.asarray(tensor(random_state(7, 3)))
    options = {"state": state, "wires": (0, 2)}
    keys = jax.random.split(jax.random.key(8), repeats)
    sampled = lambda a, key: outcome_probabilities(  # noqa: E731
        circuit, a, shots=shots, key=key, **options
    )
    exact = lambda a: outcome_probabilities(circuit, a, **options)  # noqa: E731
    p = np.asarray(exact(angles))
    counts = np.asarray(jax.jit(jax.vmap(lambda key: sampled(angles, key)))(keys)) * shots
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)
    total = counts.sum(0)
    assert stats.chisquare(total, p / p.sum() * total.sum()).pvalue > 1e-5
    slopes = np.asarray(jax.jit(jax.vmap(jax.jacrev(sampled), (None, 0)))(angles, keys))
    want = np.asarray(jax.jit(jax.jacrev(exact))(angles))
    # Var of [f(t + s) - f(t - s)] / 2 is at most 1/8 of 1 / shots.
    error = np.sqrt(1 / (8 * shots * repeats))
    assert np.abs(slopes.mean(0) - want).max() < 5 * error
    assert np.abs(want).max() > 50 * error


def test_bad_input():
    circuit = layered(3, 1)
    angles = jnp.zeros(9)
    with pytest.raises(InputError, match=r"`state` must have shape \(2, 2, 2\)"):
        outcome_probabilities(circuit, angles, state=jnp.zeros(8))
    with pytest.raises(InputError, match=r"`wires` must be different qubits within 0..2, but"):
        outcome_probabilities(circuit, angles, wires=(0, 0))
    with pytest.raises(InputError, match="`rule` must be a ShiftRule where shots are drawn"):
        outcome_probabilities(circuit, angles, rule=None, shots=10, key=jax.random.key(0))
