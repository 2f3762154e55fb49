"""The adjoint rule against backpropagation, finite differences of dense matrices and shifts."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.quantum import (
    GATES,
    Circuit,
    Op,
    hardware_efficient,
    outcome_probabilities,
    probabilities,
    run,
    run_adjoint,
)
from tests.conftest import optimise
from tests.quantum.dense import random_circuit, random_state, simulate

pytestmark = pytest.mark.quick


def gradient(simulator, circuit: Circuit, weights: np.ndarray):
    """Of a weighted sum of probabilities, with respect to angles and, if given, to the state."""
    loss = lambda angles, *state: probabilities(simulator(circuit, angles, *state)) @ weights  # noqa: E731
    return lambda *args: jax.grad(loss, tuple(range(len(args))))(*args)


def weights_for(num_qubits: int) -> np.ndarray:
    return np.random.default_rng(num_qubits).normal(size=2**num_qubits)


@pytest.mark.parametrize("num_qubits", [1, 2, 5])
def test_gradient_is_that_of_backpropagation(num_qubits):
    """From |0...0> and from a state given, with respect to it too."""
    circuit, angles = random_circuit(20 + num_qubits, num_qubits, 10 + 2 * num_qubits)
    weights = weights_for(num_qubits)
    state = random_state(5, num_qubits).reshape((2,) * num_qubits)

    @jax.jit
    def both(*given):
        return [
            (f(circuit, *given), gradient(f, circuit, weights)(*given)) for f in (run_adjoint, run)
        ]

    with jax.enable_x64(True):
        for given in [(angles,), (angles, state)]:
            got, want = both(*given)
            jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, 0, 1e-12), got, want)


@pytest.mark.parametrize("name", [name for name, gate in GATES.items() if gate.num_angles])
def test_gradient_of_every_gate_by_finite_differences(name):
    """Six qubits, the gate on all of them: one-qubit gates make a layer of matrix products."""
    gate = GATES[name]
    wires = [(k,) for k in range(6)] if gate.num_wires == 1 else [(0, 3), (5, 1), (2, 4)]
    join = [Op("H", (k,)) for k in range(6)] + [Op("CX", (k, (k + 1) % 6)) for k in range(6)]
    circuit = Circuit(6, (*join, *(Op(name, wire) for wire in wires), *join))
    angles = np.random.default_rng(3).uniform(-3, 3, circuit.num_angles)
    weights, step = weights_for(6), 1e-5
    loss = lambda a: np.abs(simulate(circuit, a)) ** 2 @ weights  # noqa: E731
    steps = step * np.eye(len(angles))
    want = [(loss(angles + d) - loss(angles - d)) / (2 * step) for d in steps]
    with jax.enable_x64(True):
        (got,) = jax.jit(gradient(run_adjoint, circuit, weights))(angles)
    np.testing.assert_allclose(got, want, 0, 1e-8)


def test_batches_agree_with_the_shift_rule():
    circuit = hardware_efficient(5, 2)
    angles = np.random.default_rng(6).uniform(-3, 3, (7, circuit.num_angles)).astype(np.float32)
    weights = weights_for(5)
    (got,) = jax.jit(jax.vmap(gradient(run_adjoint, circuit, weights)))(angles)
    want = jax.vmap(jax.grad(lambda a: outcome_probabilities(circuit, a) @ weights))(angles)
    np.testing.assert_allclose(got, want, 0, 2e-5)


def test_memory_does_not_grow_with_depth():
    """Temporary memory of the compiled gradient, 14 qubits: backpropagation keeps every step."""

    # That of programs as they are used.
    optimise(True)

    def temporary(simulator, layers: int) -> int:
        circuit = hardware_efficient(14, layers)
        grad = jax.jit(gradient(simulator, circuit, weights_for(14)))
        angles = jnp.zeros(circuit.num_angles, jnp.float32)
        return grad.lower(angles).compile().memory_analysis().temp_size_in_bytes

    state = 4 * 2**14
    assert temporary(run_adjoint, 12) - temporary(run_adjoint, 4) < 2 * state
    assert temporary(run, 12) - temporary(run, 4) > 16 * state


def test_bad_input():
    with pytest.raises(InputError, match="must have shape .4,."):
        run_adjoint(hardware_efficient(2), jnp.zeros(3))
