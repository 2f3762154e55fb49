"""Run a small table in children that are killed at random moments; print what came of it as JSON.

    python kill_and_resume.py FOLDER KILLS

Training is replaced by a pause and some numbers: what is tried here is the folder, not JAX.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from jqkd.experiments import runner
from jqkd.experiments.plan import StudentUnit, plan_units
from jqkd.experiments.presets import Settings
from jqkd.experiments.rows import select
from jqkd.experiments.store import Store

SEEDS = 6


def pretend(unit, store, datasets, teachers, by_name, report):
    with (store.root.parent / f"{store.root.name}.starts").open("a") as file:
        file.write(unit.name + "\n")
    time.sleep(0.03)
    if not isinstance(unit, StudentUnit):
        arrays = {"logits": np.arange(60000.0).reshape(-1, 2), "ids": np.arange(30000)}
        return {"kind": "teacher", "test_accuracy": {"best": 0.5}}, arrays
    curve = [[seed + 0.1, seed + 1 / 3] for seed in unit.seeds]
    best = [max(values) for values in curve]
    return {
        "seeds": list(unit.seeds),
        "curves": {"test_accuracy": curve},
        "test_accuracy": {"best": best},
    }, None


def work(folder: Path) -> None:
    rows, settings = select("demo"), Settings()
    store = Store.create(folder, settings, [row.name for row in rows], SEEDS)
    units = plan_units(rows, settings, SEEDS, block=1, present=store.present)
    outcome = runner.run_units(units, store)
    assert not outcome.failed, outcome.failed


def in_child(folder: Path) -> int:
    child = os.fork()
    if child == 0:
        try:
            work(folder)
            os._exit(0)
        finally:
            os._exit(1)
    return child


def files(folder: Path) -> dict[str, bytes]:
    found = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name != "log.jsonl"}


def main(root: Path, kills: int) -> None:
    runner._compute, runner.environment = pretend, lambda: {}
    draw = random.Random(0)
    quiet, killed, shared = (root / name for name in ("quiet", "killed", "shared"))
    work(quiet)
    landed = finished = 0
    while landed < kills:
        child = in_child(killed)
        time.sleep(draw.uniform(0.0, 0.12))
        os.kill(child, signal.SIGKILL)
        landed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        if (killed / "tables.json").exists() and len(list(killed.rglob("seeds-*.json"))) > 12:
            for path in killed.rglob("seeds-*.json"):
                path.unlink()  # Nearly done: begin again, for more kills in the middle.
                finished += 1
    work(killed)
    finished += sum(path.name != "tables.json" for path in killed.rglob("*.json"))
    ends = [os.waitpid(child, 0)[1] for child in (in_child(shared), in_child(shared))]
    starts = lambda name: (root / f"{name}.starts").read_text().split()  # noqa: E731
    print(
        json.dumps(
            {
                "kills": landed,
                "finished": finished,
                "same": files(quiet) == files(killed) == files(shared),
                "files": sorted(files(quiet)),
                "ends": ends,
                "starts": {name: starts(name) for name in ("quiet", "killed", "shared")},
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
