"""Variants of a preset at the command line: certified and drawn where they have a circuit."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx

from jqkd._checks import InputError
from jqkd.cli.crosscheck import check_has_circuit
from jqkd.crosscheck.students import students_of
from jqkd.models import NETWORKS, build_student
from jqkd.models.functional import functional
from jqkd.training.config import TRAINING, StudentConfig
from jqkd.training.runs import Run
from jqkd.training.student_run import StudentJob
from jqkd.training.trained import TrainedRun
from tests.quantum.dense import simulate


def untrained(preset):
    """A run of one seed whose student has only been made."""
    config = StudentConfig("digits", "0-1", 2, preset, shots=None)
    model = functional(lambda rngs: build_student(preset, 2, rngs=rngs))
    params = jax.tree.map(lambda leaf: leaf[None], model.init(jax.random.key(0)))
    record = {"seeds": [0], "curves": {"test_loss": [[0.5]]}, "test_accuracy": {"final": [0.5]}}
    job = StudentJob(config, None, (0,))
    result = {"arms": {"alone": record}, "environment": {"platform": "cpu"}}
    return TrainedRun(Path(), job, result, [Run(0, "alone")], params)


@pytest.mark.parametrize("preset", ["robust/closed-form", "robust/entangled", "robust/random"])
def test_what_is_certified_is_the_students_circuit(preset):
    """Dense matrices over the circuit and its angles give what the student's own layer gives."""
    trained = untrained(preset)
    (student,) = students_of(trained, (0,))
    assert student.circuit == NETWORKS[preset].circuit(2)
    build = functional(lambda rngs: build_student(preset, 2, rngs=rngs))
    mine = build.module(jax.tree.map(lambda leaf: leaf[0], trained.params))
    angles = student.angles[:3]
    wanted = [np.abs(simulate(student.circuit, row)) ** 2 for row in angles]
    np.testing.assert_allclose(mine.layer(angles), wanted, rtol=0, atol=1e-6)
    assert student.predict(np.eye(4)[:2]).tolist() == [0, 1]


def test_what_has_no_circuit_is_refused(run):
    with pytest.raises(InputError, match="`run` must be of a preset with a circuit, but preset"):
        check_has_circuit("run", "robust/classical")
    code, _, err = run("circuit", "--preset", "robust/classical")
    assert code == 2 and "robust/classical, which has none" in err
    code, out, err = run("circuit", "--preset", "robust/entangled", "--qubits", 2)
    assert code == 0 and out.count("CZ") == 4, err


def test_a_variant_is_trained_as_its_base(run):
    base, variant = (
        StudentConfig("digits", "0-1", 2, name) for name in ("robust", "robust/random")
    )
    assert variant.to_json() | {"preset": "robust"} == base.to_json()
    assert (variant.epochs, variant.batch_size) == tuple(
        TRAINING["robust"][name] for name in ("epochs", "batch_size")
    )
    paper = StudentConfig("digits", "0-1", 2, "paper-code/scaled-head")
    assert (paper.epochs, paper.batch_size, paper.head) == (10, 1, "scaled-probability")
    data = ["--dataset", "digits", "--classes", "0-1", "--qubits", 2, "--teacher", "none"]
    code, _, err = run("student", *data, "--preset", "robust/closed-form", "--shots", 100)
    assert code == 2 and "`--shots` must be exact" in err and "which runs no circuit" in err
    code, _, err = run("student", *data, "--preset", "robust/nothing")
    assert code == 2 and "`--preset` must be one of paper-code, paper-text, robust," in err


@pytest.mark.parametrize("name", [name for name, p in NETWORKS.items() if p.is_quantum])
def test_every_variant_has_as_many_angles_as_its_circuit(name):
    angles = lambda images: build_student(name, 3, rngs=nnx.Rngs(0)).angles(images)  # noqa: E731
    shape = jax.eval_shape(angles, jax.ShapeDtypeStruct((1, 28, 28), np.float32)).shape
    assert shape == (1, NETWORKS[name].circuit(3).num_angles)
