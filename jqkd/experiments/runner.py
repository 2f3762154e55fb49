"""Do the units of a plan, each once, whoever else works on the same folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import jax

from jqkd._checks import InputError
from jqkd.experiments.files import DamagedUnit
from jqkd.experiments.plan import StudentUnit, TeacherUnit, Unit
from jqkd.experiments.store import Store
from jqkd.experiments.work import (
    Datasets,
    do_answers,
    do_students,
    do_teacher,
    lacking_teacher,
    shipped_teacher,
    teacher_stores,
)
from jqkd.training.result import Stopwatch, environment

# Seconds between looks at a unit that another process does and others wait for.
_PATIENCE = 2.0
# Runs side by side on an accelerator at most.
_WIDEST = 64


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        done: names of units done by this process.
        failed: reasons by name.
        held: who does them, by name; they were left to that process.
    """

    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)


def default_block(seeds: int) -> int:
    """Seeds in a unit: one for each CPU device, or all that an accelerator takes side by side.

    Example:
        >>> default_block(10) >= 2
        True
    """
    devices = jax.devices()
    return max(2, len(devices)) if devices[0].platform == "cpu" else min(seeds, _WIDEST)


def run_units(
    units: Sequence[Unit],
    store: Store,
    *,
    teachers: str = "train",
    data_dir: Path | None = None,
    on_progress: Callable[[Unit, float, str], None] = lambda unit, fraction, text: None,
    on_wait: Callable[[str], None] = lambda text: None,
) -> Outcome:
    """Do all units that are not there yet.

    A unit that another process holds is left to it; where others need it, this waits. A unit that
    fails does not stop the others.

    Args:
        units: what to do, in order.
        store: where results go.
        teachers: ``train``, ``shipped`` or another results folder to take teachers from.
        data_dir: TFDS's data folder.
        on_progress: called with a unit, how much of it is done (0 to 1) and a few words.
        on_wait: called with who is waited for.

    Returns:
        What was done, what failed and why, and what others do.

    Raises:
        InputError: the folder cannot be written, or the disk is full; what is finished is kept.
    """
    datasets, outcome, pending = Datasets(data_dir), Outcome(), list(units)
    by_name = {unit.name: unit for unit in units}
    while pending:
        left = []
        outcome.held.clear()
        for unit in pending:
            lost = next((name for name in unit.needs if name in outcome.failed), None)
            if store.done(unit):
                on_progress(unit, 1.0, "")
            elif lost is not None:
                outcome.failed[unit.name] = f"needs {lost}, which failed"
            elif not all(name in by_name and store.done(by_name[name]) for name in unit.needs):
                left.append(unit)
            else:
                do = partial(_compute, unit, store, datasets, teachers, by_name)
                other = _attempt(unit, store, do, partial(on_progress, unit), outcome)
                if other is not None:
                    outcome.held[unit.name] = other
                    left.append(unit)
        if all(unit.name in outcome.held for unit in left):
            break
        if len(left) == len(pending) and not outcome.held:
            outcome.failed |= {unit.name: "needs a unit that is not in the plan" for unit in left}
            break
        if len(left) == len(pending):
            on_wait(", ".join(sorted(set(outcome.held.values()))))
            time.sleep(_PATIENCE)
        pending = left
    return outcome


def _attempt(
    unit: Unit,
    store: Store,
    do: Callable[..., tuple[Any, Any]],
    report: Callable[[float, str], None],
    outcome: Outcome,
) -> str | None:
    """Do a unit unless another process does; returns who."""
    with store.claim(unit) as other:
        if other is not None or store.done(unit):
            return other
        watch = Stopwatch()
        try:
            content, arrays = do(report)
        except Exception as error:
            # Whatever goes wrong in one unit is reported at the end; the others go on.
            name = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
            outcome.failed[unit.name] = f"{name}{error}"
            store.log({"unit": unit.name, "failed": outcome.failed[unit.name]})
            return None
        store.write(unit, content, arrays)
        store.log({"unit": unit.name, "seconds": watch.seconds(), "environment": environment()})
        outcome.done.append(unit.name)
        report(1.0, "")
    return None


def _compute(
    unit: Unit,
    store: Store,
    datasets: Datasets,
    teachers: str,
    by_name: dict[str, Unit],
    report: Callable[[float, str], None],
) -> tuple[Any, Any]:
    if not isinstance(unit, StudentUnit):
        if teachers != "train":
            return shipped_teacher(unit, teachers)
        do = do_teacher if isinstance(unit, TeacherUnit) else do_answers
        return do(unit, datasets, report)
    logits = None
    if unit.needs:
        logits = store.read_logits(by_name[unit.needs[0]])
    return do_students(unit, datasets, logits, report), None


def check_teachers(units: Sequence[Unit], teachers: str) -> None:
    """Every teacher of some units can be had; to be called before a results folder is made.

    Raises:
        InputError: ``teachers`` is none of ``train``, ``shipped`` and a results folder, or a
            teacher is not there.
    """
    if teachers == "train":
        return
    stores = teacher_stores(teachers)
    for unit in units:
        if not isinstance(unit, StudentUnit) and not any(store.done(unit) for store in stores):
            raise lacking_teacher(unit, teachers)


def redo(damaged: Sequence[DamagedUnit]) -> None:
    """Forget damaged units, so that they are done again."""
    for error in damaged:
        error.path.with_suffix(".json").unlink(missing_ok=True)
