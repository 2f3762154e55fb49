"""A whole benchmark: measure, write the result, draw, report."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.picture import CAPTION, draw
from benchmarks.report import SHARE, page, update_readme
from benchmarks.runner import Plan, measure
from benchmarks.studies import run_studies
from benchmarks.summary import Summary, summarise
from benchmarks.workloads import WORKLOADS
from jqkd._checks import InputError
from jqkd.common.files import DamagedFile, read_json, write_json
from jqkd.report.readme import check_share, write_text
from jqkd.training.result import environment

SCHEMA = 1
RESULT = "bench.json"


def run(plan: Plan, studies: list[str], say: Callable[[str], None], folder: Path) -> dict[str, Any]:
    """Measure all that a plan names; what is done by then is kept if it is stopped.

    What the folder holds of other workloads and studies stays, if it was measured on the same
    machine, with the same versions and the same patience.

    Args:
        plan: peers and workloads.
        studies: names of ``studies.STUDIES``.
        say: called with a line of text now and then.
        folder: where ``bench.json`` is written, anew after every workload and study.

    Returns:
        The result, as ``bench.json`` has it.

    Raises:
        InputError: the folder cannot be written.
    """
    started = time.perf_counter()
    before = _read(folder)
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": "bench",
        "made": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "seconds": 0.0,
        "environment": environment() | {"processor": processor()},
        "plan": vars(plan)
        | {"pythons": sorted(plan.pythons), "peers": plan.peers and [*plan.peers]},
        "peers": {},
        "load": {},
        "parts": {},
        "records": [],
        "studies": {},
    }
    for name in (*plan.workloads, *studies):
        if name in WORKLOADS:
            found = measure(replace(plan, workloads=(name,)), say)
            result["records"] += found["records"]
            result["load"] |= found["load"]
            for peer, about in found["peers"].items():
                result["peers"][peer] = result["peers"].get(peer, {}) | about
        else:
            say(f"study {name}")
            result["studies"] |= run_studies([name])
        now = {"made": result["made"], "seconds": time.perf_counter() - started}
        result["seconds"] = now["seconds"]
        result["parts"][name] = now
        write_json(folder / RESULT, merged(before, result))
    return merged(before, result)


def _read(folder: Path) -> dict[str, Any]:
    try:
        return read_json(folder / RESULT, "measure again")
    except (OSError, ValueError):
        return {}


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A new result, with those parts of an old one that it has not measured itself."""
    if _made_by(old) != _made_by(new):
        return new
    again = set(new["parts"])
    kept = [record for record in old["records"] if record["cell"]["workload"] not in again]
    order = list(WORKLOADS)
    records = sorted(kept + new["records"], key=lambda r: order.index(r["cell"]["workload"]))
    result = new | {"records": records, "peers": old["peers"] | new["peers"]}
    for name in ("load", "studies", "parts"):
        result[name] = old[name] | new[name]
    result["seconds"] = old["seconds"] + new["seconds"]
    return result


def _made_by(result: dict[str, Any]) -> dict[str, Any]:
    """What two results must have in common to stand in one table."""
    plan = {
        name: result.get("plan", {}).get(name)
        for name in ("quick", "rounds", "share", "peers", "patience")
    }
    return plan | {"schema": result.get("schema"), "environment": result.get("environment")}


def processor() -> str:
    """Name of the processor, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line[:10] == "model name")
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def load(folder: Path) -> Summary:
    """Read the result in a folder.

    Raises:
        InputError: there is none, or one of another version.
    """
    path = folder / RESULT
    try:
        result = read_json(path, "measure again")
        if (result["kind"], result["schema"]) == ("bench", SCHEMA):
            return summarise(result)
    except FileNotFoundError as error:
        raise InputError(
            f"{folder} holds no {RESULT}; run `python -m benchmarks --out {folder}`."
        ) from error
    except DamagedFile:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(path, type(error).__name__, "measure again") from error
    raise InputError(f"{path} is of another version; measure again.")


def report(folder: Path, readme: Path | None = None, pictures: bool = True) -> list[Path]:
    """Write ``bench.md``, the picture, and a README's share.

    Args:
        folder: holds ``bench.json``.
        readme: whose short form is brought up to date.
        pictures: whether to draw.

    Returns:
        The files.

    Raises:
        InputError: nothing was measured there, or a file cannot be written.
    """
    summary = load(folder)
    if readme is not None:
        check_share(readme, SHARE)
    drawn = [draw(summary, folder / "bench")] if pictures and summary.cells else []
    written = [write_text(folder / "bench.md", page(summary, [(p, CAPTION) for p in drawn]))]
    if readme is not None:
        base = readme.resolve().parent
        shown = Path(os.path.relpath(drawn[0].resolve(), base)).as_posix() if drawn else None
        update_readme(readme, summary, shown)
        written.append(readme)
    return [*written, *drawn]
