"""What is measured of jqkd alone: whole rows, both tables, growth, cores, memory.

Each part runs in a new process, see ``parts``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.parts import EPOCHS, TABLE_EPOCHS
from benchmarks.processes import environment
from jqkd._checks import InputError

_PATIENCE = 900.0


def in_new_process(name: str, **options: Any) -> tuple[dict[str, Any], float]:
    """A part of a study in a process of its own.

    Args:
        name: a name of ``parts.PARTS``.
        options: ``cores`` to keep to so many cores, ``cache`` for the cache folder; the rest
            goes to the part.

    Returns:
        What it says, and the seconds from its start to its end.

    Raises:
        InputError: it failed.
    """
    variables = environment() | {"JQKD_CACHE": str(options.pop("cache"))}
    command = [sys.executable, "-m", "benchmarks.parts", name, json.dumps(options)]
    started = time.perf_counter()
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=variables, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"Study {name} took over {_PATIENCE:.0f} s and was given up.") from None
    seconds = time.perf_counter() - started
    if done.returncode:
        raise InputError(f"Study {name} failed: {(done.stderr.splitlines() or [''])[-1]}")
    return json.loads(done.stdout.splitlines()[-1]), seconds


def cold_row() -> dict[str, Any]:
    """T2: one row, as `jqkd student` trains it, each time in a new process.

    First on a machine where nothing is kept, then with the data set read once (cold), then with
    its programs compiled once as well (warm).
    """
    found: dict[str, Any] = {"title": "T2: one row in a new process, seconds over its epochs"}
    with tempfile.TemporaryDirectory() as cache:
        for state in ("nothing kept", "cold", "warm"):
            if state == "cold":
                shutil.rmtree(Path(cache) / "compiled", ignore_errors=True)
            said, wall = in_new_process("row", cache=cache)
            found[state] = wall - len(said["epochs"]) * median(said["epochs"][1:])
            found[f"{state}: parts"] = said["parts"]
    return found | {name: said[name] for name in ("dataset", "peak_mb")}


def both_tables() -> dict[str, Any]:
    """T3: the 24 student rows of both tables, one seed each; data sets decoded beforehand."""
    with tempfile.TemporaryDirectory() as cache:
        in_new_process("data", cache=cache)
        said, wall = in_new_process("tables", cache=cache)
    left = TABLE_EPOCHS - EPOCHS
    steps = sum(TABLE_EPOCHS * row["epoch"] for row in said["rows"])
    total = wall + left * sum(row["epoch"] for row in said["rows"])
    return {
        "title": f"T3: 24 student rows; {EPOCHS} epochs run, the others reckoned like the last",
        "ratio": total / steps,
        "seconds": total,
        "seconds of its epochs": steps,
        "programs per width": said["programs"] / said["widths"],
        "programs": said["names"],
        "images": said["images"],
    }


def cores() -> dict[str, Any]:
    """Eight seeds on two cores over the same on one."""
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        return {"title": "Eight seeds on two cores: not measured, needs Linux and two cores"}
    with tempfile.TemporaryDirectory() as cache:
        runs = {n: in_new_process("seeds", cache=cache, cores=n, seeds=[8])[0] for n in (1, 2)}
    rates = {n: said["images per second"]["8"] for n, said in runs.items()}
    return {
        "title": "Eight seeds, training images per second",
        "one core": rates[1],
        "two cores": rates[2],
        "ratio": rates[2] / rates[1],
        "peak_mb": runs[2]["peak_mb"],
    }


def growth() -> dict[str, Any]:
    """Training images per second by number of seeds, batch size, and qubits."""
    sizes = {
        "seeds": [1, 2, 4, 8, 16, 64],
        "batch": [1, 10, 50],
        "qubits": [2, 3, 4, 6, 8],
    }
    found: dict[str, Any] = {"title": "Growth: training images per second"}
    with tempfile.TemporaryDirectory() as cache:
        for kind, values in sizes.items():
            said, _ = in_new_process("seeds", cache=cache, **{kind: values})
            found[kind] = said["images per second"]
    return found


def memory() -> dict[str, Any]:
    """Peak of a process that trains eight students, and of one that trains AlexNet, in MB."""
    with tempfile.TemporaryDirectory() as cache:
        student = in_new_process("seeds", cache=cache, seeds=[8])[0]
        alexnet = in_new_process("alexnet", cache=cache)[0]
    title = "Peak of memory, MB: eight seeds of students; AlexNet"
    return {"title": title, "student": student["peak_mb"], "alexnet": alexnet["peak_mb"]}


STUDIES = {"T2": cold_row, "T3": both_tables, "cores": cores, "growth": growth, "memory": memory}


def run_studies(names: list[str]) -> dict[str, Any]:
    """Some studies; one that fails says why in its place."""
    found = {}
    for name in names:
        try:
            found[name] = STUDIES[name]()
        except InputError as error:
            found[name] = {"title": str(error)}
    return found
