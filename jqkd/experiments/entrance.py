"""Where a worker's process begins: devices are set before anything imports JAX."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from jqkd.experiments.worker import Outcome


def settle(cores: int, gpu: str | None = None) -> None:
    """Give this process some cores, or one GPU; does nothing once JAX has started."""
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    import jax

    from jqkd.common.cache import cache_folder
    from jqkd.training.devices import keep_compiled

    if "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        with contextlib.suppress(RuntimeError):
            jax.config.update("jax_num_cpu_devices", cores)
    keep_compiled(cache_folder() / "compiled")


def work(order: dict[str, Any], names: Sequence[str]) -> Outcome:
    """Do jobs by name; whatever goes wrong ends them, not the worker."""
    from jqkd.experiments.worker import Order, Outcome, do_jobs

    try:
        return do_jobs(Order(**order), names)
    except Exception as error:
        return Outcome(failed=dict.fromkeys(names, str(error)))


def serve(pipe: Connection, order: dict[str, Any], cores: int, gpu: str | None) -> None:
    """A worker's life: names in, outcomes out, until its employer is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Its employer ends it.
    settle(cores, gpu)
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(work(order, pipe.recv()))
