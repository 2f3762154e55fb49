"""A finished run, read back from its folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jqkd._checks import InputError
from jqkd.common.files import DamagedFile, read_json
from jqkd.common.plugins import load_installed, loaded
from jqkd.models.functional import Params
from jqkd.training import checkpoint, loop
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.audit import Audit
from jqkd.training.base_config import Config
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.result import RESULT_SCHEMA
from jqkd.training.runs import Run
from jqkd.training.student_run import StudentJob, prepare, resume
from jqkd.training.student_task import sized_task, without_regressor
from jqkd.training.teachers import Progress

_ADVICE = "train again"


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """What a run folder holds.

    Attributes:
        folder: where it is.
        job: what was run.
        result: ``result.json``.
        runs: who the rows of ``params`` are.
        params: weights after the last epoch, each leaf (R, ...).
    """

    folder: Path
    job: StudentJob
    result: dict[str, Any]
    runs: Sequence[Run]
    params: Params

    def last(self, run: Run) -> tuple[float, float]:
        """Test loss (nats) and test accuracy of a run after the last epoch, as recorded.

        Raises:
            InputError: ``result.json`` lacks them.
        """
        try:
            arm = self.result["arms"][run.arm]
            row = arm["seeds"].index(run.seed)
            loss = arm["curves"]["test_loss"][row][-1]
            return float(loss), float(arm["test_accuracy"]["final"][row])
        except (KeyError, ValueError, IndexError, TypeError) as error:
            path = self.folder / "result.json"
            raise InputError(f"{path} is damaged ({type(error).__name__}); train again.") from error

    def last_keys(self, run: Run, ids: np.ndarray) -> jax.Array:
        """Keys (N,) of the shots of that evaluation, for images with ids (N,)."""
        key = loop.evaluation_key(jax.random.key(run.seed), self.job.config.epochs)
        images = jax.vmap(partial(jax.random.fold_in, jax.random.fold_in(key, 1)))(ids)
        # Part 0 is the circuit's own, the others are its shifted ones'.
        return jax.vmap(partial(jax.random.fold_in, data=0))(images)


def load_run(folder: Path) -> TrainedRun:
    """Read what ``run_student`` left behind in its ``out``.

    Raises:
        InputError: no such run, one of another version, or a damaged one.
    """
    path = folder / "result.json"
    try:
        result = read_json(path, _ADVICE)
    except FileNotFoundError as error:
        must = "be a folder that `jqkd student --out` has written"
        raise InputError(f"Argument `run` must {must}, but {folder} has no result.json.") from error
    kind = result.get("kind"), result.get("schema")
    if None not in kind and kind != ("student", RESULT_SCHEMA):
        raise InputError(
            f"{path} is a {kind[0]} result of schema {kind[1]}, but a student result of schema "
            f"{RESULT_SCHEMA} is needed; train again with this version."
        )
    _check_plugins(path, result.get("plugins"))
    try:
        config = StudentConfig(**_fields(StudentConfig, result["student"]))
        teacher = result["teacher"] and TeacherConfig.from_json(result["teacher"])
        job = StudentJob(config, teacher, tuple(result["seeds"]))
        runs = [Run(seed, arm) for arm in result["arms"] for seed in job.seeds]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(path, f"{type(error).__name__}: {error}", _ADVICE) from error
    # Results of 0.1 do not say.
    algorithm = result.get("algorithm", 1)
    if algorithm != ALGORITHM:
        raise InputError(
            f"{path} was made by version {algorithm} of the algorithm, but this is version "
            f"{ALGORITHM}, which would find other numbers; train again with this version."
        )
    kept = checkpoint.restore(folder / "checkpoints", _shapes(job, len(runs)), job.digest())
    if kept is None:
        raise InputError(f"{folder} has no checkpoint; train again with --out {folder}.")
    params = without_regressor(jax.tree.map(np.asarray, kept[1].params))
    return TrainedRun(folder, job, result, runs, params)


def _check_plugins(path: Path, used: Any) -> None:
    """The very plug-ins that a run's parts come from are here."""
    if isinstance(used, dict) and used:
        load_installed()
        for name, digest in used.items():
            if (name, digest) not in loaded():
                raise InputError(
                    f"{path} has parts from plug-in {name} (source {digest}), which is not loaded; "
                    "name it with --plugin."
                )


def check_resumable(job: StudentJob, folder: Path) -> None:
    """A checkpoint that a run would go on from is whole, and of that run.

    Raises:
        InputError: it is not.
    """
    checkpoint.restore(folder / "checkpoints", _shapes(job, len(job.runs)), job.digest())


def audit_run(
    run: TrainedRun, *, on_teacher: Callable[[Progress], None] = lambda progress: None
) -> Audit:
    """Look at the students of a finished run, at their final weights.

    ``on_teacher`` is called while a teacher trains that is no longer in the cache.

    Raises:
        InputError: data that cannot be had.
    """
    prepared = prepare(run.job, on_teacher=on_teacher)
    resume(prepared.block, run.folder / "checkpoints", run.job.digest())
    look = prepared.audit()
    look(check=False)
    return look


def _shapes(job: StudentJob, runs: int) -> loop.State:
    """The state of a block of students, without its numbers."""
    reads = job.teacher is not None and job.config.needs_features
    task = sized_task(job.config, job.teacher.part.hidden_size or 0 if reads else 0)
    one = jax.eval_shape(partial(loop.start, task.init), jax.random.key(0))
    return jax.tree.map(lambda a: jax.ShapeDtypeStruct((runs, *a.shape), a.dtype), one)


def _fields(kind: type[Config], values: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in values.items() if name in names}
