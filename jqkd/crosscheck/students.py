"""The students of a finished run, each as a trained circuit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jqkd._checks import fail
from jqkd.crosscheck.trained import Reader, Recorded, TrainedCircuit
from jqkd.data import load
from jqkd.models.functional import Params
from jqkd.training.config import StudentConfig
from jqkd.training.predictions import angles_of
from jqkd.training.runs import Run
from jqkd.training.student_run import splits_for
from jqkd.training.student_task import student_model
from jqkd.training.teacher_store import weights_digest
from jqkd.training.trained import TrainedRun

# Shots on Aer for a student that was trained with exact probabilities.
_SHOTS = 5000
# Nats by which a recorded loss may be missed; accelerators multiply with fewer digits.
_ROUNDING, _ELSEWHERE = 1e-4, 1e-2


def students_of(trained: TrainedRun, seeds: Sequence[int]) -> Iterator[TrainedCircuit]:
    """The students of some seeds, with what the run recorded about them."""
    config = trained.job.config
    if config.tested_spec.noise is not None and config.spec.starts_prepared:
        must = "be of students whose noisy machine runs the whole circuit"
        advice = "here a state is prepared without noise, which Aer's gates would have"
        fail("run", must, f"one with encoding {config.encoding}", advice)
    dataset = load(config.dataset)
    test = splits_for(config, dataset).test
    for row, run in enumerate(trained.runs):
        if run.seed in seeds:
            params = jax.tree.map(lambda leaf: leaf[row], trained.params)  # noqa: B023
            angles, reader = angles_and_reader(config, params, test.images)
            yield TrainedCircuit(
                name=f"{run.arm}, seed {run.seed}",
                circuit=config.spec.circuit,
                angles=angles,
                labels=test.labels,
                logits=reader,
                shots=config.shots or _SHOTS,
                digests={
                    "weights": weights_digest(params),
                    "data": dataset.digest,
                    "run": trained.job.digest(),
                },
                recorded=_recorded(trained, run, test.ids),
                noise=config.tested_spec.noise,
            )


def angles_and_reader(
    config: StudentConfig, params: Params, images: np.ndarray
) -> tuple[np.ndarray, Reader]:
    """What a student sends to its circuit, ``(N, P)``, and how it reads what comes back."""
    model = student_model(config.spec, config.image_shape)
    student = model.module(params)

    def logits(frequencies: np.ndarray) -> np.ndarray:
        values = jnp.asarray(frequencies, jnp.float32)
        return np.asarray(student.logits(values, config.num_classes))

    return np.asarray(angles_of(model, params, images)), logits


def _recorded(trained: TrainedRun, run: Run, ids: np.ndarray) -> Recorded:
    loss, accuracy = trained.last(run)
    keys = None if trained.job.config.shots is None else trained.last_keys(run, ids)
    platforms = {trained.result["environment"]["platform"], jax.default_backend()}
    return Recorded(loss, accuracy, keys, _ROUNDING if platforms == {"cpu"} else _ELSEWHERE)
