"""Run a small experiment in children that are killed at random moments; print what came of it.

    python kill_and_resume.py FOLDER KILLS

Training is replaced by a pause and some numbers: what is tried here is the store, not JAX.
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

from jqkd.experiments import worker
from jqkd.experiments.asked import Asked, ask
from jqkd.experiments.executors import base
from jqkd.experiments.executors.here import Here
from jqkd.experiments.planner import plan, tasks_of
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order

SEEDS = 6


def pretend(jobs, store, order, report):
    with (store.root.parent / f"{store.root.name}.starts").open("a") as file:
        file.writelines(f"{job.name}\n" for job in jobs)
    time.sleep(0.03)
    if jobs[0].kind != "students":
        arrays = {"logits": np.arange(60000.0).reshape(-1, 2), "ids": np.arange(30000)}
        return [({"kind": "teacher"}, arrays)]
    return [({"seed": job.seed, "losses": {"test_loss": [job.seed + 1 / 3]}}, None) for job in jobs]


def work(folder: Path) -> None:
    store, asking = Store.create(folder), Asked("demo", SEEDS)
    ask(store, "demo", asking)
    jobs = plan(asking.experiment(), SEEDS)
    tasks = tasks_of(jobs, 1, lambda job: store.done(job.name))
    outcome = Here().run(tasks, Order(str(folder), "demo"), lambda *_: None)
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
    paths = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    kept = {name: path for name, path in paths.items() if not name.startswith((".locks", "log"))}
    return {name: path.read_bytes() for name, path in kept.items()}


def main(root: Path, kills: int) -> None:
    worker.compute, worker.environment = pretend, lambda: {}
    base._PATIENCE = 0.05
    draw = random.Random(0)
    quiet, killed, shared = (root / name for name in ("quiet", "killed", "shared"))
    work(quiet)
    landed = finished = 0
    while landed < kills:
        child = in_child(killed)
        time.sleep(draw.uniform(0.0, 0.3))
        os.kill(child, signal.SIGKILL)
        landed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        if len(list(killed.rglob("seed-*.json"))) > 12:
            for path in killed.rglob("seed-*.json"):
                path.unlink()  # Nearly done: begin again, for more kills in the middle.
                finished += 1
    work(killed)
    finished += len([*killed.rglob("seed-*.json"), *killed.glob("teachers/*.json")])
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
