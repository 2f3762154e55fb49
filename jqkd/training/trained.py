"""A finished run, read back from its folder."""

from __future__ import annotations

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
from jqkd.training.result import RESULT_SCHEMA
from jqkd.training.resuming import CHECKPOINTS, shapes, train
from jqkd.training.runs import Run
from jqkd.training.student_job import StudentJob
from jqkd.training.student_run import prepare
from jqkd.training.student_task import without_regressor
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
        job = StudentJob.from_json(result)
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
    about = checkpoint.about(folder / CHECKPOINTS)
    if about is not None and about["digest"] != job.digest():
        raise InputError(
            f"{folder} holds students that are not those of its result.json: they are on their way "
            f"to more epochs or seeds; finish them with `jqkd student --out {folder}`."
        )
    kept = checkpoint.restore(folder / CHECKPOINTS, shapes(job), job.digest())
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


def audit_run(
    run: TrainedRun, *, on_teacher: Callable[[Progress], None] = lambda progress: None
) -> Audit:
    """Look at the students of a finished run, at their final weights.

    ``on_teacher`` is called while a teacher trains that is no longer in the cache.

    Raises:
        InputError: data that cannot be had.
    """
    prepared = prepare(run.job, on_teacher=on_teacher)
    train(run.job, prepared.block, run.folder / CHECKPOINTS)
    look = prepared.audit()
    look(check=False)
    return look
