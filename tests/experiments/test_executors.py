"""Who does the jobs: this process, several that may die, and an executor from outside."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from jqkd._checks import InputError
from jqkd.common import plugins
from jqkd.experiments import executors
from jqkd.experiments.asked import Asked, ask
from jqkd.experiments.executors import EXECUTORS, Executor, Queue
from jqkd.experiments.planner import plan, tasks_of
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order, Outcome

from .pretended import TINY

NAME = "demo-epochs=1-lenet_epochs=1"


def started(root, seeds=2, block=2):
    """A store that was asked for something small, and its tasks."""
    store = Store.create(root)
    asking = Asked(TINY, seeds)
    ask(store, NAME, asking)
    return store, tasks_of(plan(asking.experiment(), seeds), block)


def files(root):
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "log.jsonl" and ".locks" not in path.parts
    }


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The store as this process fills it, two seeds side by side."""
    store, tasks = started(tmp_path_factory.mktemp("here"))
    reports = []
    order = Order(str(store.root), NAME)
    outcome = EXECUTORS.build("here").run(tasks, order, lambda *far: reports.append(far))
    assert len(outcome.done) == 1 + 3 * 2 and not outcome.failed and not outcome.held
    assert list(dict.fromkeys(task for task, far, _ in reports if far == 1)) == list(tasks)
    return store


def test_several_processes_leave_the_very_same_files(here, tmp_path):
    """Their seeds one by one, so that nothing depends on how seeds are grouped either."""
    store, tasks = started(tmp_path, block=1)
    order = Order(str(store.root), NAME)
    reports = []
    workers = EXECUTORS.build("processes:workers=2")
    outcome = workers.run(tasks, order, lambda *far: reports.append(far[0]))
    assert not outcome.failed, outcome.failed
    assert sorted(outcome.done) == sorted(name for task in tasks for name in task.names)
    assert sorted(task.names for task in reports) == sorted(task.names for task in tasks)
    assert files(store.root) == files(here.root)


def test_a_worker_that_dies_loses_only_its_task(here, tmp_path, monkeypatch):
    store, tasks = started(tmp_path)
    every, real = [], executors._Worker.__init__

    def note(worker, *given):
        real(worker, *given)
        every.append(worker)

    def kill():
        # In its second task, or right after its first: what is written counts.
        while not list(store.root.glob("teachers/*.json")):
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(every[0].process.pid, signal.SIGKILL)

    monkeypatch.setattr(executors._Worker, "__init__", note)
    thread = threading.Thread(target=kill)
    thread.start()
    order = Order(str(store.root), NAME)
    outcome = EXECUTORS.build("processes:workers=1").run(tasks, order, lambda *_: None)
    thread.join()
    assert len(every) == 2
    assert set(outcome.failed.values()) == {"its process died (exit code -9)"}
    (lost,) = (task for task in tasks if task.names[0] in outcome.failed)
    assert set(outcome.failed) == set(lost.names)
    again = EXECUTORS.build("here").run([lost], order, lambda *_: None)
    assert set(again.done) == set(lost.names)
    assert files(store.root) == files(here.root)


def test_what_goes_wrong_in_a_worker_is_told(tmp_path):
    store, tasks = started(tmp_path)
    order = Order(str(store.root), NAME, plugins=("no_such_module",))
    outcome = EXECUTORS.build("processes").run(tasks[:1], order, lambda *_: None)
    (reason,) = outcome.failed.values()
    assert "no_such_module" in reason


def test_tasks_wait_for_what_they_need(tmp_path):
    _, tasks = started(tmp_path)
    teacher, taught = tasks[0], next(task for task in tasks if task.jobs[0].needs)
    queue = Queue([taught, teacher])
    assert queue.next() is teacher and queue.next() is None
    queue.finish(teacher, Outcome(done=[*teacher.names]))
    assert queue.next() is taught and queue.next() is None
    queue = Queue([teacher, taught])
    queue.finish(queue.next(), Outcome(failed={teacher.names[0]: "lost"}))
    assert queue.next() is None and not queue.waiting
    assert queue.outcome.failed[taught.names[0]] == f"needs {teacher.names[0]}, which failed"


def test_what_others_do_is_waited_for_only_if_something_needs_it(tmp_path):
    _, tasks = started(tmp_path)
    teacher, taught = tasks[0], next(task for task in tasks if task.jobs[0].needs)
    queue = Queue([teacher, taught])
    queue.finish(queue.next(), Outcome(held={teacher.names[0]: "process 1"}))
    assert not queue.is_over and queue.next() is teacher
    queue.finish(teacher, Outcome())
    assert queue.next() is taught and not queue.outcome.held
    queue.finish(taught, Outcome(held=dict.fromkeys(taught.names, "process 1")))
    assert queue.is_over


OUTSIDE = '''
from dataclasses import dataclass
from jqkd.experiments.executors import EXECUTORS, Executor
from jqkd.experiments.worker import Outcome, do_jobs

@EXECUTORS.register("backwards")
@dataclass(frozen=True)
class Backwards(Executor):
    """Students last seed first."""
    most: int = 99

    def run(self, tasks, order, on_progress):
        first = [task for task in tasks if not task.jobs[0].needs]
        done = Outcome()
        for task in [*first, *[task for task in tasks if task not in first][::-1]][: self.most]:
            done.done += do_jobs(order, task.names).done
        return done
'''


def test_an_executor_from_outside(here, tmp_path):
    path = tmp_path / "backwards.py"
    path.write_text(OUTSIDE)
    plugins.load_plugin(str(path))
    store, tasks = started(tmp_path / "store")
    try:
        outside = EXECUTORS.build("backwards:most=50")
        assert isinstance(outside, Executor) and outside.block(10) == 2
        outside.run(tasks, Order(str(store.root), NAME), lambda *_: None)
    finally:
        del EXECUTORS._classes["backwards"]
    assert files(store.root) == files(here.root)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("cluster", "`executor` must be one of here, processes"),
        ("processes:workers=0", "`workers` must be an integer from 1 to 256, but 0"),
        ("processes:gpus=-1", "`gpus` must be an integer from 0 to 256, but -1"),
        ("here:workers=2", r"`executor` must set options that here has \(it has none\)"),
        ("processes:workers=two", "`executor` must have an integer as its option workers"),
    ],
)
def test_wrong_executors(text, match):
    with pytest.raises(InputError, match=match):
        EXECUTORS.build(text)
