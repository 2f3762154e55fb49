"""Students of other parts at the command line: certified, drawn, and read back with a plug-in."""

from __future__ import annotations

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.cli.crosscheck import check_has_circuit
from jqkd.common import plugins
from jqkd.crosscheck.students import students_of
from jqkd.models import ANSATZE, PRESETS
from jqkd.models.functional import functional
from jqkd.training.config import StudentConfig
from jqkd.training.student_run import StudentJob
from jqkd.training.students import Run
from jqkd.training.trained import TrainedRun
from tests.quantum.dense import simulate

WORDS = "--dataset digits --classes 0-1 --qubits 1 --teacher none --seeds 1 --per-class 4"
DATA = WORDS.split()
PART = """
from dataclasses import dataclass

from jqkd.models import ANSATZE, Ansatz
from jqkd.quantum import Circuit, Op, weight


@ANSATZE.register("turned")
@dataclass(frozen=True)
class Turned(Ansatz):
    def circuit(self, qubits):
        return Circuit(qubits, [Op("RX", (0,), filled=weight(0))])
"""


def untrained(**parts):
    """A run of one seed whose student has only been made."""
    config = StudentConfig("digits", "0-1", 2, "robust", shots=None, **parts)
    shape = config.image_shape
    model = functional(lambda rngs: config.spec.build(rngs=rngs, image_shape=shape))
    params = jax.tree.map(lambda leaf: leaf[None], model.init(jax.random.key(0)))
    record = {"seeds": [0], "curves": {"test_loss": [[0.5]]}, "test_accuracy": {"final": [0.5]}}
    job = StudentJob(config, None, (0,))
    result = {"arms": {"alone": record}, "environment": {"platform": "cpu"}}
    return TrainedRun(Path(), job, result, [Run(0, "alone")], params, None), model


@pytest.mark.parametrize(
    "parts", [{"stand_in": "closed-form"}, {"ansatz": "entangling"}, {"ansatz": "frozen"}]
)
def test_what_is_certified_is_the_students_circuit(parts):
    """Dense matrices over the circuit and its angles give what the student's own layer gives."""
    trained, model = untrained(**parts)
    (student,) = students_of(trained, (0,))
    assert student.circuit == trained.job.config.spec.circuit
    own = model.module(jax.tree.map(lambda leaf: leaf[0], trained.params))
    angles = student.angles[:3]
    exact = [np.abs(simulate(student.circuit, row)) ** 2 for row in angles]
    np.testing.assert_allclose(own.layer(angles), exact, rtol=0, atol=1e-6)
    assert student.predict(np.eye(4)[:2]).tolist() == [0, 1]


def test_a_circuit_of_other_parts_is_drawn_and_what_has_none_is_not_certified(run):
    classical = PRESETS["robust"].spec(2, stand_in="classical")
    with pytest.raises(InputError, match="`run` must be of a student with a circuit, but conv"):
        check_has_circuit("run", classical)
    words = ("circuit", "--preset", "robust", "--ansatz", "entangling", "--qubits", 2)
    code, out, err = run(*words, "--json", "-")
    assert code == 0 and err.count("CZ") == 4, err
    drawn = json.loads(out)
    assert (drawn["data"], drawn["weights"]) == (2, 4)
    assert (drawn["encoding"], drawn["ansatz"]) == ("angle:turn=0.5", "entangling")


@pytest.fixture
def part(tmp_path, monkeypatch):
    """A plug-in's file; its part is forgotten afterwards."""
    monkeypatch.setattr(plugins, "_loaded", {})
    monkeypatch.setattr(ANSATZE, "_classes", dict(ANSATZE._classes))
    monkeypatch.setattr(ANSATZE, "_plugins", dict(ANSATZE._plugins))
    path = tmp_path / "turned.py"
    path.write_text(PART)
    return path


def test_a_part_from_a_plugin_is_used_where_it_is_loaded_and_missed_where_it_is_not(
    run, part, tmp_path, monkeypatch
):
    words = ("--epochs", 1, "--plugin", part, "--ansatz", "turned", "--out", tmp_path / "run")
    code, _, err = run("student", *DATA, *words)
    assert code == 0, err
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["student"]["ansatz"] == "turned" and [*result["plugins"]] == ["turned.py"]
    code, _, err = run("audit", "--run", tmp_path / "run", "--plugin", part)
    assert code == 0, err
    # As another process begins.
    monkeypatch.setattr(plugins, "_loaded", {})
    del ANSATZE._classes["turned"], ANSATZE._plugins["turned"]
    for command in ("audit", "crosscheck"):
        code, _, err = run(command, "--run", tmp_path / "run")
        assert code == 2 and "has parts from plug-in turned.py" in err and err.count("\n") == 1
    part.write_text(PART + "# another source\n")
    code, _, err = run("audit", "--run", tmp_path / "run", "--plugin", part)
    assert code == 2 and "has parts from plug-in turned.py (source" in err


def test_a_file_of_options_is_as_good_as_the_command_line(run, tmp_path):
    (tmp_path / "one.toml").write_text('shots = "exact"\nepochs = 1\nbatch_size = 8\n')
    words = ("student", *DATA, "--json", "-")
    code, from_file, err = run(*words, "--config", tmp_path / "one.toml")
    assert code == 0, err
    typed = run(*words, "--shots", "exact", "--epochs", 1, "--batch-size", 8)[1]
    assert json.loads(from_file)["digest"] == json.loads(typed)["digest"]
    assert json.loads(typed)["student"]["shots"] is None
