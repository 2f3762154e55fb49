"""The clock: a first call, then calls until a share of time is used up."""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


class Unable(Exception):
    """A peer that has no way to answer a question; says why."""


@dataclass(frozen=True)
class Way:
    """One way in which a peer answers a cell.

    Attributes:
        name: what is done, for the record.
        build: makes a fresh function, to be compiled at its first call. It takes what ``prepare``
            returns and comes back when the answer is there.
        prepare: (angles (B, P) float32, a seed) -> the function's arguments; not timed.
        answer: the function's result as an array, in outcome order; not timed. Where the peer
            chose the angles itself, a pair (angles, answer).
        units: how many units of work one call is; times are divided by it.
    """

    name: str
    build: Callable[[], Callable[..., Any]]
    prepare: Callable[[np.ndarray, int], tuple[Any, ...]]
    answer: Callable[[Any], Any]
    units: int = 1


def timed(function: Callable[..., Any], *args: Any) -> tuple[float, Any]:
    """Seconds of one call, and what it returned."""
    start = time.perf_counter()
    result = function(*args)
    return time.perf_counter() - start, result


def steady(
    function: Callable[..., Any], inputs: list[tuple[Any, ...]], seconds: float, most: int = 200
) -> list[float]:
    """Seconds of calls with inputs that take turns, until the share of time is used up.

    Args:
        function: compiled already.
        inputs: arguments, one tuple a call.
        seconds: how long to go on; there is at least one call.
        most: how many calls there are at most.
    """
    times: list[float] = []
    gc.collect()
    end = time.perf_counter() + seconds
    while not times or (time.perf_counter() < end and len(times) < most):
        spent, _ = timed(function, *inputs[len(times) % len(inputs)])
        times.append(spent)
    return times


def peak_megabytes() -> float:
    """Most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
