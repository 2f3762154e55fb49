"""The cache as a user sets it: what is wrong is one sentence and exit code 2, before the work."""

import json
import os

import pytest

from jqkd.training import teacher_store

WORDS = ["student", "--dataset", "digits", "--classes", "0-1", "--qubits", "1", "--epochs", "1"]


@pytest.mark.parametrize("chosen", ["file", "file/cache", "loop", ""])
def test_a_cache_that_is_no_folder(run, tmp_path, monkeypatch, chosen):
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path / chosen) if chosen else "")
    code, out, err = run(*WORDS, "--json", tmp_path / "result.json")
    assert code == 2 and err.startswith("jqkd: JQKD_CACHE is ") and err.count("\n") == 1
    assert out == "" and sorted(p.name for p in tmp_path.iterdir()) == ["file", "loop"]


def test_a_cache_that_cannot_be_written_is_told_before_a_teacher_is_trained(
    run, tmp_path, monkeypatch
):
    monkeypatch.setattr(teacher_store, "train_teacher", lambda *_, **__: pytest.fail("trained"))
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "teachers").write_text("")
    monkeypatch.setenv("JQKD_CACHE", str(folder))
    code, _, err = run(*WORDS)
    assert code == 2 and "Traceback" not in err
    assert err.splitlines()[-1].startswith(f"jqkd: The cache folder {folder}")
    assert err.rstrip().endswith("set JQKD_CACHE to a folder that can be written and has room.")


@pytest.mark.parametrize("text", ["null", "[" * 100_000, '{"schema": 1, "kind": "student"}', "{}"])
def test_a_damaged_result_is_one_sentence(run, tmp_path, text):
    (tmp_path / "result.json").write_text(text)
    code, _, err = run("audit", "--run", tmp_path)
    assert code == 2 and err.count("\n") == 1
    assert f"{tmp_path / 'result.json'} cannot be read or is damaged" in err
    assert err.endswith("train again.\n")


@pytest.mark.parametrize(
    "change",
    [{"student": {"dataset": "none"}}, {"student": [1]}, {"teacher": [1]}, {"seeds": [0, 0]}],
)
def test_a_result_of_wrong_values_names_the_file(run, tmp_path, change):
    student = {"dataset": "digits", "classes": "0-1", "qubits": 1}
    result = {"schema": 1, "kind": "student", "student": student, "teacher": None, "seeds": [0]}
    (tmp_path / "result.json").write_text(json.dumps(result | {"arms": {}} | change))
    code, _, err = run("audit", "--run", tmp_path)
    assert code == 2 and err.count("\n") == 1 and os.fspath(tmp_path / "result.json") in err
