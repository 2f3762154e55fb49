"""A results folder replayed: does training again give the very numbers that are stored?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jqkd._checks import InputError, check_integer, check_seed
from jqkd.common.files import plain
from jqkd.experiments import plan, study
from jqkd.experiments.plan import Arm, StudentUnit
from jqkd.experiments.rows import ROWS
from jqkd.experiments.store import Store
from jqkd.experiments.studies import STUDIES
from jqkd.experiments.work import Datasets, do_students
from jqkd.training.result import environment

IDENTICAL, ROUNDING, DIFFERENT = "identical", "equal up to rounding", "different"
# Losses of the first look may differ by so much, relatively, where another machine rounds otherwise
# and a sampled frequency moves by a shot; later ones by anything, as training amplifies it.
_CLOSE = 1e-2
# What decides bits beside the algorithm.
_MACHINE = ("jaxlib", "platform", "device", "numpy")


class StoredStudent(NamedTuple):
    """One student of a results folder: a job that can be done again.

    Attributes:
        arm: what it is.
        seed: which of them.
        block: name of the stored unit.
        content: what that says.
    """

    arm: Arm
    seed: int
    block: str
    content: dict[str, Any]


@dataclass(frozen=True)
class Replay:
    """What came of doing a job again.

    Attributes:
        name: of the student.
        verdict: ``identical``, ``equal up to rounding`` or ``different``.
        reason: why, where it is not identical.
        largest: largest difference of a number of its curves; 0 where identical.
    """

    name: str
    verdict: str
    reason: str
    largest: float


def stored_students(store: Store) -> list[StoredStudent]:
    """Every stored student that the tables and studies of a folder ask for, in order."""
    students = {}
    for arm in _arms(store):
        for block, content in store.blocks(arm):
            for seed in content["seeds"]:
                students.setdefault((arm.name, seed), StoredStudent(arm, seed, block, content))
    return [students[key] for key in sorted(students)]


def _arms(store: Store) -> list[Arm]:
    names = store.asked["rows"]
    rows = [row for row in ROWS if row.name in names]
    studies = [one for one in STUDIES.values() if f"{study.MARK}{one.name}" in names]
    return [*plan.arms_of(rows, store.settings), *study.arms_of(studies, list(study.DATA.values()))]


def sample_students(store: Store, sample: int, seed: int = 0) -> list[StoredStudent]:
    """Some students of a results folder.

    Args:
        store: the results folder.
        sample: how many; all, if there are no more.
        seed: picks them.

    Raises:
        InputError: results of another version of the algorithm, none at all, or damaged ones.
    """
    sample, seed = check_integer("sample", sample, 1), check_seed("seed", seed)
    store.check_algorithm("verify them with the version of jqkd that made them")
    students = stored_students(store)
    if not students:
        raise InputError(f"{store.root} holds no student to be replayed; run a table or a study.")
    chosen = np.random.default_rng(seed).permutation(len(students))[:sample]
    return [students[index] for index in sorted(chosen)]


def replay(
    store: Store, students: Sequence[StoredStudent], *, data_dir: Path | None = None
) -> Iterator[Replay]:
    """Do stored jobs again, each as it was done, and compare every number.

    Args:
        store: the results folder.
        students: of that folder, by ``sample_students``.
        data_dir: TFDS's data folder.

    Yields:
        One entry for each student.
    """
    datasets, made_on = Datasets(data_dir), _machines(store)
    for student in students:
        yield _replay(store, student, datasets, made_on)


def _replay(
    store: Store, student: StoredStudent, datasets: Datasets, made_on: dict[str, dict[str, Any]]
) -> Replay:
    arm, stored = student.arm, student.content
    taught = arm.teacher and plan.teaching_unit(arm.teacher, arm.config)
    logits = store.read_logits(taught) if taught else None
    alone = StudentUnit(arm, (student.seed,))
    again = plain(do_students(alone, datasets, logits, lambda *_: None))
    row = stored["seeds"].index(student.seed)
    curves = sorted(stored["curves"].items())
    pairs = [(name, values[row], again["curves"][name][0]) for name, values in curves]
    largest = max(float(np.abs(np.subtract(a, b)).max()) for _, a, b in pairs)
    name = f"{arm.name.removeprefix('students/')}, seed {student.seed}"
    right = again["test_accuracy"]
    picked = {n: values[row] == right[n][0] for n, values in stored["test_accuracy"].items()}
    if (
        largest == 0
        and all(picked.values())
        and stored.get("data_digest") == again.get("data_digest")
    ):
        return Replay(name, IDENTICAL, "", 0.0)
    return Replay(name, *_judged(pairs, _changes(made_on.get(student.block, {}))), largest)


def _judged(pairs: Sequence[tuple[str, Any, Any]], changes: list[str]) -> tuple[str, str]:
    """Rounding explains a difference where the machine differs and the first looks still agree."""
    first = [
        np.isclose(a[0], b[0], rtol=_CLOSE, atol=_CLOSE) for name, a, b in pairs if "loss" in name
    ]
    if changes and all(first):
        return ROUNDING, f"made with {', '.join(changes)}"
    odd = ", ".join(name for name, a, b in pairs if list(a) != list(b)) or "accuracies or data"
    return DIFFERENT, f"{odd} differ" + (f"; made with {', '.join(changes)}" if changes else "")


def _changes(made: dict[str, Any]) -> list[str]:
    now = environment()
    return [f"{k} {made[k]} (now {now[k]})" for k in _MACHINE if k in made and made[k] != now[k]]


def _machines(store: Store) -> dict[str, dict[str, Any]]:
    """On what each unit was made, by name."""
    entries = store.times()
    return {e["unit"]: e["environment"] for e in entries if "environment" in e and "unit" in e}
