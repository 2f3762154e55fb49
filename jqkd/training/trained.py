"""A finished run, read back from its folder: its curves, and its students to be asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from jqkd._checks import InputError, check_path, fail
from jqkd.common.files import DamagedFile, read_json
from jqkd.common.plugins import load_installed, loaded
from jqkd.models import Student
from jqkd.models.functional import Params
from jqkd.quantum import Circuit
from jqkd.training import checkpoint, loop
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.audit import Audit
from jqkd.training.config import StudentConfig
from jqkd.training.devices import setup
from jqkd.training.predictions import Predictions, angles, logits_of
from jqkd.training.result import RESULT_SCHEMA
from jqkd.training.resuming import CHECKPOINTS, read_curves, shapes, train
from jqkd.training.runs import Curves, Epoch, Run
from jqkd.training.student_job import StudentJob
from jqkd.training.student_run import prepare
from jqkd.training.student_task import student_model, without_regressor
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
        history: curves (R, E) over the evaluated epochs, not rounded.
    """

    folder: Path
    job: StudentJob
    result: dict[str, Any]
    runs: Sequence[Run]
    params: Params
    history: Curves

    @property
    def config(self) -> StudentConfig:
        """How the students were made and trained."""
        return self.job.config

    def epochs(self) -> Iterator[Epoch]:
        """The history, epoch by epoch, as ``on_epoch`` was told it."""
        for look, number in enumerate(self.history.epochs):
            metrics = {name: array[:, look] for name, array in self.history.arrays.items()}
            yield Epoch(number, metrics, self.runs)

    def circuit(self) -> Circuit:
        """That of every student; its angles for an image are a row of ``angles``."""
        return self.config.spec.circuit

    def model(self, *, seed: int | None = None, arm: str | None = None) -> Student:
        """A trained student; by default the first seed's, distilled if there is one.

        Raises:
            InputError: there is no such student.
        """
        params = jax.tree.map(lambda leaf: leaf[self._row(seed, arm)], self.params)
        return student_model(self.config.tested_spec, self.config.image_shape).module(params)

    def _row(self, seed: int | None, arm: str | None) -> int:
        seed = self.job.seeds[0] if seed is None else seed
        run = Run(seed, self.runs[-1].arm if arm is None else arm)
        if run not in self.runs:
            fail("seed", f"be one of {self.job.seeds}, of an arm that was trained", f"{run}")
        return list(self.runs).index(run)

    def predict(
        self, images: ArrayLike, *, shots: int | None = None, seed: int | None = None
    ) -> Predictions:
        """Logits, probabilities and classes by every student, and by the majority of a kind.

        Args:
            images: (N, *image_shape), uint8, or floating point in [0, 1].
            shots: S for every circuit; exact probabilities if not given.
            seed: of the shots, with which it has to be given.

        Raises:
            InputError: images of another shape or range, shots without a seed or of students that
                draw none.
        """
        logits = logits_of(self.config, self.params, self.runs, images, shots, seed)
        return Predictions(self.runs, self.config.class_numbers, logits)

    def angles(self, images: ArrayLike) -> Float[np.ndarray, "R N P"]:
        """Angles of every slot of the circuit, radians, for images as ``predict`` takes them."""
        return angles(self.config, self.params, images)

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
        key = loop.evaluation_key(jax.random.key(run.seed), self.history.epochs[-1])
        images = jax.vmap(partial(jax.random.fold_in, jax.random.fold_in(key, 1)))(ids)
        # Part 0 is the circuit's own, the others are its shifted ones'.
        return jax.vmap(partial(jax.random.fold_in, data=0))(images)


def load_run(folder: str | Path) -> TrainedRun:
    """Read back what ``jqkd student --out``, or ``distill(..., out=...)``, has written.

    Args:
        folder: of the run.

    Returns:
        Its configuration, result and curves, and its students.

    Raises:
        InputError: no such run, one of another version, or a damaged one.

    Example:
        >>> import tempfile
        >>> from jqkd import StudentConfig, distill, load
        >>> student = StudentConfig("digits", "0-1", 2, "robust", epochs=1, shots=None)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = distill(student, None, seeds=range(2), out=folder)
        ...     run = load_run(folder)
        >>> run.predict(load("digits").test_images[:5]).classes.shape
        (2, 5)
    """
    setup()
    folder = check_path("folder", folder)
    path = folder / "result.json"
    try:
        result = read_json(path, _ADVICE)
    except FileNotFoundError as error:
        must = f"be one that `jqkd student --out` has written, but {folder} has no result.json"
        raise InputError(f"Argument `folder` must {must}.") from error
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
    return TrainedRun(folder, job, result, runs, params, read_curves(job, kept[2]))


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
