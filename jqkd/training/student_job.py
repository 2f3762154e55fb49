"""What is asked for: a student's configuration, its teacher's, and seeds."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from jqkd._checks import fail
from jqkd.common.digests import json_digest
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.runs import Run, check_seeds, paired
from jqkd.training.teaching import check_features, teachable


@dataclass(frozen=True)
class StudentJob:
    """What ``run_student`` does.

    Args:
        config: the students' training; of plain images where the teacher cannot answer views.
        teacher: the teacher's, of the same data set and classes; ``None`` to train alone only.
        seeds: one student alone and one distilled for each; at least one, none twice.

    Raises:
        InputError: no seed, a seed twice or of more than 32 bits, a teacher of other classes, or
            one whose hidden layer the recipe cannot use.
    """

    config: StudentConfig
    teacher: TeacherConfig | None
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "seeds", check_seeds(self.seeds))
        if self.teacher is None:
            return
        student, teacher = ((c.dataset, c.class_numbers) for c in (self.config, self.teacher))
        if student != teacher:
            must = f"know the student's classes, {self.config.dataset} {self.config.classes}"
            fail("teacher", must, f"{self.teacher.dataset} {self.teacher.classes}")
        check_features(self.teacher, self.config)
        object.__setattr__(self, "config", teachable(self.config, self.teacher))

    @property
    def runs(self) -> list[Run]:
        """Who trains: every seed alone and, with a teacher, distilled."""
        return paired(self.seeds, self.teacher is not None)

    def __str__(self) -> str:
        """Short enough for a sentence."""
        config, teacher = self.config, "none" if self.teacher is None else self.teacher.arch
        data = f"{config.dataset} {config.classes}, {config.qubits} qubits, teacher {teacher}"
        return f"{data}, {config.epochs} epochs, {len(self.seeds)} seed(s)"

    def digest(self) -> str:
        """Sixteen hex digits that name this job, done by this version of the algorithm."""
        teacher = self.teacher and self.teacher.digest()
        parts = {"student": self.config.digest(), "teacher": teacher, "seeds": list(self.seeds)}
        return json_digest(parts | {"algorithm": ALGORITHM})

    @property
    def plugins(self) -> dict[str, str]:
        """Digests of the plug-ins that parts come from, by name."""
        configs = [self.config, *([self.teacher] if self.teacher else [])]
        return dict(plugin for config in configs for plugin in config.plugins)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        teacher = self.teacher and self.teacher.to_json()
        return {"student": self.config.to_json(), "teacher": teacher, "seeds": list(self.seeds)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> StudentJob:
        """The job that ``to_json`` has written, be it among other values.

        Raises:
            InputError, KeyError, TypeError: there is none.
        """
        names = {field.name for field in dataclasses.fields(StudentConfig)}
        config = {name: value for name, value in values["student"].items() if name in names}
        teacher = values["teacher"] and TeacherConfig.from_json(values["teacher"])
        return cls(StudentConfig(**config), teacher, tuple(values["seeds"]))
