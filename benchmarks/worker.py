"""A peer's process: reads cells from standard input, answers on standard output, JSON lines.

``python -m benchmarks.worker PEER WORKLOAD``; the parent is ``runner``.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
from importlib import metadata
from typing import Any, TextIO

from benchmarks import peers, workloads
from benchmarks.timing import Unable, Way, peak_megabytes, steady, timed
from benchmarks.verify import fault
from benchmarks.workloads import Cell

# Inputs that take turns, so that no result can be kept from an earlier call.
_INPUTS = 4
# First calls go on, each with a newly made function, until they have taken this long.
_FIRST_SECONDS, _FIRST_CALLS = 1.0, 3
_LONG = 2.0


class Worker:
    """Keeps the functions of the cell in hand, so that rounds after the first need not compile."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._cell: Cell | None = None
        self._ways: dict[str, Way] = {}
        self._functions: dict[str, tuple[Any, list[tuple[Any, ...]]]] = {}

    def ways(self, cell: Cell) -> list[str]:
        """Forget the cell before, and say in which ways the peer answers this one."""
        self._functions.clear()
        self._cell = cell
        self._ways = {way.name: way for way in self._module.ways(cell)}
        return list(self._ways)

    def first(self, name: str) -> dict[str, Any]:
        """First calls, a second one, and what is wrong with the answers, if anything is."""
        way, cell = self._ways[name], self._cell
        angles = [workloads.angles(cell, number) for number in range(_INPUTS)]
        inputs = [way.prepare(a, 1000 + number) for number, a in enumerate(angles)]
        times: list[float] = []
        while not times or (sum(times) < _FIRST_SECONDS and len(times) < _FIRST_CALLS):
            function = way.build()
            spent, result = timed(function, *inputs[0])
            times.append(spent)
        wrong = self._fault(way, angles[0], result)
        # Where nothing is compiled, a long first call is as good as a second one.
        if wrong is None and (spent < _LONG or getattr(self._module, "COMPILES", True)):
            spent, result = timed(function, *inputs[1])
            wrong = self._fault(way, angles[1], result)
        self._functions[name] = function, inputs
        about = {"call": spent, "second": spent / way.units, "peak_mb": peak_megabytes()}
        return {"first": times, "wrong": wrong} | about

    def _fault(self, way: Way, asked: Any, result: Any) -> str | None:
        answer = way.answer(result)
        if isinstance(answer, tuple):
            asked, answer = answer
        return fault(self._cell, asked, answer)

    def more(self, name: str, seconds: float) -> dict[str, Any]:
        """Steady calls."""
        function, inputs = self._functions[name]
        units = self._ways[name].units
        times = [spent / units for spent in steady(function, inputs, seconds)]
        return {"steady": times, "peak_mb": peak_megabytes()}


def answer(worker: Worker, request: dict[str, Any]) -> dict[str, Any]:
    """Do what the parent asks; a peer's exception is an answer too."""
    try:
        if request["do"] == "ways":
            return {"ways": worker.ways(Cell(**request["cell"]))}
        if request["do"] == "first":
            return worker.first(request["way"])
        return worker.more(request["way"], request["seconds"])
    except Unable as reason:
        return {"unable": str(reason)}
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        return {"error": f"{type(error).__name__}: {lines[0][:200]}"}


def start(peer: peers.Peer, workload: str) -> tuple[Any, dict[str, Any]]:
    """Import the peer; versions, or why it cannot be had."""
    found = {name: installed(name) for name in peer.packages}
    missing = [name.replace("|", " or ") for name, version in found.items() if version is None]
    if missing:
        return None, {"missing": missing}
    try:
        spent, module = timed(importlib.import_module, f"benchmarks.peers.{peer.module}")
        module.start(workload)
    except Exception as error:
        return None, {"error": f"{type(error).__name__}: {str(error)[:200]}"}
    versions = dict(pair for pair in found.values() if pair is not None)
    return module, {"versions": versions, "import_seconds": spent}


def installed(names: str) -> tuple[str, str] | None:
    """Name and version of the first of ``a|b`` that is installed.

    Example:
        >>> installed("no-such-package|numpy")[0], installed("no-such-package")
        ('numpy', None)
    """
    for name in names.split("|"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            return name, metadata.version(name)
    return None


def private_output() -> TextIO:
    """Standard output for the parent alone; what libraries print goes to standard error."""
    own = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return own


def main(peer: str, workload: str) -> None:
    """Serve until standard input ends."""
    output = private_output()

    def say(message: dict[str, Any]) -> None:
        output.write(json.dumps(message) + "\n")
        output.flush()

    began = time.perf_counter()
    module, about = start(peers.PEERS[peer], workload)
    say(about | {"ready_seconds": time.perf_counter() - began})
    if module is None:
        return
    worker = Worker(module)
    for line in sys.stdin:
        say(answer(worker, json.loads(line)))


if __name__ == "__main__":
    main(*sys.argv[1:])
