"""jqkd crosscheck and jqkd circuit, as a user types them."""

import json

import numpy as np
import pytest

from jqkd.crosscheck import from_qasm
from jqkd.quantum import h_ry

qiskit = pytest.importorskip("qiskit", reason="needs the qiskit extra")
STUDENT = "student --dataset digits --classes 0-3 --qubits 2 --per-class 10 --epochs 2 --seeds 2"


def test_a_trained_student_is_certified(run, tmp_path):
    code, _, err = run(*STUDENT.split(), "--teacher-epochs", 2, "--out", tmp_path)
    assert code == 0, err
    code, _out, err = run("crosscheck", "--run", tmp_path, "--no-noise")
    assert code == 0, err
    found = json.loads((tmp_path / "certificate.json").read_text())
    assert [c["student"] for c in found["certificates"]] == ["alone, seed 0", "distilled, seed 0"]
    assert all(c["agrees"] and len(c["digests"]["weights"]) == 16 for c in found["certificates"])
    # The simulator's own accuracy here is that of the result, up to shots: same images, weights.
    result = json.loads((tmp_path / "result.json").read_text())
    for certificate in found["certificates"]:
        arm = certificate["student"].split(",")[0]
        accuracy = result["arms"][arm]["test_accuracy"]["final"][0]
        images = result["images"]["test"]
        # Five standard deviations of the number of images that shots decide.
        error = certificate["agreement"]["same_error"] / images
        expected = certificate["agreement"]["same_expected"] / images
        assert abs(certificate["agreement"]["accuracy_there"] - accuracy) <= (
            1 - expected + 5 * error
        )


def test_more_students_than_there_are_is_one_sentence(run, tmp_path):
    run(*STUDENT.split(), "--teacher", "none", "--out", tmp_path)
    code, _, err = run("crosscheck", "--run", tmp_path, "--students", 3)
    assert code == 2 and "`--students` must be at most 2" in err


def test_a_folder_that_is_no_run_is_one_sentence(run, tmp_path):
    code, _, err = run("crosscheck", "--run", tmp_path)
    assert code == 2 and "has no result.json" in err and err.count("\n") == 1


def test_a_circuit_is_printed_drawn_and_written(run, tmp_path):
    qasm, picture = tmp_path / "c.qasm", tmp_path / "c.png"
    code, out, err = run("circuit", "--qubits", 2, "--qasm", qasm, "--picture", picture)
    assert code == 0, err
    assert "q1: ─H─RY(t1)─" in out and picture.read_bytes().startswith(b"\x89PNG")
    assert from_qasm(qasm.read_text()) == h_ry(2)


def test_a_circuit_without_qubits_is_one_sentence(run):
    code, _, err = run("circuit", "--qubits", 0)
    assert code == 2 and "`--qubits` must be an integer of at least 1" in err


def test_the_circuit_as_json_is_alone_on_standard_output(run):
    code, out, _ = run("circuit", "--preset", "paper-text", "--json", "-")
    assert code == 0 and json.loads(out)["angles"] == 10
    assert np.array([op[0] == "RY" for op in json.loads(out)["ops"]]).sum() == 10
