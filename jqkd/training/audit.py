"""What reaches a student: gradients by loss term, what its readout can say, how saturated it is.

Everything is measured on a few fixed images of the view that is trained on next, as a training step
would see them: with dropout and shots, but with random numbers of the audit's own, so that a run
with an audit has the bits of one without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jqkd._checks import fail
from jqkd.common.files import plain, read_json, write_json
from jqkd.data import view
from jqkd.models.functional import Functional
from jqkd.training.config import StudentConfig
from jqkd.training.devices import across_devices, place
from jqkd.training.diagnostics import (
    agreement,
    calibration,
    gradient_sizes,
    readout_range,
    saturation,
)
from jqkd.training.gradient_noise import gradient_noise
from jqkd.training.loop import Task, TrainingError
from jqkd.training.probe import PROBED, SHOTS, probe, sample_rows
from jqkd.training.result import RESULT_SCHEMA, environment
from jqkd.training.runs import Run
from jqkd.training.student_task import (
    DISTILLED,
    TERMS,
    Hyper,
    student_model,
    without_regressor,
)
from jqkd.training.students import Block

FILE = "audit.json"
# A term whose gradient is smaller than this share of cross-entropy's teaches nothing: float32
# rounds it away when the two are added.
_SILENT = 1e-9


def audit_block(block: Block, teacher: Mapping[str, np.ndarray] | None = None) -> dict[str, Any]:
    """Look at R students as they are now.

    Args:
        block: the students.
        teacher: its logits (N, C) of ``validation`` images, if there are any.

    Returns:
        ``epoch``; ``gradients``, see ``gradient_sizes``; ``angles``, see ``saturation``;
        ``agreement``: by part, the share (R,) of images on which student and teacher choose the
        same class; ``train`` is view 0 and what the students are taught, be it a placebo's;
        ``calibration`` on test images, see ``calibration``, (R,) each; ``probe`` and
        ``gradient_noise``, see there, empty where there is nothing to see.

    Example:
        >>> from jqkd.data import load, student_splits
        >>> splits = student_splits(load("digits"), (0, 1), per_class=20)
        >>> config = StudentConfig("digits", "0-1", 1, shots=None)
        >>> norms = audit_block(Block(config, splits, [Run(0, "alone")]))["gradients"]["norm"]
        >>> norms.shape, float(norms[0, 1])
        ((1, 2), 0.0)
    """
    vectors, slopes, angles = _measured(block)
    test = block.splits.test
    return {
        "epoch": block.begun,
        "gradients": gradient_sizes(vectors, np.asarray(block.hyper.label_weight)),
        "angles": saturation(slopes, angles),
        "agreement": _agreements(block, teacher or {}),
        "calibration": calibration(block.logits(test), test.labels),
        "probe": probe(block) or {},
        "gradient_noise": gradient_noise(block) or {},
    }


def _measured(block: Block) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients (R, T, n) by term; the circuits' slopes (R, B, F), radians; their angles (R, B, P).

    Gradients are those of the terms' means, cross-entropy's for a weight of 1; slopes are
    sum_i |d theta_i / d f_j|, without dropout.
    """
    config = block.config
    rows = sample_rows(block.splits.train.labels)
    batch = jax.tree.map(lambda leaf: leaf[rows], block.coming)
    # Cross-entropy in full: it is what the others are compared with, even where it has no weight.
    full = place(np.ones(len(block.runs), np.float32))
    shared, hyper = (batch, np.int32(block.begun)), block.hyper._replace(label_weight=full)
    student = student_model(config.spec, config.image_shape)
    looked = _measure(block.task, student, shared, block.state.params, block.keys, hyper)
    return jax.device_get(looked)


@partial(jax.jit, static_argnums=(0, 1))
def _measure(
    task: Task, student: Functional, shared: Any, params: Any, keys: Array, hyper: Hyper
) -> tuple[Array, Array, Array]:
    def one(shared: Any, params: Any, key: Array, hyper: Hyper) -> Any:
        batch, epoch = shared
        # Streams 0 to 3 are those of weights, order, steps and evaluation.
        key = jax.random.fold_in(jax.random.fold_in(key, 4), epoch)
        present = jnp.ones(len(batch.ids), bool)

        def means(params: Any) -> Array:
            output = task.output(params, batch.images, batch.ids, key, hyper, True)
            terms = task.terms(output, batch, present, hyper)
            return jnp.stack([term.mean() for term in terms])

        gradients = jax.tree.leaves(without_regressor(jax.jacrev(means)(params)))
        vectors = jnp.concatenate([leaf.reshape(len(TERMS), -1) for leaf in gradients], -1)
        module = student.module(without_regressor(params))
        encoded = module.encoded(batch.images)
        jacobian = jax.vmap(jax.jacfwd(lambda f: module.angles_of(f[None])[0]))(encoded.features)
        return vectors, jnp.abs(jacobian).sum(1), encoded.angles

    return across_devices(one)(shared, params, keys, hyper)


def _agreements(block: Block, teacher: Mapping[str, np.ndarray]) -> dict[str, Any]:
    shares = {}
    if block.teacher is not None:
        augmentation, answers = block.config.augmentation, np.asarray(block.teacher.logits)
        images, _ = view(block.splits.train, augmentation, 0)
        first = answers if augmentation == "none" else answers[0]
        shares["train"] = agreement(block.logits(images), first)
    if "validation" in teacher:
        logits = block.logits(block.splits.validation)
        shares["validation"] = agreement(logits, teacher["validation"])
    return shares


def check_gradients(config: StudentConfig, runs: Sequence[Run], audited: dict[str, Any]) -> None:
    """A distilled run has to be taught by something.

    Args:
        config: of the R runs.
        runs: who they are.
        audited: by ``audit_block``.

    Raises:
        TrainingError: the distillation term of a distilled run sends no gradient, one that is not
            finite, or less than 1e-9 of cross-entropy's; or that of a run alone sends one.
    """
    sizes = audited["gradients"]
    for i, run in enumerate(runs):
        norm, reference = sizes["norm"][i, 1], sizes["cross_entropy"][i]
        if run.arm != DISTILLED and norm != 0:
            raise TrainingError(
                f"The {run.arm} student with seed {run.seed} is taught: its {TERMS[1]} term has a "
                f"gradient of norm {norm:.3g}, and should have none."
            )
        # Written so that a norm that is no number is an error too.
        teaches = np.isfinite(norm) and norm > _SILENT * reference
        if run.arm == DISTILLED and not teaches:
            raise TrainingError(
                f"The {TERMS[1]} term of the distilled student with seed {run.seed} teaches "
                f"nothing: its gradient has norm {norm:.3g} and {TERMS[0]}'s {reference:.3g} "
                f"(term `{config.term}`, recipe {config.recipe}, weight {config.weight:g}, "
                f"temperature {config.temperature:g}); choose term `kl`, another recipe, "
                "temperature or weight, or no teacher if no teaching is wanted."
            )


def check_teaching(config: StudentConfig) -> None:
    """Before anything is trained: a distillation term of weight 0 sends no gradient.

    Raises:
        InputError: the weight is 0.
    """
    if config.weight == 0:
        must = "be above 0 where an audit is asked for, which stops where distillation is silent"
        fail("weight", must, config.weight, "leave the audit out, or train without a teacher")


@dataclass
class Audit:
    """Looks at a block when it is called: at its start, and after every evaluated epoch.

    Args:
        block: the students.
        teacher: its logits (N, C) of ``validation`` and ``test`` images.
        file: where every look is kept; those of the same students that are there already, made
            before a run was stopped, are not made again.

    Example:
        >>> from jqkd.data import load, student_splits
        >>> splits = student_splits(load("digits"), (0, 1), per_class=20)
        >>> config = StudentConfig("digits", "0-1", 1, shots=None)
        >>> look = Audit(Block(config, splits, [Run(0, "alone")]))
        >>> look()
        >>> [audited["epoch"] for audited in look.report()["history"]]
        [0]
    """

    block: Block
    teacher: Mapping[str, np.ndarray] | None = None
    file: Path | None = None
    history: list[dict[str, Any]] = field(default_factory=list, init=False)

    def __call__(self, *, check: bool = True) -> None:
        """Look, unless this epoch has been looked at.

        With ``check``, a first look at a distillation term without gradient is an error.

        Raises:
            TrainingError: see ``check_gradients``.
        """
        if not self.history:
            self.history = self._kept()
        if any(audited["epoch"] == self.block.begun for audited in self.history):
            return
        audited = audit_block(self.block, self.teacher)
        if check and not self.history:
            check_gradients(self.block.config, self.block.runs, audited)
        self.history.append(audited)
        if self.file is not None:
            write_json(self.file, self.report())

    def report(self) -> dict[str, Any]:
        """All looks, the readout's range, and the teacher's calibration; see docs/result.md."""
        teacher = self.teacher or {}
        test = self.block.splits.test.labels
        return {
            "schema": RESULT_SCHEMA,
            "kind": "audit",
            **self._students(),
            "terms": TERMS,
            "probed": {"terms": PROBED, "shots": SHOTS},
            "images": len(sample_rows(self.block.splits.train.labels)),
            "readout": readout_range(self.block.config),
            "teacher": calibration(teacher["test"], test) if "test" in teacher else None,
            "history": self.history,
            "environment": environment(),
        }

    def _students(self) -> dict[str, Any]:
        runs = [{"seed": run.seed, "arm": run.arm} for run in self.block.runs]
        return {"student": self.block.config.to_json(), "runs": runs}

    def _kept(self) -> list[dict[str, Any]]:
        try:
            kept = read_json(self.file, "") if self.file else {}
            students = plain(self._students())
            if {name: kept[name] for name in students} == students:
                return [one for one in kept["history"] if one["epoch"] <= self.block.begun]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return []
