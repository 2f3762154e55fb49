"""How rows become runs: a preset and a few settings turn any row into configurations."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from jqkd._checks import check_choice, check_integer, check_list, check_seed, check_type, fail
from jqkd.experiments.rows import DISTILLED, STUDENT, TEACHER, Row, alone_of
from jqkd.quantum.measurement import check_shots
from jqkd.training.config import (
    ENSEMBLES,
    MOST_EPOCHS,
    TRAINING,
    Config,
    StudentConfig,
    TeacherConfig,
)

NOTEBOOK_SHOTS = "notebook"


@dataclass(frozen=True)
class TablePreset:
    """How all students of the tables are trained.

    Attributes:
        student: a name of ``jqkd.models.PRESETS``.
        as_notebook: head and distillation term are those of each row's own notebook.
        about: one sentence for the report.
        protocol: which accuracy the report shows first: ``best`` epoch on test, as in the paper,
            ``picked`` on validation, or ``final``.
    """

    student: str
    as_notebook: bool
    about: str
    protocol: str = "best"


TABLE_PRESETS: dict[str, TablePreset] = {
    "paper-code": TablePreset(
        "paper-code",
        True,
        "what the published notebooks run: each row with the head and the distillation term of "
        "its own notebook",
    ),
    "paper-text": TablePreset(
        "paper-text",
        False,
        "what the paper's text describes: amplitude encoding, trainable circuit, one loss for "
        "all rows",
    ),
    "robust": TablePreset(
        "robust",
        False,
        "the paper's circuits with a student that always trains: one logit a class, batches, a "
        "falling learning rate, mixed images; the teacher sees the student's very images",
        protocol="final",
    ),
}


@dataclass(frozen=True)
class Settings(Config):
    """All that the numbers of one results folder have in common.

    Args:
        preset: a name of ``TABLE_PRESETS``.
        shots: for every circuit; ``None`` for exact probabilities, ``notebook`` for each row's own.
        epochs: of the students; the preset's by default.
        ensemble: ``ensemble`` averages the probabilities of a LeNet and an AlexNet (eq. 16),
            ``joint-ensemble`` trains the two as one, as the notebooks do.
        lenet_epochs: of LeNet.
        alexnet_epochs: of AlexNet, and of the joint ensemble.

    Raises:
        InputError: one sentence about the first argument that is out of range.

    Example:
        >>> Settings("paper-text").epochs
        10
    """

    preset: str = "paper-code"
    shots: int | str | None = 5000
    epochs: int | None = None
    ensemble: str = "ensemble"
    lenet_epochs: int = 10
    alexnet_epochs: int = 10

    def __post_init__(self) -> None:
        check_choice("preset", self.preset, TABLE_PRESETS)
        if self.epochs is None:
            student = TABLE_PRESETS[self.preset].student
            object.__setattr__(self, "epochs", TRAINING[student]["epochs"])
        if isinstance(self.shots, str) and self.shots == NOTEBOOK_SHOTS:
            if not TABLE_PRESETS[self.preset].as_notebook:
                fail("shots", f"be a number where the preset is {self.preset}", "`notebook`")
        elif self.shots is not None:
            check_shots(self.shots)
            object.__setattr__(self, "shots", int(self.shots))
        check_choice("ensemble", self.ensemble, ENSEMBLES)
        for name in ("epochs", "lenet_epochs", "alexnet_epochs"):
            value = check_integer(name, getattr(self, name), 1)
            if value > MOST_EPOCHS:
                fail(name, f"be at most {MOST_EPOCHS}", value)
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class TeacherPlan:
    """A teacher as a table needs it: its parts may be trained for different numbers of epochs.

    Attributes:
        config: names it, and is the configuration itself where it has no parts.
        members: what is trained.
    """

    config: TeacherConfig
    members: tuple[TeacherConfig, ...]

    def __post_init__(self) -> None:
        check_type("config", self.config, TeacherConfig, "a TeacherConfig")
        members = tuple(check_list("members", self.members, TeacherConfig, "TeacherConfigs"))
        if not members:
            fail("members", "name at least one teacher", "none")
        object.__setattr__(self, "members", members)

    @property
    def epochs(self) -> dict[str, int]:
        """Epochs by architecture."""
        return {member.arch: member.epochs for member in self.members}


def teacher_of(row: Row, settings: Settings, seed: int = 0) -> TeacherPlan:
    """The teacher of a row, or the teacher that a row is.

    Raises:
        InputError: a row without a teacher, or a seed out of range.

    Example:
        >>> from jqkd.experiments.rows import select
        >>> row = select("1", ["mnist-0-5-3q-ensemble"])[0]
        >>> teacher_of(row, Settings(alexnet_epochs=1)).epochs
        {'lenet': 10, 'alexnet': 1}
    """
    _check_row(row, settings, (TEACHER, DISTILLED))
    seed = check_seed("seed", seed)
    arch = settings.ensemble if row.teacher == "ensemble" else row.teacher

    def config(arch: str) -> TeacherConfig:
        epochs = settings.lenet_epochs if arch == "lenet" else settings.alexnet_epochs
        return TeacherConfig(arch, row.dataset, row.classes, epochs, seed=seed)

    named = config(arch)
    return TeacherPlan(named, tuple(config(member.arch) for member in named.members))


def _check_row(row: Row, settings: Settings, kinds: tuple[str, ...]) -> None:
    check_type("row", row, Row, "a Row, as `select` returns them")
    check_type("settings", settings, Settings, "Settings")
    if row.kind not in kinds:
        fail("row", f"be a {' or '.join(kinds)}", f"{row.name}, a {row.kind},")


def _student(row: Row, settings: Settings, head: str, term: str, shots: int) -> StudentConfig:
    preset = TABLE_PRESETS[settings.preset]
    return StudentConfig(
        row.dataset,
        row.classes,
        row.qubits,
        preset.student,
        shots=shots if settings.shots == NOTEBOOK_SHOTS else settings.shots,
        head=head if preset.as_notebook else None,
        term=term if preset.as_notebook else "kl",
        epochs=settings.epochs,
    )


def distilled_config(row: Row, settings: Settings) -> StudentConfig:
    """The distilled student of a distilled row."""
    _check_row(row, settings, (DISTILLED,))
    return _student(row, settings, row.head, row.term, row.shots)


def alone_config(row: Row, settings: Settings) -> StudentConfig:
    """The student alone: the row itself, or the row that a distilled row is compared with."""
    _check_row(row, settings, (STUDENT, DISTILLED))
    mine = alone_of(row) if row.teacher else row
    return _student(mine, settings, mine.head, "kl", mine.shots)


def matched_config(row: Row, settings: Settings) -> StudentConfig:
    """The student alone with the distilled row's head and shots: one head for both arms."""
    return dataclasses.replace(distilled_config(row, settings), term="kl")
