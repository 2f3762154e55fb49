"""How a run goes on from its newest checkpoint, with more epochs or seeds if asked for.

What more epochs or seeds give has the bits of a run that asked for all of them at its start: an
epoch's order, view and shots depend on its number and not on how many there are, and a student on
its seed and not on those beside it. A falling rate depends on the number of epochs, and with it
every step; so does what a placebo makes of all views together.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jqkd._checks import fail, shown
from jqkd.common.files import DamagedFile
from jqkd.training import checkpoint, loop
from jqkd.training.allocations import ALLOCATIONS
from jqkd.training.devices import place
from jqkd.training.runs import DRAWN, Curves, Epoch
from jqkd.training.student_job import StudentJob
from jqkd.training.student_task import sized_task
from jqkd.training.students import Block, shots_of_epochs

CHECKPOINTS, _ADDED = "checkpoints", "checkpoints-of-added-seeds"
_EPOCHS = "epochs"


def train(
    job: StudentJob,
    block: Block,
    folder: Path | None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    look: Callable[[], None] | None = None,
    follow: Callable[[Epoch], None] = lambda epoch: None,
) -> Curves:
    """From the newest checkpoint on, with one after every evaluated epoch.

    Args:
        job: what is asked for.
        block: its students, as they start.
        folder: of checkpoints; ``None`` to keep none.
        on_epoch: called after every evaluated epoch.
        look: called before the first and after every evaluated epoch.
        follow: called after every evaluated epoch, those among them that are not trained anew.
    """
    before = None if folder is None else kept_job(job, folder)
    if folder is not None and before is not None:
        if before.seeds == job.seeds:
            _resume(block, before, folder)
            for epoch in block.history:
                follow(epoch)
        else:
            _join(job, block, before, folder, on_epoch, follow)

    def after(epoch: Epoch) -> None:
        if folder is not None:
            _save(job, block, folder)
        if look is not None:
            look()
        follow(epoch)
        on_epoch(epoch)

    if look is not None:
        look()
    return block.train(after)


def check_resumable(job: StudentJob, folder: Path, audit: bool = False) -> None:
    """A checkpoint that a run would go on from is whole, and the run can go on from it.

    Raises:
        InputError: it is not, or cannot.
    """
    before = kept_job(job, folder)
    if before is None:
        return
    checkpoint.restore(folder, shapes(before), before.digest())
    if before.seeds == job.seeds:
        return
    if audit:
        must = f"not be given where {folder.parent} holds other seeds, of which it knows nothing"
        fail("audit", must, "it", "leave it out, or choose another folder")
    for own, place_of in _groups(job, before, folder)[1:]:
        check_resumable(own, place_of)


def kept_job(job: StudentJob, folder: Path) -> StudentJob | None:
    """What a checkpoint is of, which ``job`` may go on from; ``None`` if there is none.

    Raises:
        InputError: the job is another one, or cannot go on from there.
    """
    about = checkpoint.about(folder)
    if about is None:
        return None
    if about["digest"] == job.digest():
        return job
    before = _job(about, folder)
    if before is None:
        raise checkpoint.another(folder, f"{about['digest']}, not {job.digest()}")
    old, new = ({**one.config.to_json(), "teacher": one.teacher} for one in (before, job))
    for name in new:
        if old[name] != new[name] and name not in ("epochs", "preset", "shot_budget"):
            difference = f"{name} {shown(old[name])}, not {shown(new[name])}"
            raise checkpoint.another(folder, difference)
    lost = [seed for seed in before.seeds if seed not in job.seeds]
    if lost:
        raise checkpoint.another(folder, f"seed {lost[0]}, which is not asked for")
    _check_epochs(job, before, about["epoch"])
    budget, spent = job.config.shot_budget, about.get("shots", 0)
    if budget is not None and budget < spent:
        fail("shot_budget", f"be at least {spent}, which are drawn", budget, "choose another --out")
    return before


def job_in(folder: Path) -> StudentJob | None:
    """What the newest checkpoint is of; ``None`` if there is none, or it does not say."""
    about = checkpoint.about(folder)
    return None if about is None else _job(about, folder)


def _job(about: dict[str, Any], folder: Path) -> StudentJob | None:
    """Checkpoints of another version of the algorithm, or of a plug-in, have other digests."""
    try:
        job = StudentJob.from_json(about["job"]) if "job" in about else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(folder, type(error).__name__, "delete that folder") from error
    return job if job is not None and job.digest() == about["digest"] else None


def _check_epochs(job: StudentJob, before: StudentJob, done: int) -> None:
    """Students that have been trained for some epochs are on their way to the job's."""
    config, epochs, other = job.config, job.config.epochs, "choose another --out"
    if epochs == before.config.epochs:
        return
    if config.schedule != "constant":
        must = f"be {before.config.epochs} as before, where the schedule is {config.schedule}"
        fail("epochs", must, epochs, f"its rate at every step depends on them; {other}")
    if config.allocation and ALLOCATIONS.build(config.allocation).needs_length:
        must = f"be {before.config.epochs} as before, where shots are given out by the progress"
        fail("epochs", must, epochs, other)
    if config.placebo != "none" and config.views > 1:
        must = f"be {before.config.epochs} as before, where a placebo is made of all views"
        fail("epochs", must, epochs, other)
    if epochs < done:
        fail("epochs", f"be at least {done}, which are done", epochs, other)


def shapes(job: StudentJob) -> loop.State:
    """The state of a job's students, without its numbers."""
    reads = job.teacher is not None and job.config.needs_features
    task = sized_task(job.config, job.teacher.part.hidden_size or 0 if reads else 0)
    start = partial(loop.start, task.init, spender=task.spender)
    one = jax.eval_shape(start, jax.random.key(0))
    return jax.tree.map(lambda a: jax.ShapeDtypeStruct((len(job.runs), *a.shape), a.dtype), one)


def _resume(block: Block, before: StudentJob, folder: Path) -> None:
    """Set a block to its newest checkpoint; looks that it would not have made are left out."""
    kept: Any = checkpoint.restore(folder, block.state, before.digest())
    block.epoch, state, arrays = kept
    block.state = place(state)
    budgets = before.config.shot_budget, block.config.shot_budget
    if budgets[0] != budgets[1] and len(set(np.asarray(state.step).tolist())) > 1:
        must = f"be {budgets[0]} as before, which students have reached at different steps"
        fail("shot_budget", must, budgets[1], "choose another --out")
    curves = read_curves(before, arrays)
    block.drawn = np.stack([curves.arrays[name][:, -1] for name in DRAWN])
    # An epoch that a budget has cut short is gone on with, and looked at again.
    block.history = [
        Epoch(number, {k: values[:, i] for k, values in curves.arrays.items()}, block.runs)
        for i, number in enumerate(curves.epochs)
        if number in block.config.evaluated_epochs and number <= block.epoch
    ]


def read_curves(job: StudentJob, arrays: Mapping[str, np.ndarray]) -> Curves:
    """Curves of a checkpoint; those of before shots were counted lack them."""
    arrays, looks = dict(arrays), job.config.evaluated_epochs
    counted = {_EPOCHS, *DRAWN} <= set(arrays)
    epochs = arrays.pop(_EPOCHS).tolist() if counted else looks[: arrays["train_loss"].shape[1]]
    if not counted:
        images = job.config.num_images
        drawn = np.array([shots_of_epochs(job.config, epoch, images) for epoch in epochs])
        arrays |= dict(zip(DRAWN, np.tile(drawn.T[:, None], (1, len(job.runs), 1)), strict=True))
    return Curves(job.runs, epochs, **arrays)


def _save(job: StudentJob, block: Block, folder: Path) -> None:
    arrays = {**block.curves.arrays, _EPOCHS: np.array(block.curves.epochs)}
    digest, about = job.digest(), job.to_json()
    shots = int(block.drawn.sum(0).max())
    checkpoint.save(folder, block.epoch, block.state, arrays, digest, job=about, shots=shots)


def _groups(job: StudentJob, before: StudentJob, folder: Path) -> list[tuple[StudentJob, Path]]:
    """The seeds that a folder has, and those that it lacks; each with its checkpoints."""
    added = tuple(seed for seed in job.seeds if seed not in before.seeds)
    both = ((before.seeds, folder), (added, folder.with_name(_ADDED)))
    return [(dataclasses.replace(job, seeds=seeds), where) for seeds, where in both if seeds]


def _join(
    job: StudentJob,
    block: Block,
    before: StudentJob,
    folder: Path,
    on_epoch: Callable[[Epoch], None],
    follow: Callable[[Epoch], None],
) -> None:
    """Train the seeds that a folder lacks, and put them beside those that it has."""
    parts, groups = [], _groups(job, before, folder)
    for own, where in groups:
        parts.append(dataclasses.replace(block, runs=own.runs, epoch=0))
        train(own, parts[-1], where, on_epoch, None, follow)
    block.join(parts)
    _save(job, block, folder)
    for _, where in groups[1:]:
        shutil.rmtree(where, ignore_errors=True)
