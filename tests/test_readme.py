"""The Python of README and docs, run as it stands; their commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from benchmarks import cli as benchmarks
from jqkd import cli
from jqkd.common.registry import KINDS

PAGES = ("README.md", "docs/machines.md")
TEXT = "\n".join((Path(__file__).parents[1] / page).read_text() for page in PAGES)
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
RUNNABLE = [block for block in BLOCKS if "qiskit_ibm_runtime" not in block]


@pytest.mark.parametrize("block", RUNNABLE, ids=lambda block: block.splitlines()[0][:40])
def test_a_block_runs(block):
    known = [(registry, dict(registry._classes)) for registry in KINDS.values()]
    try:
        # nnx.Module looks its annotations up in the module that defines it.
        exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})
    finally:  # What it registers is no part of jqkd.
        for registry, classes in known:
            registry._classes = classes


def test_there_are_blocks_and_one_is_for_hardware():
    assert len(RUNNABLE) >= 3 and len(BLOCKS) == len(RUNNABLE) + 1


@pytest.mark.parametrize(("name", "app"), [("jqkd", cli.app), (benchmarks.NAME, benchmarks.app)])
def test_every_command_and_option_exists(name, app):
    lines = re.findall(rf"^{re.escape(name)} (.+?)(?:\s+#.*)?$", TEXT, re.MULTILINE)
    assert lines
    for line in lines:
        words = line.split()
        found = typer.main.get_command(app)
        # A command that is no group has arguments after its name.
        while hasattr(found, "commands") and words and not words[0].startswith("-"):
            found = found.commands[words.pop(0)]
        known = {option for parameter in found.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line
