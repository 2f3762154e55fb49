"""The README's Python, run as it stands; its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from benchmarks import cli as benchmarks
from jqkd import cli

TEXT = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
RUNNABLE = [block for block in BLOCKS if "qiskit_ibm_runtime" not in block]


@pytest.mark.parametrize("block", RUNNABLE, ids=lambda block: block.splitlines()[0][:40])
def test_a_block_runs(block):
    # nnx.Module looks its annotations up in the module that defines it.
    exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})


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
