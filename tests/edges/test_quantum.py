"""What `jqkd.quantum` refuses, and unusual calls that it answers."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd.quantum import (
    TWO_TERM_RULE,
    Circuit,
    Gate,
    Op,
    PauliSum,
    ShiftRule,
    amplitude_angles,
    amplitude_encoding,
    angle_encoding,
    draw,
    expectation,
    expectation_from_counts,
    h_ry,
    hardware_efficient,
    outcome_probabilities,
    outcomes,
    probabilities,
    rotations,
    run,
    run_adjoint,
    ry_layer,
    sample_counts,
)
from jqkd.quantum.binomial import binomial
from jqkd.quantum.gates import matrix
from jqkd.quantum.measurement import flat, parity, rotate_to
from jqkd.quantum.sampling import check_shots
from tests.edges.wrong import check_refused

NAN, INF, TOO_MANY = float("nan"), float("inf"), 10**12
KEY = jax.random.key(0)
HALF = np.array([0.5, 0.5])
RY = h_ry(2)
ZEROS = np.zeros(2)


def counts(shots=10, p=HALF, key=KEY):
    return sample_counts(key, p, shots)


def counts_by(key):
    return counts(key=key)


def sampled(shots=10, key=KEY, angles=ZEROS, circuit=RY, rule=TWO_TERM_RULE):
    return outcome_probabilities(circuit, angles, shots=shots, key=key, rule=rule)


def row(**change):
    entries = {"name": "Z", "num_wires": 1, "num_angles": 0, "entries": lambda: ((1, 0), (0, -1))}
    return Gate(**entries | {"shiftable": False, "real": True, "qiskit": "z"} | change)


NO_SHOTS = {
    "zero": (0, "but 0 was given; use `exact`"),
    "negative": (-5, "but -5 was given"),
    "a fraction": (1.5, r"but 1\.5 was given"),
    "a whole float": (10.0, r"but 10\.0 was given"),
    "NaN": (NAN, "but nan was given"),
    "infinity": (INF, "but inf was given"),
    "a string": ("10", "but '10' was given"),
    "True": (True, "but True was given"),
    "2**24 + 1": (2**24 + 1, r"at most 16777216 \(2\*\*24\).*16777217"),
    "a huge integer": (10**5000, "16777216"),
    "NumPy's True": (np.bool_(True), r"but np\.True_"),
    "JAX's True": (jnp.bool_(True), "but .*True"),
    "a key": (KEY, "but Array"),
    "a list": ([10], r"but \[10\] was given"),
    "a vector": (np.array([10, 20]), r"shape \(2,\)"),
    "a float scalar of JAX": (jnp.float32(1.5), r"but 1\.5"),
}
NO_QUBITS = {
    "zero": (0, "at least 1, but 0"),
    "negative": (-1, "at least 1, but -1"),
    "a float": (2.0, r"but 2\.0"),
    "NaN": (NAN, "but nan"),
    "a string": ("2", "but '2'"),
    "None": (None, "but None"),
    "True": (True, "but True"),
    "a list": ([2], r"but \[2\]"),
    "10**12": (TOO_MANY, r"2\*\*1000000000003 bytes of memory"),
}
NO_PROBABILITIES = {
    "three": ([0.2, 0.3, 0.5], "power of two, but 3 of them"),
    "none": ([], "power of two, but 0 of them"),
    "a scalar": (1.0, r"shape \(K,\), but shape \(\)"),
    "a batch": (np.full((3, 2), 0.5), r"shape \(3, 2\) was given; use jax\.vmap"),
    "a sum of 2": ([1.0, 1.0], "sum to 1, but a sum of 2 .*divide"),
    "a sum of 0.99": ([0.5, 0.49], r"a sum of 0\.99"),
    "all zero": ([0.0, 0.0], "a sum of 0"),
    "negative": ([1.5, -0.5], r"be 0 or more, but -0\.5"),
    "NaN": ([NAN, 1.0], r"finite numbers, but 1 that are not \(nan\)"),
    "infinity": ([INF, 0.0], "finite"),
    "complex": (np.array([0.5 + 0j, 0.5]), "real numbers, but dtype complex128"),
    "booleans": ([True, False], r"real numbers, but \[True, False\]"),
    "strings": (["0.5", "0.5"], r"but \['0\.5', '0\.5'\]"),
    "None": (None, "but None"),
    "half precision": (np.array([0.5, 0.5], np.float16), "32 or 64 bits, but dtype float16"),
}
NO_ANGLES = {
    "too few": ([0.0], r"shape \(2,\), but shape \(1,\)"),
    "too many": (np.zeros(3), r"but shape \(3,\)"),
    "a batch": (np.zeros((5, 2)), r"use jax\.vmap for batches"),
    "NaN": ([NAN, 0.0], r"1 that are not \(nan\)"),
    "infinite": (jnp.array([0.0, INF]), "inf"),
    "a string": ("ab", "but 'ab'"),
    "None": (None, "but None"),
    "complex": (np.zeros(2, complex), "dtype complex128"),
    "ragged": ([[0.0], [0.0, 1.0]], "array of numbers"),
    "a key": (KEY, "dtype key<fry>"),
}
NO_KEYS = {
    "raw": (np.zeros(2, np.uint32), r"one random key, but an array .*uint32.*jax\.random\.key"),
    "several": (jax.random.split(KEY, 3), r"an array of keys of shape \(3,\)"),
    "a seed": (0, r"one random key, but 0"),
    "None": (None, "but None"),
}
CALLS = {
    **{f"counts, {k}": (lambda v=v: counts(v), "`shots`.*" + p) for k, (v, p) in NO_SHOTS.items()},
    **{f"shots, {k}": (lambda v=v: sampled(v), "`shots`.*" + p) for k, (v, p) in NO_SHOTS.items()},
    "counts, shots None": (lambda: counts(None), "`shots` .*but None"),
    "traced shots in a vector": (
        lambda: jax.jit(counts)(np.array([10, 20])),
        r"`shots` must have shape \(\), but shape \(2,\)",
    ),
    **{
        f"probabilities, {k}": (lambda v=v: counts(p=v), "`probabilities`.*" + p)
        for k, (v, p) in NO_PROBABILITIES.items()
    },
    **{
        f"{name}, key {k}": (lambda v=v, f=f: f(v), "`key`.*" + (p if v is not None else "without"))
        for name, f in {"counts": counts_by, "shots": lambda v: sampled(key=v)}.items()
        for k, (v, p) in NO_KEYS.items()
        if name == "shots" or v is not None
    },
    "counts, no key": (lambda: counts_by(None), "`key` .*one random key, but None"),
    **{
        f"{name}, angles {k}": (lambda v=v, f=f: f(v), "`angles`.*" + p)
        for name, f in {
            "run": lambda v: run(RY, v),
            "run_adjoint": lambda v: run_adjoint(RY, v),
            "expectation": lambda v: expectation(RY, v, "ZZ"),
            "outcome_probabilities": lambda v: outcome_probabilities(RY, v),
        }.items()
        for k, (v, p) in NO_ANGLES.items()
    },
    **{
        f"{f.__name__}, {k} qubits": (lambda v=v, f=f: f(v), "`num_qubits`.*" + p)
        for f in (
            Circuit,
            outcomes,
            h_ry,
            ry_layer,
            rotations,
            angle_encoding,
            hardware_efficient,
            amplitude_encoding,
        )
        for k, (v, p) in NO_QUBITS.items()
    },
    "a state of 40 qubits": (
        lambda: run(h_ry(40), np.zeros(40)),
        r"`circuit` .*memory of .*, but one of 40 qubits was given; that would take 4\.0 TiB",
    ),
    "an adjoint of 40 qubits": (
        lambda: run_adjoint(h_ry(40), np.zeros(40)),
        r"`circuit`.*4\.0 TiB",
    ),
    "complex amplitudes": (lambda: run(rotations(40), np.zeros(120)), r"`circuit`.*8\.0 TiB"),
    "shots of 100 qubits": (
        lambda: sampled(circuit=h_ry(100), angles=np.zeros(100)),
        r"`circuit`.*2\*\*102 bytes",
    ),
    "40 qubits expected": (lambda: expectation(h_ry(40), np.zeros(40), "Z" * 40), "`circuit`.*TiB"),
    "outcomes of 40 qubits": (lambda: outcomes(40), r"`num_qubits` .*64\.0 TiB"),
    "eigenvalues of 40 qubits": (lambda: parity("Z" * 40), r"`pauli`.*8\.0 TiB"),
    "encoding of 30 qubits": (lambda: amplitude_encoding(30), r"at most 20, but 30 .*8\.0 GiB"),
    "2**15 amplitudes": (
        lambda: amplitude_angles(np.ones(2**15)),
        "`amplitudes`.*16384, but 32768",
    ),
    "layers, 0": (lambda: hardware_efficient(2, 0), "`layers` .*at least 1, but 0"),
    "layers, 1.5": (lambda: hardware_efficient(2, 1.5), r"`layers` .*but 1\.5"),
    "layers, 10**12": (lambda: hardware_efficient(2, TOO_MANY), "`layers` .*2097152 gates"),
    "names, a string": (lambda: rotations(2, "RX"), "`names` .*tuple.*but 'RX'"),
    "names, unknown": (lambda: rotations(2, ("RW",)), "`names` .*RX, RY, RZ, P, but 'RW'"),
    "names, two qubits": (lambda: rotations(2, ("CX",)), "`names` .*but 'CX'"),
    "names, no angle": (lambda: rotations(2, ("H",)), "`names` .*but 'H'"),
    "names, None": (lambda: rotations(2, None), "`names` .*but None"),
    "axis, lower case": (lambda: angle_encoding(2, "y"), "`axis` .*X, Y, Z, but 'y'"),
    "axis, None": (lambda: angle_encoding(2, None), "`axis` .*but None"),
    "axis, two": (lambda: angle_encoding(2, "XY"), "`axis` .*but 'XY'"),
    "amplitudes, three": (lambda: amplitude_angles([1, 2, 3]), r"`amplitudes` .*two.*\(3,\)"),
    "amplitudes, zero": (lambda: amplitude_angles([0.0, 0.0]), "`amplitudes` must not all be 0"),
    "amplitudes, NaN": (lambda: amplitude_angles([NAN, 1]), "`amplitudes` .*finite"),
    "amplitudes, complex": (lambda: amplitude_angles([1j, 1]), r"`amplitudes` .*real"),
    "amplitudes, a string": (lambda: amplitude_angles("11"), "`amplitudes` .*but '11'"),
    "op, unknown": (lambda: Op("RW", (0,)), "`name` .*but 'RW'"),
    "op, a list for a name": (lambda: Op(["H"], (0,)), r"`name` .*but \['H'\]"),
    "op, None": (lambda: Op(None, (0,)), "`name` .*but None"),
    "wires, no tuple": (lambda: Op("H", 0), "`wires` .*but 0 was given; give a tuple"),
    "wires, a string": (lambda: Op("H", "0"), r"`wires` .*but \('0',\)"),
    "wires, bytes": (lambda: Op("H", b"0"), "`wires` .*but b'0'"),
    "ops, text": (lambda: Circuit(2, ""), "`ops` .*but ''"),
    "ops, a key": (lambda: Circuit(2, KEY), "`ops` "),
    "wires, a float": (lambda: Op("H", (0.5,)), r"`wires` .*but \(0\.5,\)"),
    "wires, True": (lambda: Op("H", (True,)), r"`wires` .*but \(True,\)"),
    "wires, None": (lambda: Op("H", None), "`wires` .*but None"),
    "wires, twice": (lambda: Op("CX", (1, 1)), r"`wires` .*different.*\(1, 1\)"),
    "wires, negative": (lambda: Op("CX", (0, -1)), r"`wires` .*0 or more, but \(0, -1\)"),
    "wires, a long range": (lambda: Op("CX", range(TOO_MANY)), "`wires` must be 2 different"),
    "fixed, a number": (lambda: Op("RY", (0,), fixed=0.5), r"`fixed` .*1 finite angle.*but 0\.5"),
    "fixed, a string": (lambda: Op("RY", (0,), fixed=("a",)), r"`fixed` .*\('a',\)"),
    "fixed, NaN": (lambda: Op("RY", (0,), fixed=(NAN,)), r"`fixed` .*\(nan,\)"),
    "fixed, two": (lambda: Op("RY", (0,), fixed=(1, 2)), r"`fixed` .*but \(1, 2\)"),
    "fixed, traced": (
        lambda: jax.jit(lambda t: run(Circuit(1, [Op("RY", (0,), (t,))]), []))(0.5),
        "`fixed` .*leave it out",
    ),
    "ops, one": (lambda: Circuit(2, Op("H", (0,))), "`ops` .*sequence of `Op`s, but Op"),
    "ops, names": (lambda: Circuit(2, ["H"]), "`ops` .*one with 'H'"),
    "ops, None": (lambda: Circuit(2, None), "`ops` .*but None"),
    "ops, a long range": (lambda: Circuit(2, range(TOO_MANY)), "`ops` .*one with 0"),
    "ops, outside": (lambda: Circuit(1, [Op("H", (1,))]), r"`wires` .*0\.\.0.*H on \(1,\)"),
    "then, a number": (lambda: RY.then(3), "`other` .*a circuit.*but 3"),
    "then, names": (lambda: RY.then(["H"]), "`other` .*one with 'H'"),
    "then, a wider one": (lambda: RY.then(h_ry(3)), "`wires` .*H on"),
    "draw, a string": (lambda: draw("H"), "`circuit` must be a Circuit, but 'H'"),
    **{
        f"{name}, no circuit": (lambda f=f: f("h_ry"), "`circuit` must be a Circuit, but 'h_ry'")
        for name, f in {
            "run": lambda c: run(c, ZEROS),
            "run_adjoint": lambda c: run_adjoint(c, ZEROS),
            "expectation": lambda c: expectation(c, ZEROS, "ZZ"),
            "rotate_to": lambda c: rotate_to(c, "ZZ"),
            "outcome_probabilities": lambda c: outcome_probabilities(c, ZEROS),
        }.items()
    },
    "state, flat": (lambda: run(RY, ZEROS, np.ones(4)), r"`state` .*\(2, 2\).*\(4,\)"),
    "state, NaN": (lambda: run(RY, ZEROS, np.full((2, 2), NAN)), "`state` .*finite"),
    "state, a string": (lambda: run(RY, ZEROS, "00"), "`state` .*but '00'"),
    "state, too wide": (lambda: run_adjoint(RY, ZEROS, np.ones((2, 2, 2))), r"\(2, 2, 2\)"),
    "reading a vector": (lambda: probabilities(np.ones(4)), r"`state` .*axis of length 2.*\(4,\)"),
    "reading a number": (lambda: probabilities(1.0), r"`state` .*shape \(\)"),
    "reading NaN": (lambda: probabilities([NAN, 1.0]), "`state` .*finite"),
    "reading None": (lambda: probabilities(None), "`state` .*but None"),
    "flat, three levels": (lambda: flat(np.ones((3, 3))), r"`state` .*\(3, 3\)"),
    **{
        f"pauli, {pauli!r}": (
            lambda v=pauli: expectation(RY, ZEROS, v),
            "`observable` must be 2 letters",
        )
        for pauli in ("Z", "ZZZ", "zz", "ZA", "")
    },
    **{
        f"observable, {value!r}": (
            lambda v=value: expectation(RY, ZEROS, v),
            "`observable` .*a Pau",
        )
        for value in (None, 3, ["Z", "Z"], {"ZZ": 1.0})
    },
    **{
        f"a sum of {terms!r}": (lambda v=terms: PauliSum(v), f"`terms` {words}")
        for terms, words in (
            ({}, "must be coefficients by Pauli string"),
            (["ZZ"], "must be coefficients"),
            ("ZZ", "must be coefficients"),
            ({"ZZ": 1, "Z": 1}, "must be 2 letters of I, X, Y, Z .*but 'Z'"),
            ({"": 1.0}, "must be 1 letters"),
            ({3: 1.0}, "must be 1 letters"),
            ({"Z": "1"}, "must be a finite number, but '1'"),
            ({"Z": 1j}, "must be a finite number"),
            ({"Z": NAN}, "must be a finite number, but nan"),
        )
    },
    "a sum of other letters": (
        lambda: expectation(RY, ZEROS, PauliSum({"ZZZ": 1.0})),
        "`observable` must have strings of 2 letters.*one of 3",
    ),
    "a sum, shots without a key": (
        lambda: expectation(RY, ZEROS, PauliSum({"ZZ": 1.0}), shots=5),
        "`key` .*shots without a key",
    ),
    "a sum, a key without shots": (
        lambda: expectation(RY, ZEROS, PauliSum({"ZZ": 1.0}), key=jax.random.key(0)),
        "`key` .*a key without shots",
    ),
    "a sum, no key": (
        lambda: expectation(RY, ZEROS, PauliSum({"ZZ": 1.0}), shots=5, key=0),
        "`key` .*one random key, but 0",
    ),
    "the matrix of 30 qubits": (
        lambda: PauliSum({"Z" * 30: 1.0}).matrix(),
        "`terms` .*fits into this machine's memory",
    ),
    "parity, other letters": (lambda: parity("AB"), "`pauli` .*but 'AB'"),
    "parity, None": (lambda: parity(None), "`pauli` .*but None"),
    "counts read, three": (lambda: expectation_from_counts([1, 2, 3], "Z"), "`counts` .*3 of them"),
    "counts read, zero": (lambda: expectation_from_counts([0, 0], "Z"), "`counts` .*not all 0"),
    "counts read, negative": (
        lambda: expectation_from_counts([2, -1], "Z"),
        "`counts` .*one of -1",
    ),
    "counts read, NaN": (lambda: expectation_from_counts([NAN, 1], "Z"), "`counts` .*finite"),
    "counts read, a batch": (
        lambda: expectation_from_counts(np.ones((3, 2)), "Z"),
        "`counts`.*vmap",
    ),
    "counts read, a string": (lambda: expectation_from_counts("11", "Z"), "`counts` .*but '11'"),
    "counts read, another Pauli": (
        lambda: expectation_from_counts([1, 1], "ZZ"),
        "`pauli` .*1 letters",
    ),
    "a key without shots": (lambda: sampled(shots=None), "`key` .*a key without shots"),
    "shots without a key": (lambda: outcome_probabilities(RY, ZEROS, shots=5), "`key` .*without a"),
    "rule, a name": (
        lambda: sampled(rule="two-term"),
        "`rule` must be a ShiftRule or None, but 'two-term'",
    ),
    "shots without a rule": (lambda: sampled(rule=None), "`rule` .*where shots .*but None"),
    "a gate without a rule": (
        lambda: outcome_probabilities(Circuit(2, [Op("CRX", (0, 1))]), [0.1]),
        "`circuit` .*two-term shift rule fits, but CRX",
    ),
    "shift, pi": (lambda: ShiftRule(math.pi, 1.0), "`shift` must not be a multiple of pi"),
    "shift, 0": (lambda: ShiftRule.exact(0), "`shift` must not be a multiple of pi"),
    "shift, NaN": (lambda: ShiftRule(NAN, 1.0), "`shift` .*finite number, but nan"),
    "shift, a string": (lambda: ShiftRule.exact("pi/2"), "`shift` .*but 'pi/2'"),
    "shift, a huge integer": (lambda: ShiftRule(10**400, 1.0), "`shift` .*finite"),
    "coefficient, infinite": (lambda: ShiftRule(1.0, INF), "`coefficient` .*but inf"),
    "coefficient, None": (lambda: ShiftRule(1.0, None), "`coefficient` .*but None"),
    "matrix, unknown": (lambda: matrix("RW"), "`name` .*but 'RW'"),
    "matrix, no angle": (lambda: matrix("RX"), r"`angles` .*1 number.*RX, but 0 of them"),
    "matrix, a vector": (lambda: matrix("RX", [1.0, 2.0]), r"`angles` .*shape \(2,\)"),
    "matrix, NaN": (lambda: matrix("RX", NAN), "`angles` .*finite"),
    "gate, no name": (lambda: row(name=None), "`name` .*but None"),
    "gate, no wires": (lambda: row(num_wires=0), "`num_wires` .*but 0"),
    "gate, half an angle": (lambda: row(num_angles=0.5), r"`num_angles` .*but 0\.5"),
    "gate, a matrix": (lambda: row(entries=np.eye(2)), "`entries` .*function"),
    "gate, real by a word": (lambda: row(real="yes"), "`real` .*True or False, but 'yes'"),
    "binomial, half trials": (lambda: binomial(KEY, [1.5], [1.0], [1.0]), "`trials` .*whole"),
    "binomial, negative": (lambda: binomial(KEY, [2.0], [-1.0], [1.0]), "`success` .*but -1"),
    "binomial, NaN": (lambda: binomial(KEY, [NAN], [1.0], [1.0]), "`trials` .*finite"),
    "binomial, lengths": (lambda: binomial(KEY, [2.0], [1.0], [1.0, 1.0]), r"`failure` .*\(1,\)"),
    "binomial, a raw key": (
        lambda: binomial(np.zeros(2, np.uint32), [2.0], [1.0], [1.0]),
        "`key` .*one random key",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_calls_are_refused(name):
    check_refused(*CALLS[name])


def same(one, other):
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


UNUSUAL = {
    "a NumPy integer of qubits": lambda: (h_ry(np.int64(2)) == RY, True),
    "its text": lambda: (repr(Circuit(np.int8(2))), repr(Circuit(2))),
    "a JAX integer of qubits": lambda: (h_ry(jnp.int32(2)) == RY, True),
    "NumPy layers": lambda: (
        hardware_efficient(3, np.int16(2)) == hardware_efficient(3, 2),
        True,
    ),
    "NumPy wires": lambda: (repr(Op("CX", np.array([1, 0]))), repr(Op("CX", (1, 0)))),
    "a list of wires": lambda: (Op("CX", [1, 0]) == Op("CX", (1, 0)), True),
    "a generator of ops": lambda: (Circuit(2, (Op("H", (k,)) for k in (0, 1))).ops[1].wires, (1,)),
    "NumPy's fixed angle": lambda: (
        Op("RY", (0,), np.array([0.5])) == Op("RY", (0,), (0.5,)),
        True,
    ),
    "a circuit too wide to run": lambda: (h_ry(200).num_angles, 200),
    "shots of NumPy": lambda: (counts(np.int64(10)), counts(10)),
    "shots of JAX": lambda: (counts(jnp.int32(10)), counts(10)),
    "shots without axes": lambda: (counts(np.array(10)), counts(10)),
    "shots among float32 numbers": lambda: (counts(np.float32(10)), counts(10)),
    "traced shots": lambda: (jax.jit(counts)(10), counts(10)),
    "most shots": lambda: (counts(2**24).sum(), 2**24),
    "a list of probabilities": lambda: (counts(p=[0.5, 0.5]), counts()),
    "integers as probabilities": lambda: (counts(p=[1, 0]), [10, 0]),
    "one outcome": lambda: (counts(p=[1.0]), [10]),
    "rounded probabilities": lambda: (counts(p=[0.3333, 0.6666]).sum(), 10),
    "a list of angles": lambda: (run(RY, [0, 1]), run(RY, jnp.array([0.0, 1.0]))),
    "traced numbers in a list": lambda: (
        jax.jit(lambda t: run(RY, [t, 1.0]))(0.5),
        jax.jit(lambda t: run(RY, jnp.stack([t, 1.0])))(0.5),
    ),
    "no angles": lambda: (run(Circuit(1), []), [1, 0]),
    "a list for a state": lambda: (run(Circuit(1), [], [0, 1]), [0, 1]),
    "a list of counts": lambda: (expectation_from_counts([75, 25], "Z"), 0.5),
    "unsigned counts": lambda: (expectation_from_counts(np.array([25, 75], np.uint8), "Z"), -0.5),
    "integer amplitudes": lambda: (amplitude_angles([3, 4]), amplitude_angles([3.0, 4.0])),
    "a shift of NumPy": lambda: (ShiftRule(np.float32(1), 1) == ShiftRule(1.0, 1.0), True),
    "checked shots": lambda: (check_shots(np.uint8(200)), None),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_calls_are_answered(name):
    same(*UNUSUAL[name]())


def test_traced_values_are_not_looked_at():
    """Under ``jit`` NaN goes in and comes out, as a diverged training needs it."""
    assert np.isnan(jax.jit(lambda a: run(RY, a))(jnp.full(2, NAN))).all()
    assert np.isnan(jax.jit(lambda p: counts(p=p))(jnp.full(2, NAN))).all()
