"""For tests and doctests alike: the CPU, cache folders that are thrown away, long files first."""

from __future__ import annotations

import os
import tempfile

import pytest

# Before anything imports jax; JAX_PLATFORMS=cuda in the environment tests a GPU.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# One device, as tests share programs, and whoever trains first would choose how many there are.
os.environ.setdefault("JAX_NUM_CPU_DEVICES", "1")
# Annotations of arrays are executed where asked for (`make types`), before anything is imported.
if os.environ.get("JQKD_CHECK_TYPES") == "1":
    from jaxtyping import install_import_hook

    from tests import typed

    folders = ("quantum", "models", "training", "data", "statistics")
    install_import_hook([f"jqkd.{name}" for name in folders], f"{typed.__name__}.check")
# Modules that import the libraries jqkd is measured against, which need not be installed.
collect_ignore_glob = ["benchmarks/peers/*"]
# Of tests/: where the long files are. Two processes end together if short ones come last.
_FIRST = ("training", "experiments", "cli", "outside", "crosscheck", "quantum", "models")


def pytest_collection_modifyitems(items):
    """Long files first; the order within a file stays."""
    place = {name: number for number, name in enumerate(_FIRST)}
    items.sort(key=lambda item: place.get(item.path.parent.name, len(place)))


def pytest_configure(config):
    """Programs are compiled once for all processes of a run, those that tests start among them."""
    # By their number of tests, files with few long tests would come last.
    config.option.loadscopereorder = False
    if hasattr(config, "workerinput") or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = tempfile.TemporaryDirectory(prefix="jqkd-compiled-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = folder.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.1"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "0"


@pytest.fixture(scope="session", autouse=True)
def _temporary_cache(tmp_path_factory):
    """No test reads or fills the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JQKD_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
