"""Students by name: their parts, and how they are trained where nothing else is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flax import nnx

from jqkd._checks import check_choice
from jqkd.models.arguments import check_width
from jqkd.models.spec import StudentSpec
from jqkd.models.students import Student


@dataclass(frozen=True)
class Preset:
    """A named student.

    Attributes:
        about: what it is, in words that begin a sentence.
        parts: fields of ``StudentSpec`` but the number of qubits.
        training: fields of a student's configuration, see ``jqkd.training.config``.
    """

    about: str
    parts: Mapping[str, str]
    training: Mapping[str, Any] = field(repr=False)

    def spec(self, qubits: int, **changes: Any) -> StudentSpec:
        """Its make-up on some qubits, with other parts where these are given."""
        parts: dict[str, Any] = {**self.parts, **changes}
        return StudentSpec(qubits, **parts)


_PAPER_TRAINING: dict[str, Any] = {
    "epochs": 10,
    "batch_size": 1,
    "learning_rate": 1e-3,
    "temperature": 3.0,
    "weight": 0.9,
    "recipe": "hinton",
    "label_weight": 1.0,
    "schedule": "constant",
    "augmentation": "none",
    "placebo": "none",
    "evaluate_every": 1,
}
PRESETS: dict[str, Preset] = {
    "paper-code": Preset(
        "what the published notebooks run",
        {
            "features": "conv",
            "encoding": "angle",
            "ansatz": "none",
            "readout": "concat-sigmoid",
            "gradient": "notebook",
        },
        _PAPER_TRAINING,
    ),
    "paper-text": Preset(
        "what the paper's text describes: amplitude encoding, trainable circuit, one loss for all "
        "rows",
        {
            "features": "dense",
            "encoding": "amplitude",
            "ansatz": "paper",
            "readout": "log-probability",
            "gradient": "two-term",
        },
        _PAPER_TRAINING,
    ),
    "robust": Preset(
        "the paper's circuits with a student that always trains: one logit a class, batches, a "
        "falling learning rate, mixed images; the teacher sees the student's very images",
        {
            "features": "conv:dropout_rate=0.0",
            "encoding": "angle:turn=0.5",
            "ansatz": "none",
            "readout": "scaled-probability",
            "gradient": "two-term",
        },
        {
            "epochs": 40,
            "batch_size": 30,
            "learning_rate": 4e-3,
            "temperature": 2.0,
            "weight": 4.0,
            "recipe": "hinton",
            "label_weight": 1.0,
            "schedule": "cosine",
            "augmentation": "half-mixup",
            "placebo": "none",
            "evaluate_every": 5,
        },
    ),
    "pure": Preset(
        "a circuit that does the work: pixels as amplitudes, layers with weights of their own, "
        "classes read from some qubits; one classical weight, a scale",
        {
            "features": "grid",
            "encoding": "amplitude:squash=false",
            "ansatz": "layered",
            "readout": "register",
            "gradient": "autodiff",
        },
        {
            "epochs": 40,
            "batch_size": 32,
            "learning_rate": 6e-2,
            "temperature": 2.0,
            "weight": 4.0,
            "recipe": "hinton",
            "label_weight": 1.0,
            "schedule": "cosine",
            "augmentation": "none",
            "placebo": "none",
            "evaluate_every": 5,
        },
    ),
}


def build_student(
    preset: str, num_qubits: int, *, rngs: nnx.Rngs, image_shape: tuple[int, ...] = (28, 28)
) -> Student:
    """A student by the name of its preset.

    Args:
        preset: a name of ``PRESETS``.
        num_qubits: Q, 1 to 10.
        rngs: initial weights.
        image_shape: (H, W), (H, W, channels) or (F,).

    Raises:
        InputError: an unknown preset, or a number of qubits outside 1..10.

    Example:
        >>> from jqkd.models.layers import count_parameters
        >>> [count_parameters(build_student("paper-code", q, rngs=nnx.Rngs(0))) for q in (3, 4)]
        [21483, 21534]
    """
    check_choice("preset", preset, PRESETS)
    spec = PRESETS[preset].spec(check_width("num_qubits", num_qubits))
    return spec.build(rngs=rngs, image_shape=image_shape)
