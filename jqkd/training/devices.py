"""Independent runs over all devices: CPU cores count as devices too."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jqkd.common.cache import cache_folder
from jqkd.common.files import try_to_write


def setup() -> None:
    """Train on every CPU core, and keep compiled programs in jqkd's cache folder.

    The command line, ``distill``, ``train_students``, ``run_experiment`` and ``load_run`` do this
    themselves. A script calls it first where it uses JAX before, as JAX's first computation fixes
    the number of devices. What ``JAX_NUM_CPU_DEVICES``, ``XLA_FLAGS``,
    ``JAX_COMPILATION_CACHE_DIR`` or JAX's own configuration say already is left as it is.

    Warns:
        UserWarning: JAX has already started on fewer cores; once.

    Example:
        >>> setup()
    """
    use_all_cores()
    keep_compiled(cache_folder() / "compiled")


def use_all_cores() -> None:
    """Make every CPU core a device, unless JAX has been told how many there are."""
    if "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):
        return
    if getattr(jax.config, "jax_num_cpu_devices", -1) >= 0:
        return
    cores = num_cores()
    try:
        jax.config.update("jax_num_cpu_devices", cores)
    except RuntimeError:  # Too late.
        if jax.default_backend() == "cpu" and jax.local_device_count() < cores:
            _warn_late(jax.local_device_count(), cores)


@cache
def _warn_late(devices: int, cores: int) -> None:
    text = f"JAX has started on {devices} of {cores} cores, and students train on no more; call "
    warnings.warn(text + "jqkd.setup() before anything is computed with JAX.", stacklevel=4)


def num_cores() -> int:
    """Cores that this process may use: fewer than the machine has, where Python can tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep_compiled(folder: Path) -> None:
    """Keep compiled programs in a folder, so that a second start need not compile.

    Does nothing where JAX's configuration already names one, or where the folder cannot be
    written: JAX would say so for every program. Whoever can write into that folder can run code
    here: it should not come from a stranger.
    """
    if getattr(jax.config, "jax_compilation_cache_dir", None) is not None:
        return
    with contextlib.suppress(OSError):
        try_to_write(folder)
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def across_devices(function: Callable[..., Any]) -> Callable[..., Any]:
    """Map over runs, dealt out to as many devices as divide their number.

    On a CPU each device takes its runs one after another: one run keeps a core busy, and its
    bits cannot depend on how many there are beside it. Elsewhere they run under ``vmap``. What is
    returned has a leading axis of runs on all arguments but the first, which the runs share.
    """

    def batched(shared: Any, *args: Any) -> Any:
        if jax.default_backend() == "cpu":
            return lax.map(lambda run: function(shared, *run), args)
        return jax.vmap(partial(function, shared))(*args)

    def mapped(shared: Any, *args: Any) -> Any:
        mesh, spec = _mesh(len(jax.tree.leaves(args)[0])), PartitionSpec("runs")
        specs = (PartitionSpec(), *[spec] * len(args))
        # check_vma guards replicated outputs; here every output has the axis of runs.
        dealt = jax.shard_map(batched, mesh=mesh, in_specs=specs, out_specs=spec, check_vma=False)
        return dealt(shared, *args)

    return mapped


def place(runs: Any) -> Any:
    """Arrays with a leading axis of runs, put where ``across_devices`` wants them.

    Otherwise a second program is compiled for the second call, whose arguments come from the first.
    """
    mesh = _mesh(len(jax.tree.leaves(runs)[0]))
    return jax.device_put(runs, NamedSharding(mesh, PartitionSpec("runs")))


def _mesh(runs: int) -> Mesh:
    devices = jax.devices()
    count = max(d for d in range(1, len(devices) + 1) if runs % d == 0)
    return Mesh(np.array(devices[:count]), "runs")
