"""An experiment from Python: what is not there yet is done, and what came out is returned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jqkd._checks import InputError, check_path
from jqkd.experiments.analysis import ArmRecord, records
from jqkd.experiments.asked import Asked, ask, experiment_of, source_of
from jqkd.experiments.executors import executor_of
from jqkd.experiments.grids import check_size
from jqkd.experiments.model import Experiment
from jqkd.experiments.planner import plan, tasks_of
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order
from jqkd.training.devices import setup


def run_experiment(
    name: str | Experiment,
    out: str | Path = "runs",
    *,
    seeds: int | None = None,
    arms: Sequence[str] = (),
    on: str = "here",
    data_dir: str | Path | None = None,
    yes: bool = False,
) -> dict[str, ArmRecord]:
    """Do what of an experiment is not in a store yet; ``jqkd run`` and ``jqkd report`` in one.

    Args:
        name: of the catalogue, with options (``placebos:datasets=digits``), or a TOML file; or an
            experiment itself.
        out: the store's folder; students that another experiment has trained there are not
            trained again.
        seeds: students of every kind, by default the experiment's own number.
        arms: patterns of names, such as ``*-lenet``; none means all.
        on: who does the work: ``here``, ``processes:workers=2``, ``slurm:partition=gpu,gpus=1``,
            ``dask://HOST:PORT``, or one of a plug-in.
        data_dir: TFDS's data folder.
        yes: whether it may have more than 10,000 jobs.

    Returns:
        What is known of each arm, by its name.

    Raises:
        InputError: one sentence about the first argument that is wrong, or about a job that failed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     arms = run_experiment("demo:epochs=1", folder, seeds=2, arms=["*-alone"])
        >>> [len(arm.accuracy("final")) for arm in arms.values()]
        [2]
    """
    setup()
    folder = check_path("out", out)
    known = Store.open(folder) if (folder / "store.json").exists() else None
    source, does = source_of(name, known, yes=yes), executor_of(on)
    experiment = experiment_of(source)
    asking = Asked(source, experiment.seeds if seeds is None else seeds, arms=tuple(arms))
    chosen = experiment.select(asking.arms)
    check_size(sum(not arm.is_teacher for arm in chosen.arms), asking.seeds, yes)
    jobs = plan(chosen, asking.seeds)
    does.check()
    store = Store.create(folder)
    ask(store, experiment.name, asking)
    tasks = tasks_of(jobs, does.block(asking.seeds), lambda job: store.done(job.name))
    order = Order(
        str(folder), experiment.name, data_dir=None if data_dir is None else str(data_dir)
    )
    outcome = does.run(tasks, order, lambda *_: None)
    for job, reason in outcome.failed.items():
        raise InputError(f"{job} failed: {reason} {len(outcome.done)} other jobs are kept.")
    return records(chosen, store)
