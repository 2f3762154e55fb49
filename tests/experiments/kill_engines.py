"""Kill coordinators and workers of every engine at random moments; print what came of it.

    python tests/experiments/kill_engines.py FOLDER KILLS [ENGINE ...]

Training is replaced by a pause and some numbers, in a plug-in that every worker loads: what is
tried are the engines and the store.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

from jqkd.experiments.asked import Asked, ask
from jqkd.experiments.executors import executor_of
from jqkd.experiments.planner import plan, tasks_of
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order

SEEDS = 8
PRETEND = """
import time
import numpy as np
from jqkd.experiments import worker

def pretend(jobs, store, order, report):
    time.sleep(0.5)
    if jobs[0].kind != "students":
        arrays = {"logits": np.arange(60000.0).reshape(-1, 2), "ids": np.arange(30000)}
        return [({"kind": "teacher"}, arrays)]
    return [({"seed": job.seed, "losses": {"test_loss": [job.seed + 1 / 3]}}, None) for job in jobs]

worker.compute, worker.environment = pretend, lambda: {}
"""


def work(on: str, folder: Path) -> None:
    """What ``jqkd run demo --on ...`` does."""
    store, asking = Store.create(folder), Asked("demo", SEEDS)
    ask(store, "demo", asking)
    tasks = tasks_of(plan(asking.experiment(), SEEDS), 1, lambda job: store.done(job.name))
    order = Order(str(folder), "demo", plugins=(str(folder.parent / "pretend.py"),))
    executor = executor_of(on)
    executor.check()
    outcome = executor.run(tasks, order, lambda *_: None)
    assert not outcome.failed, outcome.failed


def in_child(on: str, folder: Path) -> int:
    """A coordinator; it is forked, as JAX has not been started here."""
    child = os.fork()
    if child == 0:
        with (folder.parent / "coordinators.log").open("a") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            try:
                work(on, folder)
                os._exit(0)
            except Exception as error:
                print(on, type(error).__name__, error, flush=True)
            finally:
                os._exit(1)
    return child


def ended(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG)[0] == child


def files(folder: Path) -> dict[str, bytes]:
    """What counts: it must not depend on who did it, nor on how often he was killed."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".tmp")
        if not str(path.relative_to(folder)).startswith((".locks", ".slurm", "log"))
    }


def workers(coordinator: int, folder: Path, roots: list[int]) -> list[int]:
    """Processes that do jobs: below the coordinator or Dask, or left by an earlier coordinator."""
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if "submitit" in words and f"{folder}/.slurm" in words:
            found.add(process.pid)
    for root in [coordinator, *roots]:
        for process in psutil.Process(root).children(recursive=True):
            try:
                if "resource_tracker" not in " ".join(process.cmdline()):
                    found.add(process.pid)
            except psutil.Error:
                pass
    return sorted(found)


@contextmanager
def engine(name: str, root: Path) -> Generator[tuple[str, Callable[[], list[int]]]]:
    """The text of an engine, and what its workers are children of beside the coordinator."""
    if name != "dask":
        more = {"processes": "processes:workers=2", "slurm": "slurm:cluster=local,workers=2,cpus=1"}
        yield more[name], list
        return
    file, python = root / "scheduler.json", [sys.executable, "-W", "ignore", "-m"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    words = ["--scheduler-file", str(file), "--no-dashboard"]
    scheduler = [*python, "distributed.cli.dask_scheduler", "--port", "0", *words, "--no-show"]
    worker = [*python, "distributed.cli.dask_worker", "--nworkers", "2", "--nthreads", "1", *words]
    far = os.environ | {"JQKD_CACHE": str(root / "far")}
    started = [subprocess.Popen([*scheduler, "--host", "127.0.0.1"], **quiet)]

    def roots() -> list[int]:
        """One that has lost a worker while that was starting ends, and is started anew."""
        if len(started) == 1 or started[-1].poll() is not None:
            started.append(subprocess.Popen(worker, env=far, cwd=root, **quiet))
        return [started[-1].pid]

    try:
        while not file.exists():
            time.sleep(0.1)
        address = re.search(r'"tcp://([^"]+)"', file.read_text())
        assert address is not None
        yield f"dask://{address[1]}", roots
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def kill_often(name: str, root: Path, kills: int, expected: dict[str, bytes]) -> dict[str, object]:
    """A store that an engine fills while its processes are killed."""
    draw, folder = random.Random(name), root / name
    folder.mkdir(exist_ok=True)
    done: Counter[str] = Counter()
    rounds = lost = 0
    with engine(name, root) as (on, roots):
        coordinator = in_child(on, folder)
        while sum(done.values()) < kills:
            time.sleep(draw.uniform(0.1, 5.0))
            if ended(coordinator):
                if files(folder) == expected:
                    rounds += 1  # All done: begin again, for more kills in the middle.
                    shutil.rmtree(folder / "students")
                coordinator = in_child(on, folder)
                continue
            before, kind = files(folder), "coordinator" if draw.random() < 0.3 else "worker"
            who = workers(coordinator, folder, roots())
            if kind == "worker" and not who:
                continue
            try:
                os.kill(coordinator if kind == "coordinator" else draw.choice(who), signal.SIGKILL)
            except ProcessLookupError:
                continue
            done[kind] += 1
            if kind == "coordinator":
                os.waitpid(coordinator, 0)
                coordinator = in_child(on, folder)
            after = files(folder)
            lost += sum(after.get(file) != data for file, data in before.items())
            print(name, dict(done), len(after), "files", rounds, "rounds", file=sys.stderr)
        os.waitpid(coordinator, 0)
        for _ in range(
            3
        ):  # What has cost its workers' lives too often is failed, till asked again.
            os.waitpid(in_child(on, folder), 0)
        rounds += files(folder) == expected
    return {"kills": done, "rounds": rounds, "lost": lost, "same": files(folder) == expected}


def main(root: Path, kills: int, engines: list[str]) -> None:
    """Divide the kills among the engines."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "pretend.py").write_text(PRETEND)
    os.waitpid(in_child("here", root / "quiet"), 0)
    expected = files(root / "quiet")
    assert len(expected) == 1 + 1 + 2 + 3 * SEEDS, sorted(expected)
    share = -(-kills // len(engines))
    print(json.dumps({name: kill_often(name, root, share, expected) for name in engines}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or ["processes", "slurm", "dask"])
