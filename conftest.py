"""For tests and doctests alike: the CPU, and a cache folder that is thrown away."""

from __future__ import annotations

import os

import pytest

# Before anything imports jax; JAX_PLATFORMS=cuda in the environment tests a GPU.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Modules that import the libraries jqkd is measured against, which need not be installed.
collect_ignore_glob = ["jqkd/bench/peers/*"]


@pytest.fixture(scope="session", autouse=True)
def _temporary_cache(tmp_path_factory):
    """No test reads or fills the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JQKD_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
