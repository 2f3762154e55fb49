"""Circuits as data: equality, slots, drawing, and what is refused."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.quantum import (
    Circuit,
    Op,
    data,
    draw,
    hardware_efficient,
    outcome_probabilities,
    run,
    weight,
)
from tests.quantum.dense import simulate

pytestmark = pytest.mark.quick


def build() -> Circuit:
    ops = Op("H", (0,)), Op("U3", (2,)), Op("RY", (1,), fixed=(0.5,)), Op("CRX", (2, 0))
    return Circuit(3, (*ops, Op("RY", (1,))))


def test_equal_circuits_are_equal_and_hash_alike():
    a, b = build(), build()
    assert a is not b and a == b and hash(a) == hash(b)
    assert a != a.then([Op("X", (0,))])
    assert Circuit(2) != Circuit(3)


def test_lists_and_numpy_wires_become_the_same_circuit():
    wires = jnp.array([2, 0])
    assert Op("CRX", tuple(wires)) == Op("CRX", [2, 0]) == Op("CRX", (2, 0))
    assert Op("RY", (0,), fixed=[1]) == Op("RY", (0,), fixed=(1.0,))
    assert hash(Circuit(3, [Op("H", (0,))])) == hash(Circuit(3, (Op("H", (0,)),)))


def test_equal_circuits_built_twice_cost_one_trace():
    traces = 0

    def counted(circuit: Circuit, angles: jax.Array) -> jax.Array:
        nonlocal traces
        traces += 1
        return run(circuit, angles)

    jitted = jax.jit(counted, static_argnums=0)
    for _ in range(3):
        jitted(build(), jnp.ones(5)).block_until_ready()
    assert traces == 1
    jitted(build().then([Op("X", (0,))]), jnp.ones(5))
    assert traces == 2


def test_slots_run_in_order_of_appearance_and_skip_fixed_angles():
    circuit = build()
    assert circuit.num_angles == 5
    slots = [(op.name, list(r)) for op, r in circuit.slots()]
    want = [("H", []), ("U3", [0, 1, 2]), ("RY", []), ("CRX", [3]), ("RY", [4])]
    assert slots == want


def test_is_real():
    assert Circuit(2, (Op("H", (0,)), Op("CRY", (0, 1)))).is_real
    assert not Circuit(2, (Op("H", (0,)), Op("RZ", (1,)))).is_real


def test_then_takes_circuits_and_operations():
    a, b = Circuit(2, (Op("H", (0,)),)), Circuit(2, (Op("CX", (0, 1)),))
    assert a.then(b) == a.then(b.ops) == a.then(iter(b.ops)) == Circuit(2, a.ops + b.ops)
    with pytest.raises(InputError, match=r"lie in 0\.\.1 in a circuit of 2 .* H on \(2,\)"):
        a.then([Op("H", (2,))])


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        build().num_qubits = 4
    with pytest.raises(dataclasses.FrozenInstanceError):
        build().ops[0].name = "X"


def test_drawing():
    assert draw(build()) == str(build())
    assert str(build()).splitlines() == [
        "q0: ─H────────────CRX1(t3)────────",
        "q1: ─RY(0.5)──────│────────RY(t4)─",
        "q2: ─U3(t0,t1,t2)─CRX0(t3)────────",
    ]


def test_drawing_names_every_slot_once_and_lines_align():
    circuit = hardware_efficient(11, 2)
    lines = str(circuit).splitlines()
    assert len(lines) == 11 and len(set(map(len, lines))) == 1
    text = "\n".join(lines)
    assert all(text.count(f"(t{slot})") == 1 for slot in range(circuit.num_angles))
    assert [line.split(":")[0] for line in lines] == [f"q{k}" for k in range(11)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Op("RW", (0,)), r"`name` must be one of I, X.* but 'RW' was given"),
        (lambda: Op("CX", (0,)), r"`wires` must be 2 different wire\(s\) for CX, but \(0,\)"),
        (lambda: Op("CX", (1, 1)), r"2 different wire\(s\) for CX, but \(1, 1\)"),
        (lambda: Op("H", (0, 1)), r"1 different wire\(s\) for H, but \(0, 1\)"),
        (lambda: Op("H", (-1,)), r"`wires` must be 0 or more, but \(-1,\)"),
        (lambda: Op("U3", (0,), fixed=(1.0,)), r"`fixed` must be 3 finite angle\(s\)"),
        (lambda: Op("H", (0,), fixed=(1.0,)), r"`fixed` must be 0 finite angle\(s\)"),
        (lambda: Op("RY", (0,), fixed=(float("nan"),)), r"1 finite angle\(s\) in radians for RY"),
        (lambda: Circuit(0), r"`num_qubits` must be an integer of at least 1, but 0"),
        (lambda: Circuit(1.5), r"`num_qubits` must be an integer of at least 1, but 1\.5"),
        (lambda: Circuit(2, (Op("CX", (0, 2)),)), r"circuit of 2 qubit\(s\), but CX on \(0, 2\)"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(InputError, match=message):
        make()


def reuploading() -> Circuit:
    """Data 1 and 0 twice, weight 0 twice and weight 1 once, in no tidy order; one fixed angle."""
    ops = [
        Op("RY", (0,), filled=data(1)),
        Op("RX", (1,), filled=weight(0)),
        Op("RZ", (0,), fixed=(0.3,)),
        Op("CX", (0, 1)),
        Op("RX", (0,), filled=data(0)),
        Op("RY", (1,), filled=weight(1)),
        Op("RY", (0,), filled=weight(0)),
        Op("RX", (1,), filled=data(1)),
        Op("RY", (1,), filled=data(0)),
    ]
    return Circuit(2, ops)


def test_slots_are_filled_by_name():
    circuit = reuploading()
    assert (circuit.num_data, circuit.num_weights, circuit.num_angles) == (2, 2, 7)
    rows, weights = np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([5.0, 6.0])
    expected = [[b, 5.0, a, 6.0, 5.0, b, a] for a, b in rows]
    np.testing.assert_allclose(circuit.fill(rows, weights), expected, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(circuit.fill)(rows[1], weights), expected[1], rtol=1e-6)


def test_a_shared_weights_gradient_is_the_sum_over_its_slots():
    """Shift rule slot by slot, added up by autodiff, against differences of dense matrices."""
    circuit, x, w = reuploading(), np.array([0.4, -0.9]), np.array([0.7, 0.2])
    reading = np.array([1.0, -2.0, 0.5, 3.0])

    def value(x, w):
        return outcome_probabilities(circuit, circuit.fill(x, w)) @ reading

    slopes = jax.grad(value, (0, 1))(jnp.asarray(x), jnp.asarray(w))

    def dense(x, w):
        angles = [x[1], w[0], x[0], w[1], w[0], x[1], x[0]]
        return np.abs(simulate(circuit, angles)) ** 2 @ reading

    step = 1e-5
    for argument, slope in enumerate(slopes):
        for i in range(2):
            up, down = ([x.copy(), w.copy()] for _ in range(2))
            up[argument][i] += step
            down[argument][i] -= step
            difference = (dense(*up) - dense(*down)) / (2 * step)
            np.testing.assert_allclose(slope[i], difference, atol=2e-5)


def test_circuits_are_joined_without_new_names():
    layer = hardware_efficient(2)
    whole = layer.as_data().then(layer.as_weights()).then(layer.as_weights(4))
    assert (whole.num_data, whole.num_weights) == (4, 8)
    assert layer.num_data == 4 and layer.num_weights == 0
    assert layer.as_data() != layer and hash(layer.as_data()) != hash(layer.as_weights())
    assert "RY(x0)" in str(whole) and "RY(w7)" in str(whole)
