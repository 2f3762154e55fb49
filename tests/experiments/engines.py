"""A small store that engines fill, and workers that are killed in mid-job."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from jqkd.experiments.asked import Asked, ask
from jqkd.experiments.executors import executor_of
from jqkd.experiments.planner import plan, tasks_of
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order

from .pretended import TINY

NAME = "demo-epochs=1-lenet_epochs=1"
LOCAL = "slurm:cluster=local,cpus=1,workers=2"
# The first student that is trained anywhere waits to be killed; MARK is where it says so.
VICTIM = """
import os, pathlib, time
from jqkd.experiments import jobs

real = jobs.do_students

def do_students(*given):
    try:
        with open(MARK, "x") as file:
            file.write(str(os.getpid()))
        time.sleep(600)
    except FileExistsError:
        return real(*given)

jobs.do_students = do_students
"""


def started(root: Path, seeds: int = 2, block: int = 2, arms: tuple[str, ...] = ()):
    """A store that was asked for something small, and its tasks."""
    store, asking = Store.create(root), Asked(TINY, seeds)
    ask(store, NAME, asking)
    return store, tasks_of(plan(asking.experiment().select(arms), seeds), block)


def files(root: Path) -> dict[str, bytes]:
    """All that must not depend on who did it."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and path.name != "log.jsonl"
        and not {".locks", ".slurm"}.intersection(path.parts)
    }


def run(on: str, root: Path, plugins: tuple[str, ...] = (), **size):
    """The small store, filled by an engine."""
    store, tasks = started(root, **size)
    engine = executor_of(on)
    engine.check()
    order = Order(str(store.root), NAME, plugins=plugins)
    return store, engine.run(tasks, order, lambda *_: None)


def killed_in_mid_job(on: str, root: Path, **size):
    """As ``run``, but the worker of the first student is killed."""
    root.mkdir()
    mark, plugin = root / "mark", root / "victim.py"
    plugin.write_text(f"MARK = {str(mark)!r}\n{VICTIM}")

    def kill():
        deadline = time.monotonic() + 200
        while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(int(mark.read_text()), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    result = run(on, root / "store", (str(plugin),), **size)
    thread.join()
    assert mark.exists()
    return result


def jobs_logged(store: Store) -> list[dict]:
    """What the log says of jobs; it says what was asked, too."""
    return [entry for entry in store.times() if "job" in entry]
