"""Commands run in this process; programs that run once are compiled quickly."""

import jax
import pytest


@pytest.fixture
def run(monkeypatch, capfd):
    """Exit code, standard output, standard error of a command line."""
    # Not every test needs both.
    from tests.command_lines import enter

    return lambda *words: (enter([*map(str, words)], monkeypatch), *capfd.readouterr())


def optimise(yes):
    """Let XLA optimise from now on, or not; what it has compiled otherwise is forgotten."""
    if jax.config.read("jax_disable_most_optimizations") == yes:
        jax.config.update("jax_disable_most_optimizations", not yes)
        jax.clear_caches()


@pytest.fixture(scope="module", autouse=True)
def _compiler(request):
    """Where a module is not marked ``quick``, bits are those of the package as it is used."""
    optimise(request.node.get_closest_marker("quick") is None)
