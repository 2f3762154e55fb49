"""Certificates of students that learnt on a noisy machine: right ones pass, wrong ones do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.crosscheck import TrainedCircuit, compare
from jqkd.crosscheck.simulator import build, noisy_probabilities
from jqkd.crosscheck.students import students_of
from jqkd.models.noise import read_noise
from jqkd.quantum import Circuit, Op, hardware_efficient, outcome_probabilities
from jqkd.quantum.noise import NoiseModel
from jqkd.training.config import StudentConfig
from jqkd.training.student_run import StudentJob, run_student
from jqkd.training.trained import load_run

pytest.importorskip("qiskit_aer")
NOISE = read_noise("depolarising:0.1,amplitude-damping:0.2,gates=RY,readout:up=0.02,down=0.1")
N = 100


@pytest.fixture(scope="module")
def student() -> TrainedCircuit:
    angles = np.random.default_rng(0).uniform(-1, 1, (N, 6)).astype(np.float32)
    labels = np.arange(N) % 6
    circuit = hardware_efficient(3, 1)
    read = lambda frequencies: frequencies[:, :6]  # noqa: E731
    return TrainedCircuit("noisy", circuit, angles, labels, read, 2000, {}, noise=NOISE)


def test_a_right_one_agrees(student):
    found = compare(student, seed=1)
    assert found.agrees
    # It is the noise that is agreed on: without it, both sides are other machines.
    assert not compare(replace(student, noise=None), seed=1, simulator=always(NOISE)).agrees


def always(noise: NoiseModel):
    """A simulator that has this noise where none was asked for."""
    simulator = build("noisy")
    return replace(
        simulator, counts=lambda c, a, keys, shots, *_: simulator.counts(c, a, keys, shots, noise)
    )


def before(circuit: Circuit, angles, noise: NoiseModel):
    """Channels before their gates: behind an identity that stands in front of each."""
    ops = [op for gate in circuit.ops for op in (*(Op("I", (w,)) for w in gate.wires), gate)]
    rules = tuple(replace(rule, gates=("I",)) for rule in noise.after)
    made = Circuit(circuit.num_qubits, tuple(ops))
    return outcome_probabilities(made, angles, rule=None, noise=replace(noise, after=rules))


def other(text: str):
    return lambda circuit, angles, noise: noisy_probabilities(circuit, angles, read_noise(text))


WRONG = {
    "before the gate": before,
    "squared": other("depolarising:0.01,amplitude-damping:0.04,gates=RY,readout:up=0.02,down=0.1"),
    "no readout": other("depolarising:0.1,amplitude-damping:0.2,gates=RY"),
    "readout the other way": other(
        "depolarising:0.1,amplitude-damping:0.2,gates=RY,readout:up=0.1,down=0.02"
    ),
    "damping on all gates": other(
        "depolarising:0.1,amplitude-damping:0.2,readout:up=0.02,down=0.1"
    ),
    "on one wire": lambda circuit, angles, noise: outcome_probabilities(
        Circuit(3, tuple(op if op.wires != (2,) else replace(op, name="RX") for op in circuit.ops)),
        angles,
        rule=None,
        noise=noise,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_noise_is_told_apart(student, name):
    simulator = build(name, noisy=WRONG[name])
    assert not compare(student, seed=1, simulator=simulator).agrees


def test_a_trained_one_is_seen_again_as_recorded(tmp_path):
    """By the keys of its own last evaluation, under its noise."""
    config = StudentConfig(
        "digits", "0-1", 2, preset="robust", epochs=1, per_class=6, batch_size=6, shots=300,
        noise="depolarising:0.05,readout:0.03",
    )  # fmt: skip
    run_student(StudentJob(config, None, (0,)), out=tmp_path)
    (student,) = students_of(load_run(tmp_path), [0])
    assert student.noise == read_noise(config.noise)
    found = compare(student, seed=1)
    names = [finding.name for finding in found.findings]
    assert found.agrees and "test loss as recorded" in names
    ideal = compare(replace(student, noise=None), seed=1)
    recorded = next(one for one in ideal.findings if one.name == "test loss as recorded")
    assert not recorded.agrees


def test_a_prepared_state_is_refused(tmp_path):
    config = StudentConfig(
        "digits", "0-1", 2, preset="pure", ansatz="layered:layers=1", readout="register:bits=1",
        features="grid", epochs=1, per_class=6, batch_size=6, shots=None,
        noise="depolarising:0.05",
    )  # fmt: skip
    run_student(StudentJob(config, None, (0,)), out=tmp_path)
    with pytest.raises(InputError, match="whose noisy machine runs the whole circuit"):
        list(students_of(load_run(tmp_path), [0]))
