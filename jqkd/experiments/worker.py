"""Jobs done by name: what a worker does, in whatever process, on whatever machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import jax

import jqkd
from jqkd._checks import InputError, fail
from jqkd.common.cache import cache_folder
from jqkd.common.plugins import load_plugin
from jqkd.experiments import jobs
from jqkd.experiments.asked import Asked, asked
from jqkd.experiments.jobs import Arrays, Content, Datasets, Report
from jqkd.experiments.model import present
from jqkd.experiments.planner import Job, Task, plan, trained
from jqkd.experiments.store import Store
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.devices import keep_compiled
from jqkd.training.result import Stopwatch, environment

# Called with a task, how far it is from 0 to 1, and a few words; with ``None``, of waiting.
Progress = Callable[[Task | None, float, str], None]
_datasets = lru_cache(maxsize=None)(Datasets)


@dataclass(frozen=True)
class Order:
    """What a worker needs beside the names of jobs: plain texts, the same for all of a run.

    Attributes:
        root: of the store.
        name: of what that was asked for.
        teachers: ``train``, ``shipped``, or a store to take them from.
        data_dir: TFDS's data folder.
        plugins: to be loaded.
    """

    root: str
    name: str
    teachers: str = "train"
    data_dir: str | None = None
    plugins: tuple[str, ...] = ()


@dataclass
class Outcome:
    """How a task, or a run, ended.

    Attributes:
        done: names of jobs done.
        failed: reasons by name.
        held: who does them, by name; they were left to that process.
    """

    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)


def do_jobs(
    order: Order, names: Sequence[str], report: Report = lambda fraction, text: None
) -> Outcome:
    """Do students of one arm side by side, or one other job, unless done or done by others.

    Raises:
        InputError: the store cannot be read or written, or no such job was asked for.
    """
    for plugin in order.plugins:
        load_plugin(plugin)
    store, outcome = Store.open(Path(order.root)), Outcome()
    store.check_algorithm()
    known = _known(asked(store, order.name))
    lost = [name for name in names if name not in known]
    if lost:
        fail("name", f"be of a job of experiment {order.name}", lost[0])
    with ExitStack() as stack:
        holders = {name: stack.enter_context(store.claim(name)) for name in names}
        outcome.held = {name: holder for name, holder in holders.items() if holder is not None}
        free = [known[n] for n in names if n not in outcome.held and not store.done(n)]
        if free:
            _attempt(free, store, order, report, outcome)
    report(1.0, "")
    return outcome


def serve_jobs(order: Order, names: Sequence[str], cores: int) -> Outcome:
    """As ``do_jobs``, in a worker's own process: it takes some cores, and outlives errors."""
    if "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        with suppress(RuntimeError):  # JAX has been started: it is not the first task.
            jax.config.update("jax_num_cpu_devices", cores)
    keep_compiled(cache_folder() / "compiled")
    try:
        return do_jobs(order, names)
    except Exception as error:
        return Outcome(failed=dict.fromkeys(names, str(error)))


@lru_cache(maxsize=8)
def _known(asking: Asked) -> dict[str, Job]:
    planned = plan(asking.experiment(), asking.seeds, asking.teacher_seeds)
    return {job.name: job for job in planned}


def _attempt(
    free: Sequence[Job], store: Store, order: Order, report: Report, outcome: Outcome
) -> None:
    """Do jobs that are ours; whatever goes wrong is told at the end, and the others go on."""
    watch = Stopwatch()
    try:
        results = compute(free, store, order, report)
    except Exception as error:
        kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
        for job in free:
            outcome.failed[job.name] = f"{kind}{error}"
        return
    seconds = {name: value / len(free) for name, value in watch.seconds().items()}
    about = {"seconds": seconds, "environment": environment()}
    for job, (content, arrays) in zip(free, results, strict=True):
        store.write(job.name, content, arrays)
        store.log({"job": job.name, **about})
        outcome.done.append(job.name)


def compute(
    free: Sequence[Job], store: Store, order: Order, report: Report
) -> list[tuple[Content, Arrays | None]]:
    """What the files of some jobs say."""
    job, datasets = free[0], _datasets(order.data_dir)
    if job.kind == "students":
        teaching = store.read_arrays(job.needs[0]) if job.needs else None
        return [(one, None) for one in jobs.do_students(free, datasets, teaching, report)]
    if order.teachers != "train":
        return [taken(job, order.teachers)]
    make = jobs.do_teacher if job.kind == "teachers" else jobs.do_answers
    return [make(job, datasets, report)]


def taken(job: Job, where: str) -> tuple[Content, Arrays]:
    """A teacher's curves and logits, or its answers, from another store."""
    store = _store_with(job, where)
    content = store.read(job.name)
    del content["arrays_sha256"]
    return content, store.read_arrays(job.name)


def check_teachers(planned: Iterable[Job], where: str) -> None:
    """Every teacher of some jobs can be had; to be called before a store is made."""
    for job in planned if where != "train" else ():
        if job.kind != "students":
            _store_with(job, where)


def _store_with(job: Job, where: str) -> Store:
    here = Path(jqkd.__file__).parents[1] / "results"
    folders = [here, *sorted(here.glob("*"))] if where == "shipped" else [Path(where)]
    stores = [Store.open(folder) for folder in folders if (folder / "store.json").exists()]
    if not stores:
        must = "be train, shipped (in the repository, not in a wheel) or a store"
        fail("teachers", must, f"`{where}`")
    fitting = [store for store in stores if store.algorithm == ALGORITHM]
    if not fitting:
        stores[0].check_algorithm("use --teachers train")
    for store in fitting:
        if store.done(job.name):
            return store
    parts = trained(present(job.teacher))
    epochs = ", ".join(f"{one.arch} {one.epochs}" for one in parts)
    raise InputError(
        f"There is no {job.label} trained for so many epochs ({epochs}) in {where}; ask for the "
        "epochs that are there, or use --teachers train."
    )
