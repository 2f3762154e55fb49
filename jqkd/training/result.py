"""What a result says beside its numbers: accuracies by protocol, versions, device, time."""

from __future__ import annotations

import os
import platform
import time
from importlib import metadata
from typing import Any

import jax
import numpy as np

from jqkd import __version__

RESULT_SCHEMA = 1
_PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


class Stopwatch:
    """Wall time since it was made, and how much of it JAX spent on tracing and compiling.

    Example:
        >>> sorted(Stopwatch().seconds())
        ['compile', 'run', 'total']
    """

    _compile_seconds = 0.0
    _listening = False

    def __init__(self) -> None:
        if not Stopwatch._listening:
            jax.monitoring.register_event_duration_secs_listener(self._listen)
            Stopwatch._listening = True
        self._start = time.perf_counter()
        self._compiled = Stopwatch._compile_seconds

    @staticmethod
    def _listen(event: str, duration_secs: float, **_: str | int) -> None:
        if event.startswith("/jax/core/compile/"):
            Stopwatch._compile_seconds += duration_secs

    def seconds(self) -> dict[str, float]:
        """Seconds in total, compiling (tracing included), and running (the rest)."""
        total = time.perf_counter() - self._start
        compiling = Stopwatch._compile_seconds - self._compiled
        parts = {"total": total, "compile": compiling, "run": total - compiling}
        return {name: round(value, 3) for name, value in parts.items()}


def protocols(validation_loss: Any, test_accuracy: Any, validation_accuracy: Any) -> dict[str, Any]:
    """Test accuracy by three protocols, for one run or for R.

    Args:
        validation_loss: shape ``(..., E)``; breaks ties between epochs of equal accuracy.
        test_accuracy: shape ``(..., E)``, in [0, 1].
        validation_accuracy: shape ``(..., E)``.

    Returns:
        ``final``: last epoch; ``picked``: the epoch best on validation; ``best``: the epoch best
        on test, as the paper reports; each of shape ``(...)``. ``picked_epoch``, from 1, counts
        the epochs that are there.

    Example:
        >>> protocols([0.3, 0.2], [0.9, 0.8], [0.5, 0.5])["picked"].item()
        0.8
    """
    loss, test, validation = map(np.asarray, (validation_loss, test_accuracy, validation_accuracy))
    best_validation = validation == validation.max(-1, keepdims=True)
    picked = np.where(best_validation, loss, np.inf).argmin(-1)
    return {
        "final": test[..., -1],
        "picked": np.take_along_axis(test, picked[..., None], -1)[..., 0],
        "best": test.max(-1),
        "picked_epoch": picked + 1,
    }


def environment() -> dict[str, Any]:
    """Versions and device, for the record."""
    device = jax.devices()[0]
    kind = device.device_kind if device.platform != "cpu" else f"{os.cpu_count()} CPU cores"
    return {
        "jqkd": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _PACKAGES},
        "platform": device.platform,
        "device": kind,
        "devices": jax.device_count(),
    }
