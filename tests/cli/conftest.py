"""Commands run in this process."""

import sys

import pytest

from jqkd import cli


@pytest.fixture
def run(monkeypatch, capfd):
    """Exit code, standard output, standard error of a command line."""

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["jqkd", *map(str, words)])
        # The devices of this process are chosen already.
        monkeypatch.setattr(cli, "use_all_cores", lambda: None)
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capfd.readouterr()

    return command
