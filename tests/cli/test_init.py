"""jqkd init: a file that runs as it is, and is never written over another."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlparse

import pytest

from jqkd.experiments import toml


def test_the_example_is_written_and_can_be_run(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("init")
    assert code == 0 and "jqkd run mine.toml" in out
    text = (tmp_path / "mine.toml").read_text()
    (place,) = re.findall(r"\A#:schema (file:///\S+)\n", text)
    assert json.loads(Path(urlparse(place).path).read_text())["title"] == "Experiment of jqkd"
    assert toml.experiment(text).name == "mine"
    code, out, _ = run("run", "mine.toml", "--dry-run")
    # A teacher, its answers for two numbers of images, six arms of eight students.
    assert code == 0 and "51 jobs" in out
    assert list(tmp_path.iterdir()) == [tmp_path / "mine.toml"]


def test_its_name_is_that_of_its_file(run, tmp_path):
    assert run("init", tmp_path / "other.toml")[0] == 0
    assert toml.experiment((tmp_path / "other.toml").read_text()).name == "other"


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["there.toml"], "`file` must be a new file, but there.toml, which exists, was given"),
        (["mine.txt"], r"`file` must .*\.toml"),
        (["folder.toml"], "`file` must"),
        (["there.toml/mine.toml"], "`file` must"),
        (["demo.toml"], "`name` must be a text without / and : that no experiment of jqkd has"),
    ],
)
def test_wrong_calls_write_nothing(run, tmp_path, monkeypatch, words, match):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.toml").write_text("mine")
    (tmp_path / "folder.toml").mkdir()
    code, _, err = run("init", *words)
    assert code == 2 and err.count("\n") == 1 and re.search(match, err), err
    assert (tmp_path / "there.toml").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.toml", "there.toml"]
