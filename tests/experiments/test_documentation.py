"""What docs/experiments.md shows: files are experiments, code runs as written, commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jqkd.common.plugins import load_plugin
from jqkd.experiments import search, toml
from jqkd.experiments.catalogue import EXPERIMENTS
from tests.command_lines import COMMANDS

DOCS = Path(__file__).parents[2] / "docs" / "experiments.md"
TEXT = DOCS.read_text(encoding="utf-8") if DOCS.exists() else ""
pytestmark = pytest.mark.skipif(not TEXT, reason="the package is not run from its repository")


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)


def test_files_are_experiments():
    few, searched = blocks("toml")
    experiment = toml.experiment(few)
    taught = [arm for arm in experiment.arms if arm.teacher]
    assert (len(experiment.arms), len(taught)) == (14, 12) and len(experiment.comparisons) == 13
    names = re.findall(r"`(taught-per_class\S+?)`", TEXT)
    assert names and set(names) <= {arm.name for arm in taught}
    assert set(search.search_of(toml.parsed(searched)).space) == {"learning_rate", "temperature"}


def test_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own, entry = blocks("python")
    names: dict = {}
    exec(compile(own, "experiments.md", "exec"), names)
    assert {name: len(values) for name, values in names["accuracies"].items()} == {
        "alone": 2,
        "taught": 2,
    }
    assert names["files"][0] == Path("runs/reports/mine/report.md")
    path = tmp_path / "sizes.py"
    path.write_text(entry, encoding="utf-8")
    try:
        load_plugin(str(path))
        assert len(EXPERIMENTS.build("sizes:images=5+10+15").experiment().arms) == 3
    finally:
        EXPERIMENTS._classes.pop("sizes", None)


def test_commands_exist():
    lines = re.findall(r"(?:^|`)jqkd ([a-z]+)((?: +[^`\n]+)?)", TEXT, re.MULTILINE)
    assert {name for name, _ in lines} >= {"run", "init", "search", "report", "list"}
    for name, words in lines:
        known = {option for param in COMMANDS[name].params for option in param.opts}
        assert {word for word in words.split() if word.startswith("--")} <= known, (name, words)


def test_experiments_of_the_catalogue_exist():
    names = re.findall(r"`(?:jqkd run )?(images\S*?)`", TEXT)
    assert names and all(EXPERIMENTS.build(name).experiment().curves for name in names)
