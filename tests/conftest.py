"""Commands run in this process."""

import pytest


@pytest.fixture
def run(monkeypatch, capfd):
    """Exit code, standard output, standard error of a command line."""
    # Not every test needs both.
    from tests.command_lines import enter

    return lambda *words: (enter([*map(str, words)], monkeypatch), *capfd.readouterr())
