"""The Python of the README and of pages under docs, run as it stands; their commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from benchmarks import cli as benchmarks
from jqkd import cli
from jqkd.common.registry import KINDS

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", *(f"docs/{path.name}" for path in sorted(ROOT.glob("docs/*.md"))))
TEXTS = {page: (ROOT / page).read_text() for page in PAGES}
BLOCKS = [
    pytest.param(page, block, id=f"{page} {i}")
    for page, text in TEXTS.items()
    for i, block in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
]
RUNNABLE = [block for block in BLOCKS if "qiskit_ibm_runtime" not in block.values[1]]


@pytest.mark.parametrize(("page", "block"), RUNNABLE)
def test_a_block_runs(page, block, tmp_path, monkeypatch):
    if "pennylane" in block:
        pytest.importorskip("pennylane", reason='PennyLane is in "jqkd[pennylane]"')
    monkeypatch.chdir(tmp_path)
    kept = [(registry, dict(registry._classes)) for registry in KINDS.values()]
    try:
        # nnx.Module looks its annotations up in the module that defines it.
        exec(compile(block, page, "exec"), {"__name__": "__main__"})
    finally:  # What it registers is no part of jqkd.
        for registry, classes in kept:
            registry._classes = classes


def test_there_are_blocks_and_one_is_for_hardware():
    assert len(RUNNABLE) >= 3 and len(BLOCKS) == len(RUNNABLE) + 1


@pytest.mark.parametrize(("name", "app"), [("jqkd", cli.app), (benchmarks.NAME, benchmarks.app)])
def test_every_command_and_option_exists(name, app):
    lines = re.findall(rf"^{re.escape(name)} (.+?)(?:\s+#.*)?$", "\n".join(TEXTS.values()), re.M)
    assert lines
    for line in lines:
        words = line.split()
        found = typer.main.get_command(app)
        # A command that is no group has arguments after its name.
        while hasattr(found, "commands") and words and not words[0].startswith("-"):
            found = found.commands[words.pop(0)]
        known = {option for parameter in found.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line
