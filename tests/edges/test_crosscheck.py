"""What `jqkd.crosscheck` refuses, and unusual calls that it answers."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

pytest.importorskip("qiskit_aer")

from qiskit import QuantumCircuit
from qiskit.primitives import StatevectorEstimator

from jqkd.crosscheck import (
    DEFAULT,
    Machine,
    Simulator,
    TrainedCircuit,
    aer,
    build,
    certify,
    compare,
    from_sampler,
    generic_backend,
    noise_model,
    noise_picture,
    noise_table,
    run_battery,
    sample,
    save_picture,
    sweep,
)
from jqkd.crosscheck.battery import Size
from jqkd.crosscheck.circuits import random_angles, random_circuits, random_pauli
from jqkd.crosscheck.exact import precision, shifted_angles
from jqkd.crosscheck.execute import exact_probabilities, exact_states
from jqkd.crosscheck.findings import Finding, deviation, judge, p_value
from jqkd.crosscheck.report import battery_picture, battery_table
from jqkd.crosscheck.statistics import (
    chi_square_p_values,
    fit,
    homogeneity,
    mcnemar,
    normal_p_values,
    pool,
    smallest,
    uniform,
)
from jqkd.quantum import Circuit, h_ry
from jqkd.quantum.exchange.qasm import from_qasm, to_qasm
from jqkd.quantum.exchange.qiskit import from_qiskit, to_qiskit
from scripts.false_alarms import calibrate
from tests.edges.wrong import check_refused

NAN, INF, TOO_MANY = float("nan"), float("inf"), 10**12
RY, ROWS = h_ry(2), np.zeros((3, 2))
EVEN, RANDOM = np.full(4, 0.25), np.random.default_rng(0)
TRAINED = TrainedCircuit("one", RY, ROWS, np.zeros(3, int), np.asarray, 10, {})
CERTIFICATE = {"kind": "certificate", "student": "one", "noise": []}


def taken(circuit=RY, angles=ROWS, **options):
    return sample(circuit, angles, **{"shots": 10, "seed": 0} | options)


def swept(circuit=RY, seed=0, **change):
    return sweep(replace(TRAINED, circuit=circuit, **change), seed=seed)


def certified(seed=0, alpha=1e-3, noise=False, directory=None, **change):
    student = replace(TRAINED, **change)
    return certify(student, seed=seed, alpha=alpha, noise=noise, directory=directory)


def compared(seed=0, alpha=1e-3, **change):
    return compare(replace(TRAINED, **change), seed=seed, alpha=alpha)


def battery(**options):
    return run_battery(**{"quick": True} | options)


NO_SHOTS = {"0": 0, "-5": -5, r"1\.5": 1.5, "nan": NAN, "'10'": "10", "None": None, "True": True}
NO_SEEDS = {"-1": -1, r"0\.5": 0.5, "nan": NAN, "'0'": "0", "None": None, "4294967296": 2**32}
NO_ALPHAS = {"0": 0, "1": 1, "-0.1": -0.1, "nan": NAN, "'0.05'": "0.05", "None": None, "inf": INF}
NO_BATCH = {
    "a row": (np.zeros(2), r"shape \(B, 2\), but shape \(2,\)"),
    "three slots": (np.zeros((3, 3)), r"but shape \(3, 3\)"),
    "no rows": (np.zeros((0, 2)), r"but shape \(0, 2\)"),
    "NaN": ([[NAN, 0.0]], "finite"),
    "text": ("ab", "but 'ab'"),
    "None": (None, "but None"),
}
NO_P_VALUES = {
    "NaN": ([NAN, 0.5], "finite"),
    "above 1": ([0.5, 1.5], r"0\.5 to 1\.5"),
    "negative": ([-0.1], r"-0\.1"),
    "none": ([], "empty"),
    "text": ("0.5", r"but '0\.5'"),
    "a number": (0.5, r"shape \(\)"),
    "None": (None, "but None"),
}
NO_PICTURES = {
    "unknown ending": ("x.xyz", "`path` must end in one of .*png.*but 'x.xyz'"),
    "no ending": ("picture", "`path` must end in .*but 'picture'"),
    "an empty name": ("", "`path` .*a path, but ''"),
    "a number": (3, "`path` .*a path, but 3"),
    "None": (None, "`path` .*but None"),
    "inside a file": (f"{__file__}/x.png", "`path` .*a file .*Not a directory"),
}
CALLS = {
    **{
        f"{name}, {shown} shots": (lambda v=v, f=f: f(v), f"`shots` .*but {shown}")
        for name, f in {
            "sample": lambda v: taken(shots=v),
            "sweep": lambda v: swept(shots=v),
            "certify": lambda v: certified(shots=v),
            "compare": lambda v: compared(shots=v),
        }.items()
        for shown, v in NO_SHOTS.items()
    },
    **{
        f"{name}, seed {shown}": (lambda v=v, f=f: f(v), f"`seeds?` .*4294967295, but {shown}")
        for name, f in {
            "sample": lambda v: taken(seed=v),
            "sweep": lambda v: swept(seed=v),
            "certify": lambda v: certified(v),
            "compare": lambda v: compared(v),
            "battery": lambda v: battery(seed=v),
            "generic_backend": lambda v: generic_backend(2, seed=v),
            "calibrate": lambda v: calibrate([0, v]),
        }.items()
        for shown, v in NO_SEEDS.items()
    },
    **{
        f"{name}, alpha {shown}": (lambda v=v, f=f: f(v), f"`alpha` .*but {shown}")
        for name, f in {
            "certify": lambda v: certified(alpha=v),
            "compare": lambda v: compared(alpha=v),
            "battery": lambda v: battery(alpha=v),
            "judge": lambda v: judge([p_value("a", 0.5, 1)], v),
            "calibrate": lambda v: calibrate([0], alphas=[v]),
        }.items()
        for shown, v in NO_ALPHAS.items()
    },
    **{
        f"{name}, angles {k}": (lambda v=v, f=f: f(v), "`angles` .*" + p)
        for name, f in {
            "sample": lambda v: taken(angles=v),
            "states": lambda v: exact_states(RY, v),
            "sweep": lambda v: swept(angles=v),
            "certify": lambda v: certified(angles=v),
        }.items()
        for k, (v, p) in NO_BATCH.items()
    },
    **{
        f"{name}, no circuit": (lambda f=f: f("h_ry"), "`circuit` must be a Circuit, but 'h_ry'")
        for name, f in {
            "sample": taken,
            "sweep": swept,
            "states": lambda c: exact_states(c, ROWS),
            "to_qiskit": to_qiskit,
            "to_qasm": to_qasm,
            "save_picture": lambda c: save_picture(c, "x.png"),
            "certify": lambda c: certified(circuit=c),
            "random_angles": lambda c: random_angles(RANDOM, c, 1),
            "simulator": lambda c: DEFAULT.states(c, ROWS),
        }.items()
    },
    **{
        f"{f.__name__}, {k}": (lambda v=v, f=f: f(v), "`p_values` .*" + p)
        for f in (smallest, uniform)
        for k, (v, p) in NO_P_VALUES.items()
    },
    **{
        f"{name}, {k}": (lambda v=v, f=f: f(v), p)
        for name, f in {
            "save_picture": lambda v: save_picture(RY, v),
            "noise_picture": lambda v: noise_picture([CERTIFICATE | {"noise": [{}]}], v),
        }.items()
        for k, (v, p) in NO_PICTURES.items()
    },
    "more shots than a float": (lambda: taken(shots=2**24 + 1), r"`shots` .*2\*\*24.*16777217"),
    "40 qubits": (lambda: taken(h_ry(40), np.zeros((1, 40))), r"`circuit` .*40 qubits.*16\.0 TiB"),
    "40 qubits, exact": (
        lambda: exact_probabilities(h_ry(40), np.zeros((2, 40))),
        r"`circuit` .*memory.*32\.0 TiB",
    ),
    "machine, a name": (lambda: taken(machine="aer"), "`machine` must be a Machine, but 'aer'"),
    "machine, a noise": (lambda: taken(machine=0), "`machine` .*but 0"),
    "progress, a number": (lambda: taken(progress=1), "`progress` .*function or None, but 1"),
    "chunk, 0": (lambda: aer(chunk=0), "`chunk` .*at least 1, but 0 was given; use None"),
    "chunk, negative": (lambda: Machine("a", len, chunk=-100), "`chunk` .*but -100"),
    "chunk, half": (lambda: generic_backend(2, seed=0, chunk=0.5), r"`chunk` .*but 0\.5"),
    "machine's name": (lambda: Machine(None, len), "`name` .*a string, but None"),
    "machine's sampler": (lambda: Machine("a", None), "`sampler` .*a function .*but None"),
    "machine's preparation": (lambda: Machine("a", len, prepare="x"), "`prepare` .*but 'x'"),
    "noise, a strength": (lambda: aer(0.01), r"`noise` .*NoiseModel or None, but 0\.01"),
    "backend, no qubits": (lambda: generic_backend(0, seed=0), "`num_qubits` .*but 0"),
    "backend, half a qubit": (lambda: generic_backend(1.5, seed=0), r"`num_qubits` .*but 1\.5"),
    "backend, 10**12 qubits": (lambda: generic_backend(TOO_MANY, seed=0), "`num_qubits` .*memory"),
    "sampler, None": (lambda: from_sampler(None), "`sampler` .*a SamplerV2, but None"),
    "sampler, an estimator": (
        lambda: from_sampler(StatevectorEstimator()),
        "`sampler` .*SamplerV2",
    ),
    "sampler, a class": (lambda: from_sampler(type(aer().sampler(0))), "`sampler` .*SamplerV2"),
    "sampler's backend": (lambda: from_sampler(aer().sampler(0), backend="x"), "`backend` .*'x'"),
    "sampler's name": (lambda: from_sampler(aer().sampler(0), name=3), "`name` .*but 3"),
    "channel, unknown": (lambda: noise_model("dephasing", 0.1), "`channel` .*but 'dephasing'"),
    "channel, None": (lambda: noise_model(None, 0.1), "`channel` .*but None"),
    **{
        f"strength, {value!r}": (
            lambda v=value: noise_model("readout", v),
            "`strength` .*at most 1",
        )
        for value in (-0.1, 1.5, NAN, INF, "0.1", None, [0.1])
    },
    "labels, too few": (lambda: swept(labels=[0]), r"`labels` .*\(3,\), but shape \(1,\)"),
    "labels, shares": (lambda: swept(labels=[0.1, 0.2, 0.3]), "`labels` .*integers"),
    "labels, names": (lambda: swept(labels=["a", "b", "c"]), "`labels` .*integers"),
    "sweep, no reader": (lambda: swept(logits=None), "`logits` .*function.*but None"),
    "sweep, one label": (
        lambda: swept(logits=lambda f: 0),
        r"`logits` .*\(3, L\), but shape \(\)",
    ),
    "sweep, labels": (lambda: swept(logits=lambda f: f.argmax(-1)), r"`logits` .*but shape \(3,\)"),
    "sweep, None": (lambda: sweep(None, seed=0), "`student` .*TrainedCircuit, but None"),
    "to_qiskit, angles": (lambda: to_qiskit(RY, [0.1]), r"`angles` .*\(2,\), but shape \(1,\)"),
    "to_qiskit, NaN": (lambda: to_qiskit(RY, [NAN, 0]), "`angles` .*finite"),
    "to_qiskit, text": (lambda: to_qiskit(RY, "ab"), "`angles` .*but 'ab'"),
    "to_qiskit, a word": (lambda: to_qiskit(RY, measure="no"), "`measure` .*but 'no'"),
    "to_qasm, angles": (lambda: to_qasm(RY, np.zeros(3)), r"`angles` .*but shape \(3,\)"),
    "to_qasm, version 4": (lambda: to_qasm(RY, version=4), "`version` .*from 2 to 3, but 4"),
    "to_qasm, version '2'": (lambda: to_qasm(RY, version="2"), "`version` .*but '2'"),
    "to_qasm, version 2.0": (lambda: to_qasm(RY, [0, 0], version=2.0), r"`version` .*but 2\.0"),
    "to_qasm 2 without angles": (lambda: to_qasm(RY, version=2), "`angles` .*OpenQASM 2"),
    "from_qiskit, our circuit": (lambda: from_qiskit(RY), "`quantum` .*QuantumCircuit"),
    "from_qiskit, None": (lambda: from_qiskit(None), "`quantum` .*but None"),
    "from_qiskit, no qubits": (lambda: from_qiskit(QuantumCircuit()), "`quantum` .*one qubit"),
    "from_qasm, None": (
        lambda: from_qasm(None),
        "`source` .*string of OpenQASM or the path of a file, but None",
    ),
    "from_qasm, bytes": (lambda: from_qasm(b"OPENQASM 3;"), "`source` .*string"),
    "from_qasm, nothing": (lambda: from_qasm("\n"), "`source` .*but nothing was"),
    "from_qasm, prose": (lambda: from_qasm("a circuit"), "`source` .*could not be read"),
    "from_qasm, brackets": (lambda: from_qasm("[" * 100_000), "`source` .*could not be read"),
    "from_qasm, no such bit": (
        lambda: from_qasm("OPENQASM 2.0; include 'qelib1.inc';\nqreg q[1];\nh q[3];"),
        "`source` .*could not be read",
    ),
    "from_qasm, 10**12 qubits": (
        lambda: from_qasm("OPENQASM 3.0; qubit[1000000000000] q;"),
        r"`source` .*1 to 10000 bits, but 'qubit\[1000000000000'",
    ),
    "from_qasm 2, 10**9 qubits": (
        lambda: from_qasm("OPENQASM 2.0; qreg q[1000000000];"),
        r"`source` .*1 to 10000 bits, but 'qreg q\[1000000000'",
    ),
    "probabilities, negative": (lambda: pool([1.5, -0.5], 10), "`probabilities` .*0 or more"),
    "probabilities, NaN": (lambda: fit([5, 5], [NAN, 1]), "`probabilities` .*finite"),
    "probabilities, zero": (lambda: fit([5, 5], [0, 0]), "`probabilities` .*not all 0"),
    "probabilities, none": (lambda: fit([], []), "`probabilities` .*empty"),
    "probabilities, text": (lambda: pool("ab", 10), "`probabilities` .*but 'ab'"),
    "pool, no shots": (lambda: pool(EVEN, 0), "`shots` .*but 0"),
    "pool, half a shot": (lambda: pool(EVEN, 0.5), r"`shots` .*but 0\.5"),
    "counts, three": (lambda: fit([1, 2, 3], EVEN), r"`counts` .*\(4,\), but shape \(3,\)"),
    "counts, negative": (lambda: fit([-1, 2, 3, 4], EVEN), "`counts` .*one of -1"),
    "counts, NaN": (lambda: fit([NAN, 2, 3, 4], EVEN), "`counts` .*finite"),
    "counts, none": (lambda: fit([0, 0, 0, 0], EVEN), "`counts` .*not all 0"),
    "first counts": (lambda: homogeneity([1, 2], [1, 2, 3, 4], EVEN), r"`first` .*\(2,\)"),
    "second counts": (lambda: homogeneity([1, 2, 3, 4], [0] * 4, EVEN), "`second` .*not all 0"),
    "tests, a number": (lambda: chi_square_p_values(3.8), r"`tests` .*pairs.*but 3\.8"),
    "tests, numbers": (lambda: chi_square_p_values([3.8, 1]), r"`tests` .*pairs.*but 3\.8"),
    "tests, text": (lambda: chi_square_p_values([("a", "b")]), "`tests` .*but .'a'"),
    "z, text": (lambda: normal_p_values(["a"]), r"`z` .*but \['a'\]"),
    "z, None": (lambda: normal_p_values(None), "`z` .*but None"),
    "right, of another length": (
        lambda: mcnemar([1, 0], [1]),
        r"`second` .*\(2,\), but shape \(1,\)",
    ),
    "right, shares": (lambda: mcnemar([0.3, 0.7], [1, 0]), "`first` .*booleans or integers"),
    "right, labels": (lambda: mcnemar([1, 2], [1, 0]), "`first` .*True or False"),
    "right, none": (lambda: mcnemar([], []), "`first` "),
    "right, None": (lambda: mcnemar(None, [1]), "`first` .*but None"),
    "finding, compared": (lambda: p_value("a", 0.5, -1), "`compared` .*but -1"),
    "finding, text": (lambda: p_value("a", "0.5", 1), r"`value` .*but '0\.5'"),
    "judge, a number": (lambda: judge(0.5, 0.01), r"`findings` .*but 0\.5"),
    "nothing compared": (lambda: deviation("a", [], 1e-5), "`pairs` .*nothing"),
    "limit, NaN": (lambda: deviation("a", [("a", 1, 1)], NAN), "`limit` .*but nan"),
    "limit, negative": (lambda: deviation("a", [("a", 1, 1)], -1), "`limit` .*but -1"),
    "judge, numbers": (lambda: judge([0.5], 0.01), "`findings` .*Findings, but one with 0.5"),
    "battery, quick": (lambda: run_battery(quick="no"), "`quick` .*True or False, but 'no'"),
    "battery, simulator": (lambda: battery(simulator="jqkd"), "`simulator` .*but 'jqkd'"),
    "battery, size": (lambda: battery(size=3), "`size` .*a Size or None, but 3"),
    "size, odd rows": (lambda: Size(rows=3), "`rows` .*even number, but 3"),
    "size, no circuits": (lambda: Size(random_circuits=0), "`random_circuits` .*but 0"),
    "size, wide": (lambda: Size(max_qubits=40), "`max_qubits` .*8, but 40"),
    "size, shots": (lambda: Size(shots=1.5), r"`shots` .*but 1\.5"),
    "size, no widths": (lambda: Size(shot_qubits=()), "`shot_qubits` .*empty"),
    "size, unitaries": (lambda: Size(unitaries=("float16",)), "`unitaries` .*but 'float16'"),
    "battery, only one name": (lambda: battery(only="shots"), "`only` .*a list.*but 'shots'"),
    "battery, only nothing": (lambda: battery(only=[]), "`only` .*empty"),
    "battery, only unknown": (lambda: battery(only=["shot"]), "`only` .*perhaps 'shots' is meant"),
    "battery, only None": (lambda: battery(only=None), "`only` .*but None"),
    "battery, progress": (lambda: battery(progress="bar"), "`progress` .*but 'bar'"),
    "certify, a name": (
        lambda: certify("student", seed=0),
        "`student` .*TrainedCircuit, but 'student'",
    ),
    "certify, noise": (lambda: certified(noise="no"), "`noise` .*True or False, but 'no'"),
    "certify, labels": (lambda: certified(labels=[0, 1]), r"`labels` .*\(3,\), but shape \(2,\)"),
    "certify, logits": (lambda: certified(logits="argmax"), "`logits` .*but 'argmax'"),
    "compare, labels for logits": (
        lambda: compared(logits=lambda f: f.argmax(-1)),
        r"`logits` .*\(3, L\), but shape \(3,\)",
    ),
    "compare, one image's logits": (
        lambda: compared(logits=lambda f: f[:1]),
        r"`logits` .*but shape \(1, 4\)",
    ),
    "certify, digests": (lambda: certified(digests=None), "`digests` .*but None"),
    "certify, into a file": (
        lambda: certified(directory=__file__),
        "`directory` .*be a folder .*Not a directory",
    ),
    "certify, nowhere": (lambda: certified(directory=""), "`directory` .*a path, but ''"),
    "certify, a number": (lambda: certified(directory=3), "`directory` .*but 3"),
    "compare, None": (lambda: compare(None, seed=0), "`student` .*but None"),
    "compare, simulator": (lambda: compare(TRAINED, seed=0, simulator=None), "`simulator` .*None"),
    "certificates, none": (lambda: noise_table([]), "`certificates` .*empty"),
    "certificates, one": (lambda: noise_table(CERTIFICATE), "`certificates` .*one with 'kind'"),
    "certificates, paths": (lambda: noise_table("x.json"), r"`certificates` .*but 'x\.json'"),
    "certificates without noise": (lambda: noise_table([CERTIFICATE]), "`certificates` .*without"),
    "report, None": (lambda: battery_table(None), "`report` .*a BatteryReport, but None"),
    "report's picture": (lambda: battery_picture({}, "x.png"), "`report` .*a BatteryReport"),
    "build, no name": (lambda: build(None), "`name` .*a string, but None"),
    "build, no state": (lambda: build("a", state=None), "`state` .*a function, but None"),
    "build, a name for a sampler": (lambda: build("a", sampler="x"), "`sampler` .*but 'x'"),
    "build, gradient": (lambda: build("a", gradient=0.5), r"`gradient` .*function, but 0\.5"),
    "build, optimized": (lambda: build("a", optimized="yes"), "`optimized` .*but 'yes'"),
    "simulator of None": (lambda: Simulator("a", *[None] * 5), "`states` .*a function, but None"),
    "simulator's angles": (lambda: DEFAULT.states(RY, np.zeros((3, 3))), r"`angles` .*\(3, 3\)"),
    "simulator's shots": (
        lambda: DEFAULT.counts(RY, ROWS, jax.random.split(jax.random.key(0), 3), 1.5),
        r"`shots` .*but 1\.5",
    ),
    "calibrate, no seeds": (lambda: calibrate([]), "`seeds` .*empty"),
    "calibrate, one seed": (lambda: calibrate(3), "`seeds` .*a list.*but 3"),
    "calibrate, one alpha": (lambda: calibrate([0], alphas=0.1), r"`alphas` .*but 0\.1"),
    "random circuits, a seed": (lambda: random_circuits(0, 2), "`generator` .*Generator, but 0"),
    "random circuits, no qubits": (lambda: random_circuits(RANDOM, 1, 0), "`max_qubits` .*but 0"),
    "random circuits, many": (lambda: random_circuits(RANDOM, TOO_MANY), "`number` .*1000000"),
    "random circuits, wide": (lambda: random_circuits(RANDOM, 1, 40), "`max_qubits` .*8, but 40"),
    "random angles, rows": (lambda: random_angles(RANDOM, RY, -1), "`rows` .*but -1"),
    "random Pauli, no qubits": (lambda: random_pauli(RANDOM, 0), "`num_qubits` .*but 0"),
    "shifted angles, a row": (lambda: shifted_angles(np.zeros(2)), r"`angles` .*but shape \(2,\)"),
    "precision, float16": (lambda: precision("float16").__enter__(), "`name` .*but 'float16'"),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_calls_are_refused(name):
    check_refused(*CALLS[name])


UNUSUAL = {
    "NumPy's shots and seed": lambda: (taken(shots=np.int64(10), seed=np.uint32(0)), taken()),
    "a list of angles": lambda: (taken(angles=ROWS.tolist()), taken()),
    "the largest seed": lambda: (taken(seed=2**32 - 1).sum(-1), [10] * 3),
    "a chunk of NumPy": lambda: (taken(machine=aer(chunk=np.int64(2))).sum(-1), [10] * 3),
    "a version of NumPy": lambda: (to_qasm(RY, version=np.int8(3)) == to_qasm(RY), True),
    "angles of JAX": lambda: (to_qiskit(RY, jax.numpy.zeros(2)) == to_qiskit(RY, [0, 0]), True),
    "a circuit too wide to run": lambda: (from_qasm(to_qasm(h_ry(60))) == h_ry(60).as_data(), True),
    "right as integers": lambda: (
        mcnemar([1, 1, 0], [0, 0, 1]),
        mcnemar([True, True, False], [0, 0, 1]),
    ),
    "a strength of NumPy": lambda: (
        noise_model("readout", np.float32(0)).noise_instructions,
        noise_model("readout", 0).noise_instructions,
    ),
    "z that is none": lambda: (np.isnan(normal_p_values([NAN, 0.0])), [True, False]),
    "a list for a simulator": lambda: (DEFAULT.states(Circuit(1), [[]] * 2), [[1, 0]] * 2),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_calls_are_answered(name):
    np.testing.assert_array_equal(*map(np.asarray, UNUSUAL[name]()))


def test_a_p_value_that_is_none_agrees_with_nothing():
    verdicts = judge([p_value("a", NAN, 1), p_value("b", 0.5, 1)], 0.01)
    assert [finding.agrees for finding in verdicts] == [False, True]
    assert isinstance(verdicts[0], Finding)


def test_groups_from_a_generator_are_run():
    """A check of the names must not use them up: a battery of nothing would agree."""
    report = run_battery(quick=True, only=(name for name in ["gates, complex128"]))
    assert report.agrees and report.findings


def test_refused_calls_leave_nothing_behind(tmp_path):
    check_refused(lambda: certified(directory=tmp_path / "new", alpha=2), "`alpha`")
    check_refused(lambda: save_picture(RY, tmp_path / "new" / "x.xyz"), "`path`")
    assert not list(tmp_path.iterdir())
