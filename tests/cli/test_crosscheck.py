"""jqkd crosscheck and jqkd circuit, as a user types them."""

import dataclasses
import json
import shutil
import sys

import jax
import numpy as np
import pytest

from jqkd import cli
from jqkd.cli import crosscheck as command
from jqkd.crosscheck import agreement, certificate
from jqkd.quantum import Circuit, h_ry
from tests.crosscheck.controls import h_omitted, run_control

qiskit = pytest.importorskip("qiskit", reason="needs the qiskit extra")
STUDENT = (
    "student --dataset digits --classes 0-3 --qubits 2 --per-class 10 --epochs 2 "
    "--seeds 2 --shots 500"
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder of two seeds, alone and distilled."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        words = [*STUDENT.split(), "--teacher-epochs", "2", "--out", str(folder)]
        patch.setattr(sys, "argv", ["jqkd", *words])
        patch.setattr(cli, "setup", lambda: None)
        with pytest.raises(SystemExit) as stop:
            cli.main()
    assert not stop.value.code
    return folder


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    """A copy of it."""
    monkeypatch.setattr(agreement, "_RUNS", 50)
    return shutil.copytree(trained, tmp_path / "copy")


def test_a_trained_student_is_certified(run, folder):
    tmp_path = folder
    code, _out, err = run("crosscheck", "--run", tmp_path, "--no-noise")
    assert code == 0, err
    written = json.loads((tmp_path / "certificate.json").read_text())
    assert [c["student"] for c in written["certificates"]] == ["alone, seed 0", "distilled, seed 0"]
    assert all(c["agrees"] and len(c["digests"]["weights"]) == 16 for c in written["certificates"])
    # The simulator's own accuracy here is that of the result, up to shots: same images, weights.
    result = json.loads((tmp_path / "result.json").read_text())
    for made in written["certificates"]:
        arm = made["student"].split(",")[0]
        accuracy = result["arms"][arm]["test_accuracy"]["final"][0]
        images = result["images"]["test"]
        # Five standard deviations of the number of images that shots decide.
        error = made["agreement"]["same_error"] / images
        expected = made["agreement"]["same_expected"] / images
        assert abs(made["agreement"]["accuracy_there"] - accuracy) <= (1 - expected + 5 * error)


def rows_of(order):
    """The weights of other students: rows are alone 0, alone 1, distilled 0, distilled 1."""

    def change(params):
        return jax.tree.map(lambda leaf: np.asarray(leaf)[order], params)

    return change


def one_weight(params):
    """One bias of the first student, out of some 20,000 weights."""
    changed = jax.tree.map(np.array, params)
    changed["features"]["dense2"]["bias"][0, 0] += 0.05
    return changed


def disagreeing(folder):
    """Names of what disagrees, student by student."""
    written = json.loads((folder / "certificate.json").read_text())["certificates"]
    parts = [[*c["agreement"]["findings"], c["round_trip"]] for c in written]
    return [[f["name"] for f in part if not f["agrees"]] for part in parts]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (rows_of([2, 3, 0, 1]), (True, True)),
        (rows_of([1, 0, 3, 2]), (True, True)),
        (one_weight, (True, False)),
    ],
    ids=["arms swapped", "another seed", "one weight"],
)
def test_weights_that_are_not_the_recorded_ones_are_exit_code_1(
    run, folder, change, expected, monkeypatch
):
    """Aer agrees with any weights: that they are this run's, its own result has to say."""
    load_run = command.load_run

    def other(path):
        loaded = load_run(path)
        return dataclasses.replace(loaded, params=change(loaded.params))

    monkeypatch.setattr(command, "load_run", other)
    code, out, _err = run("crosscheck", "--run", folder, "--no-noise")
    assert code == 1 and "DISAGREE" in out
    seen = disagreeing(folder)
    assert tuple("test loss as recorded" in names for names in seen) == expected
    assert not any("shots" in name for names in seen for name in names)


def test_a_result_that_says_something_else_is_exit_code_1(run, folder):
    path = folder / "result.json"
    result = json.loads(path.read_text())
    result["arms"]["distilled"]["test_accuracy"]["final"][0] += 0.01
    result["arms"]["alone"]["curves"]["test_loss"].reverse()
    path.write_text(json.dumps(result))
    code, _, err = run("crosscheck", "--run", folder, "--no-noise")
    assert code == 1, err
    # Another seed's curve, and an accuracy of two images more.
    assert disagreeing(folder) == [["test loss as recorded"], ["test accuracy as recorded"]]
    del result["arms"]["distilled"]["curves"]["test_loss"]
    path.write_text(json.dumps(result))
    code, _, err = run("crosscheck", "--run", folder, "--no-noise")
    assert code == 2 and "result.json is damaged (KeyError); train again" in err


def test_a_failed_round_trip_is_exit_code_1(run, folder, monkeypatch):
    monkeypatch.setattr(certificate, "from_qasm", lambda text: Circuit(2, h_ry(2).ops[:2]))
    monkeypatch.setattr(certificate, "_ROUND_TRIPS", 1)
    code, out, _ = run("crosscheck", "--run", folder, "--no-noise")
    assert code == 1 and "DISAGREEMENT" in out
    assert disagreeing(folder) == [["OpenQASM 3 round trip"]] * 2


def test_a_battery_that_disagrees_is_exit_code_1(run, monkeypatch, tmp_path):
    report = run_control(h_omitted(), "states, complex64")
    for agrees, expected in ((False, 1), (True, 0)):
        made = dataclasses.replace(report, agrees=agrees)
        monkeypatch.setattr(command, "run_battery", lambda made=made, **_: made)
        code, out, err = run("crosscheck", "--quick", "--json", tmp_path / "b.json")
        assert code == expected, err
        assert ("DISAGREEMENT" in out) == (not agrees)
        assert json.loads((tmp_path / "b.json").read_text())["agrees"] is agrees


def test_more_students_than_there_are_is_one_sentence(run, folder):
    code, _, err = run("crosscheck", "--run", folder, "--students", 3)
    assert code == 2 and "`--students` must be at most 2" in err


def test_a_folder_that_is_no_run_is_one_sentence(run, tmp_path):
    code, _, err = run("crosscheck", "--run", tmp_path)
    assert code == 2 and "has no result.json" in err and err.count("\n") == 1


def test_a_circuit_is_printed_drawn_and_written(run, tmp_path):
    qasm, picture = tmp_path / "c.qasm", tmp_path / "c.png"
    code, out, err = run("circuit", "--qubits", 2, "--qasm", qasm, "--picture", picture)
    assert code == 0, err
    assert "q1: ─H─RY(x1)─" in out and picture.read_bytes().startswith(b"\x89PNG")
    assert Circuit.from_qasm(qasm) == h_ry(2).as_data()


def test_a_circuit_without_qubits_is_one_sentence(run):
    code, _, err = run("circuit", "--qubits", 0)
    assert code == 2 and "`--qubits` must be an integer of at least 1" in err


def test_the_circuit_as_json_is_alone_on_standard_output(run):
    code, out, _ = run("circuit", "--preset", "paper-text", "--json", "-")
    assert code == 0 and json.loads(out)["angles"] == 10
    assert np.array([op[0] == "RY" for op in json.loads(out)["ops"]]).sum() == 10
