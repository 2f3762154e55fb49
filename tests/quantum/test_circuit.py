"""Circuits as data: equality, slots, drawing, and what is refused."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from jqkd._checks import InputError
from jqkd.quantum import Circuit, Op, draw, hardware_efficient, run


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
        (lambda: Op("RW", (0,)), r"`name` must be one of the gates I, X.* but 'RW' was given"),
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
