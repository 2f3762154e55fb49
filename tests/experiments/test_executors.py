"""Who does the jobs: this process, several that may die, and an executor from outside."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from jqkd._checks import InputError
from jqkd.common import plugins
from jqkd.experiments.executors import EXECUTORS, Executor, executor_of, processes
from jqkd.experiments.executors.base import TRIES, WIDEST, Crew, Queue
from jqkd.experiments.executors.processes import visible_gpus
from jqkd.experiments.worker import Order, Outcome

from .engines import NAME, files, jobs_logged, killed_in_mid_job, started


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
    outcome = workers.run(tasks, order, lambda task, far, _: far and reports.append(task))
    assert not outcome.failed, outcome.failed
    assert sorted(outcome.done) == sorted(name for task in tasks for name in task.names)
    assert sorted(task.names for task in reports) == sorted(task.names for task in tasks)
    assert files(store.root) == files(here.root)


def test_a_worker_that_dies_costs_its_task_some_time(here, tmp_path):
    store, outcome = killed_in_mid_job("processes:workers=1", tmp_path / "killed")
    assert not outcome.failed and len(outcome.done) == 1 + 3 * 2
    assert files(store.root) == files(here.root)


class Deadly(Crew):
    """Each worker dies after it has done the first job of its task."""

    def __init__(self, store):
        self.store, self.starts, self.outcomes = store, [], []

    def start(self, tasks):
        (task,) = tasks
        self.starts.append(task.names)
        self.store.write(task.names[0], {"kind": "student"})
        died = task.jobs[0].seed is not None and len(task.names) > 1
        self.outcomes = [(task, "exit code -9" if died else Outcome(done=[*task.names]))]

    def ended(self):
        return self.outcomes


def test_a_task_that_kills_its_workers_is_given_up(tmp_path):
    store, tasks = started(tmp_path)
    crew = Deadly(store)

    class Doomed(Executor):
        @contextmanager
        def open(self, tasks, order, on_progress):
            yield crew

    outcome = Doomed().run(tasks[:2], Order(str(store.root), NAME), lambda *_: None)
    names = tasks[1].names
    assert crew.starts == [tasks[0].names, *[names] * TRIES]
    # What it had written before it died counts.
    assert outcome.failed == {names[1]: "its worker died 3 times, at last so: exit code -9"}
    assert set(outcome.done) == {*tasks[0].names, names[0]}
    assert jobs_logged(store) == [{"job": names[1], "failed": outcome.failed[names[1]]}]


def test_what_goes_wrong_in_a_worker_is_told(tmp_path):
    store, tasks = started(tmp_path)
    order = Order(str(store.root), NAME, plugins=("no_such_module",))
    outcome = EXECUTORS.build("processes").run(tasks[:1], order, lambda *_: None)
    (reason,) = outcome.failed.values()
    assert "no_such_module" in reason


def queue_of(root, *numbers):
    """Some of a small store's tasks, by their places among all."""
    store, tasks = started(root)
    return Queue(store, [tasks[n] for n in numbers], lambda *_: None), tasks


def write(store, task):
    for name in task.names:
        store.write(name, {})


def test_tasks_wait_for_what_they_need(tmp_path):
    queue, tasks = queue_of(tmp_path, -1, 0)
    teacher, taught = tasks[0], tasks[-1]
    assert taught.jobs[0].needs == teacher.names
    assert queue.take(2) == [teacher] and queue.take(2) == []
    write(queue.store, teacher)
    queue.finish(teacher, Outcome(done=[*teacher.names]))
    assert queue.take(0) == [] and queue.take(2) == [taught] and queue.take(2) == []


def test_what_needs_a_failed_job_has_failed(tmp_path):
    queue, (teacher, *_, taught) = queue_of(tmp_path, 0, -1)
    assert queue.take(1) == [teacher]
    queue.finish(teacher, Outcome(failed={teacher.names[0]: "lost"}))
    assert queue.take(1) == [] and not queue.waiting and queue.is_over
    reason = f"needs {teacher.names[0]}, which failed"
    assert queue.outcome.failed == {teacher.names[0]: "lost"} | dict.fromkeys(taught.names, reason)
    logged = {entry["job"]: entry["failed"] for entry in jobs_logged(queue.store)}
    assert logged == queue.outcome.failed


def test_what_others_do_is_waited_for_only_if_something_needs_it(tmp_path):
    queue, (teacher, *_, taught) = queue_of(tmp_path, 0, -1)
    with queue.store.claim(teacher.names[0]):
        assert queue.take(2) == [] and not queue.is_over
    assert queue.outcome.held[teacher.names[0]].startswith("process ")
    write(queue.store, teacher)
    # It is found done, and what waits for it can begin.
    assert queue.take(2) == [taught] and not queue.outcome.held
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
        ("cluster", "`on` must be one of dask, here, processes, slurm, but 'cluster'"),
        ("proceses", "perhaps 'processes' is meant"),
        ("ray://node:1", "`on` must be one of dask, here, processes, slurm, but 'ray' was given"),
        (7, "`on` must be one of dask, here, processes, slurm, but 7"),
        ("processes:workers=0", "`workers` must be an integer from 1 to 256, but 0"),
        ("processes:gpus=2", r"`on` must set options that processes has \(workers\), but gpus"),
        ("here:workers=2", r"`on` must set options that here has \(it has none\)"),
        ("processes:workers=two", "`on` must have an integer as its option workers"),
        ("here://node:1", r"`on` must set options that here has \(it has none\), but address"),
        ("slurm:time=0", "`time` must be an integer from 1 to 43200, but 0"),
        ("slurm:time=1:00:00", "`on` must have an integer as its option time, but '1:00:00'"),
        ("slurm:memory=0", "`memory` must be an integer from 1 to 4096, but 0"),
        ("slurm:cpus=0", "`cpus` must be an integer from 1"),
        ("slurm:gpus=-1", "`gpus` must be an integer from 0"),
        ("slurm:workers=0", "`workers` must be an integer from 1"),
        ("slurm:cluster=lsf", "`cluster` must be one of slurm, local, but 'lsf'"),
        ("slurm:queue=long", "`on` must set options that slurm has"),
        ("slurm:partition", "`on` must name options as option=value"),
        ("dask://node", "`address` must be HOST:PORT of a Dask scheduler, but 'node'"),
        ("dask://:8786", "`address` must be HOST:PORT"),
        ("dask://node:port", "`address` must be HOST:PORT"),
        ("dask://node:99999", "`address` must be HOST:PORT"),
        ("dask://node:8786/status", "`address` must be HOST:PORT"),
        ("dask://node:8786,workers=2", "`on` must set options that dask has"),
    ],
)
def test_wrong_executors(text, match):
    with pytest.raises(InputError, match=match):
        executor_of(text)


def test_options_from_a_file(tmp_path):
    path = tmp_path / "cluster.toml"
    path.write_text('[slurm]\npartition = "gpu"\ntime = 120\n')
    assert executor_of(str(path)) == executor_of("slurm:partition=gpu,time=120")
    path.write_text("[here]\n")
    assert executor_of(str(path)) == executor_of("here")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (None, "`on` must be a TOML file that can be read, but .*No such file"),
        ("[slurm", "`on` must be a TOML file that can be read, but .*Expected '.'"),
        ('partition = "gpu"', "`on` must be a file with one table, such as .slurm., but"),
        ("[slurm]\n[dask]", "`on` must be a file with one table"),
        ("[lsf]", "`on` must be one of dask, here, processes, slurm, but 'lsf'"),
        ('[slurm]\ntime = "long"', "`on` must have an integer as its option time, but 'long'"),
        ("[slurm]\ntime = 0", "`time` must be an integer from 1 to 43200, but 0"),
    ],
)
def test_wrong_files(text, match, tmp_path):
    path = tmp_path / "cluster.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=match):
        executor_of(str(path))


def test_gpus_are_counted_without_jax(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    lines = [f"echo 'GPU {n}: H100 (UUID: GPU-{n}a)'" for n in range(2)]
    tool.write_text("\n".join(["#!/bin/sh", *lines]))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert visible_gpus() == []
    monkeypatch.delenv("JAX_PLATFORMS")
    monkeypatch.setattr(processes.importlib.util, "find_spec", lambda name: None)
    assert visible_gpus() == []  # JAX has no plug-in that could use them.
    monkeypatch.setattr(processes.importlib.util, "find_spec", lambda name: name)
    assert visible_gpus() == ["0", "1"] and executor_of("processes").block(100) == WIDEST
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert visible_gpus() == ["1"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("PATH", "/nowhere")
    assert visible_gpus() == []
