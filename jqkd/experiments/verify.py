"""A store replayed: does training again give the very numbers that are stored?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError, check_integer, check_seed
from jqkd.common.files import plain
from jqkd.experiments.asked import asked, names_in
from jqkd.experiments.jobs import Datasets, do_students
from jqkd.experiments.planner import Job, plan
from jqkd.experiments.store import Store
from jqkd.training.result import environment

IDENTICAL, ROUNDING, DIFFERENT = "identical", "equal up to rounding", "different"
# Losses of the first look may differ by so much, relatively, where another machine rounds otherwise
# and a sampled frequency moves by a shot; later ones by anything, as training amplifies it.
_CLOSE = 1e-2
# Relative error of variances in single precision, whose terms nearly cancel.
_PROBE = 1e-2
# What decides bits beside the algorithm.
_MACHINE = ("jaxlib", "platform", "device", "numpy")


@dataclass(frozen=True)
class Replay:
    """What came of doing a student's job again; largest differences of a loss, of right answers."""

    name: str
    verdict: str
    reason: str
    largest: float
    right: int


def stored_jobs(store: Store) -> list[Job]:
    """Every finished job of all that a store was asked for, in the order of their names."""
    jobs: dict[str, Job] = {}
    for name in names_in(store):
        asking = asked(store, name)
        experiment = asking.experiment()
        numbers = (asking.seeds, asking.teacher_seeds, store.algorithm)
        jobs |= {job.name: job for job in plan(experiment, *numbers)}
    return [jobs[name] for name in sorted(jobs) if store.done(name)]


def sample_students(store: Store, sample: int, seed: int = 0) -> list[Job]:
    """Some students of a store, drawn by ``seed``; all, if there are no more.

    Raises:
        InputError: results of another version of the algorithm, none at all, or a damaged file
            among all that is stored.
    """
    sample, seed = check_integer("sample", sample, 1), check_seed("seed", seed)
    store.check_algorithm("verify them with the version of jqkd that made them")
    jobs = stored_jobs(store)
    for error in store.damage(jobs):
        raise error
    students = [job for job in jobs if job.seed is not None]
    if not students:
        raise InputError(f"{store.root} holds no student to be replayed; run an experiment.")
    chosen = np.random.default_rng(seed).permutation(len(students))[:sample]
    return [students[index] for index in sorted(chosen)]


def replay(store: Store, jobs: Sequence[Job], *, data_dir: Path | None = None) -> Iterator[Replay]:
    """Do stored jobs again, each by itself, and compare every number.

    Raises:
        DamagedJob: a file is not what was written.
    """
    datasets = Datasets(data_dir)
    log = {entry["job"]: entry for entry in store.times() if {"job", "environment"} <= set(entry)}
    for job in jobs:
        made = log.get(job.name, {})
        stored = store.read(job.name)
        teaching = store.read_arrays(job.needs[0]) if job.needs else None
        (again,) = do_students([job], datasets, teaching, lambda *_: None)
        yield _compared(job, stored, plain(again), _changes(made.get("environment", {})))


def _compared(job: Job, stored: dict[str, Any], again: dict[str, Any], made: list[str]) -> Replay:
    pairs = [(name, stored["losses"][name], again["losses"][name]) for name in again["losses"]]
    right = [(name, stored["right"][name], again["right"][name]) for name in again["right"]]
    different = [name for name, a, b in (*pairs, *right) if a != b]
    # All else that a replay computes: what it was taught, its data, its mechanism.
    apart = ("losses", "right", "probe")
    different += [k for k in again if k not in apart and stored.get(k) != again[k]]
    different += [] if _alike(stored.get("probe"), again.get("probe")) else ["probe"]
    name = f"{job.group.removeprefix('students/')}, seed {job.seed}"
    if not different:
        return Replay(name, IDENTICAL, "", 0.0, 0)
    largest = max(float(np.abs(np.subtract(a, b)).max()) for _, a, b in pairs)
    most = max(int(np.abs(np.subtract(a, b)).max()) for _, a, b in right)
    return Replay(name, *_judged(pairs, different, made), largest, most)


def _alike(stored: dict[str, Any] | None, again: dict[str, Any] | None) -> bool:
    """Probes agree up to rounding: a block of another size sums their products in another order."""
    if not stored or not again:
        return not stored and not again
    return stored.keys() == again.keys() and all(
        np.allclose(stored[name], again[name], rtol=_PROBE, atol=0) for name in again
    )


def _judged(
    pairs: Sequence[tuple[str, Any, Any]], different: list[str], made: list[str]
) -> tuple[str, str]:
    """Rounding explains a difference where the machine differs and the first looks still agree."""
    if made and all(np.isclose(a[0], b[0], rtol=_CLOSE, atol=_CLOSE) for _, a, b in pairs):
        return ROUNDING, f"made with {', '.join(made)}"
    odd = f"{', '.join(different)} differ"
    return DIFFERENT, odd + (f"; made with {', '.join(made)}" if made else "")


def _changes(made: dict[str, Any]) -> list[str]:
    now = environment()
    return [f"{k} {made[k]} (now {now[k]})" for k in _MACHINE if k in made and made[k] != now[k]]
