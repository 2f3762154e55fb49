"""States against the dense simulator: every gate on every wire, random circuits, shapes, types."""

from __future__ import annotations

from functools import partial
from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.quantum import GATES, Circuit, Op, h_ry, hardware_efficient, run
from jqkd.quantum.measurement import flat
from tests.quantum.dense import random_circuit, random_state, simulate

pytestmark = pytest.mark.quick

final = jax.jit(run, static_argnums=0)
REAL = [name for name, gate in GATES.items() if gate.real]


def tensor(vector: np.ndarray) -> np.ndarray:
    """A vector in outcome order as a state tensor: qubit 0, the lowest bit, comes first."""
    num_qubits = int(np.log2(vector.size))
    return vector.reshape((2,) * num_qubits).transpose(range(num_qubits)[::-1])


@partial(jax.jit, static_argnums=0)
def all_final(circuits: tuple[Circuit, ...], angles: list[jax.Array], start: jax.Array) -> list:
    return [run(*case, start) for case in zip(circuits, angles, strict=True)]


def check(circuit: Circuit, angles: np.ndarray, state: np.ndarray | None = None) -> None:
    check_all([(circuit, angles)], state)


def check_all(cases: list[tuple[Circuit, np.ndarray]], state: np.ndarray | None = None) -> None:
    """Single precision to 1e-5 and double precision to 1e-12 of the dense simulator."""
    circuits, angles = zip(*cases, strict=True)
    wanted = [simulate(*case, state) for case in cases]
    start = None if state is None else tensor(state)
    single = all_final(circuits, [*map(jnp.array, angles)], start)
    for got, want in zip(single, wanted, strict=True):
        np.testing.assert_allclose(flat(got), want, 0, 1e-5)
    with jax.enable_x64(True):
        double = all_final(circuits, [*map(jnp.array, angles)], start)
        for got, want in zip(double, wanted, strict=True):
            assert got.dtype in (np.float64, np.complex128)
            np.testing.assert_allclose(flat(got), want, 0, 1e-12)


@pytest.mark.parametrize("name", GATES)
def test_every_gate_on_every_choice_of_wires(name):
    """Three qubits, a random state: any mistake in axes or entries shows."""
    gate = GATES[name]
    state = random_state(1, 3)
    angles = np.random.default_rng(2).uniform(-7, 7, gate.num_angles)
    choices = permutations(range(3), gate.num_wires)
    check_all([(Circuit(3, (Op(name, wires),)), angles) for wires in choices], state)


@pytest.mark.parametrize("num_qubits", range(1, 9))
def test_random_circuits(num_qubits):
    check(*random_circuit(num_qubits, num_qubits, 14 + 2 * num_qubits))


@pytest.mark.parametrize("num_qubits", [2, 5])
def test_initial_state(num_qubits):
    circuit, angles = random_circuit(3, num_qubits, 20)
    check(circuit, angles, random_state(4, num_qubits))


def test_initial_state_is_linear_not_normalised():
    circuit, angles = random_circuit(5, 3, 15)
    state = tensor(random_state(6, 3))
    once, thrice = final(circuit, angles, state), final(circuit, angles, 3 * state)
    np.testing.assert_allclose(thrice, 3 * once, rtol=0, atol=1e-5)


@pytest.mark.parametrize("num_qubits", [1, 4, 6])
def test_real_circuits_stay_real(num_qubits):
    circuit, angles = random_circuit(7, num_qubits, 25, REAL)
    assert circuit.is_real and final(circuit, angles).dtype == jnp.float32
    check(circuit, angles)
    assert final(circuit, angles, tensor(random_state(8, num_qubits))).dtype == jnp.complex64
    assert final(Circuit(1, (Op("S", (0,)),)), jnp.zeros(0)).dtype == jnp.complex64


@pytest.mark.parametrize("name", [name for name, gate in GATES.items() if gate.num_wires == 1])
def test_layers_on_joined_qubits(name):
    """Six joined qubits in an order of their own: angles from slots, then fixed ones, then few."""
    gate, wires = GATES[name], (4, 1, 5, 0, 3, 2)
    random = np.random.default_rng(11)
    angles = random.uniform(-7, 7, 6 * gate.num_angles)
    fixed = random.uniform(-7, 7, (6, gate.num_angles))
    join = [Op("CZ", pair) for pair in [(3, 1), (1, 4), (0, 5), (2, 0), (5, 4), (3, 1), (2, 3)]]
    start = [Op("RY", (k,), (0.3 + k,)) for k in range(6)]
    layers = [
        [Op(name, (wire,)) for wire in wires],
        [Op(name, (wire,), tuple(row)) for wire, row in zip(wires, fixed, strict=True)],
        [Op(name, (wire,), tuple(row)) for wire, row in zip(wires[:4], fixed, strict=False)],
    ]
    circuits = [Circuit(6, (*start, *join, *layer, *join[:4])) for layer in layers]
    check_all([(circuit, angles[: circuit.num_angles]) for circuit in circuits])


def test_repeated_and_separate_sign_flips():
    """Runs of CZ and of Z: on qubits that stay apart, on the same ones twice and three times."""
    pairs = [(0, 3), (1, 2), (3, 0), (4, 5), (5, 4), (4, 5), (2, 6), (6, 1)]
    turns = [Op("RY", (k,)) for k in range(7)]
    flips = [Op("CZ", pair) for pair in pairs]
    single = [Op("Z", (wire,)) for wire in (0, 3, 3, 5, 6, 6, 6)]
    runs = [*(flips[:number] for number in range(1, len(pairs) + 1)), flips + single]
    circuits = [Circuit(7, (*turns, *signs, *turns)) for signs in runs]
    check_all([(circuit, np.linspace(0.3, 2.9, 14)) for circuit in circuits])


def test_gates_are_exponentials_in_time():
    """Two turns by a and b are one by a + b, also across different initial states."""
    for name in ("RX", "RY", "RZ", "P", "RXX", "RYY", "RZZ", "CRX", "CRY", "CRZ"):
        op = Op(name, (1, 0)[: GATES[name].num_wires])
        state = tensor(random_state(9, 2))
        twice = run(Circuit(2, (op, op)), jnp.array([0.7, 1.9]), state)
        once = run(Circuit(2, (op,)), jnp.array([2.6]), state)
        np.testing.assert_allclose(twice, once, rtol=0, atol=1e-6, err_msg=name)


def test_axis_k_is_qubit_k():
    state = run(Circuit(3, (Op("X", (1,)),)), jnp.zeros(0))
    assert state[0, 1, 0] == 1 and jnp.abs(state).sum() == 1


@pytest.mark.parametrize("size", [1, 2, 3, 8, 64])
def test_same_state_vmapped_or_not(size):
    circuit, _ = random_circuit(10, 4, 25)
    many = np.random.default_rng(11).uniform(-7, 7, (size, circuit.num_angles))
    batch = jax.jit(jax.vmap(lambda angles: run(circuit, angles)))
    want = np.stack([final(circuit, jnp.array(angles)) for angles in many])
    np.testing.assert_allclose(batch(jnp.array(many)), want, rtol=0, atol=1e-6)


@pytest.mark.filterwarnings("error")
def test_angles_of_any_kind():
    """NumPy, lists, integers: the same state, and no warning about their precision."""
    want = run(h_ry(2), jnp.array([1.0, 2.0]))
    for angles in ([1, 2], np.array([1, 2]), np.array([1.0, 2.0]), jnp.array([1, 2])):
        np.testing.assert_array_equal(run(h_ry(2), angles), want)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: run(h_ry(2), jnp.zeros(3)), r"`angles` must have shape \(2,\), but shape \(3,\)"),
        (lambda: run(h_ry(2), jnp.zeros((5, 2))), r"shape \(5, 2\) .*use jax\.vmap for batches"),
        (lambda: run(hardware_efficient(2), 0.0), r"have shape \(4,\), but shape \(\)"),
        (lambda: run(h_ry(2), jnp.zeros(2), jnp.ones(4)), r"`state` must have shape \(2, 2\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call()
