"""What a teacher is and how it is trained: frozen, validated, digestible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from typing import Any

from jqkd._checks import check_list, check_seed, fail, shown
from jqkd.common.options import check_fields, option, part
from jqkd.common.plugins import Plugin
from jqkd.common.registry import plugins_of
from jqkd.data import DATASETS
from jqkd.models.teachers import TEACHERS, Architecture
from jqkd.training.base_config import EPOCHS, IMAGES, Config, Default, check_data, check_rate

# What has no effect on a teacher that is not trained, and so is as by default.
_OF_TRAINING = ("epochs", "batch_size", "learning_rate")


class _Derived(tuple["TeacherConfig", ...]):
    """Members that follow from their configuration: those of a changed one are others."""


@dataclass(frozen=True)
class TeacherConfig(Config):
    """A teacher's training, by default the paper's; one that was imported is not trained.

    Args:
        members: what is trained: the teacher itself, or those of an average, by default each
            trained as the average is said to be; others may differ in epochs, batch size and
            learning rate. All others are described where they stand.

    Raises:
        InputError: one sentence about the first argument that is out of range, or images that the
            teacher does not read.

    Example:
        >>> TeacherConfig("lenet", "mnist", "0-5").num_classes
        6
        >>> [m.arch for m in TeacherConfig("ensemble", "mnist", "0-5").members]
        ['lenet', 'alexnet']
    """

    arch: str = option(
        ...,
        "Network, or an average of several (eq. 16): ensemble, ensemble:members=lenet+alexnet; "
        "joint-ensemble trains two as one, as the notebooks do.",
        part(TEACHERS),
    )
    dataset: str = option(..., "Data set.", part(DATASETS))
    classes: str = option(..., "Classes such as 0-5, 0-7 or 0,2,4.", lambda name, value: value)
    epochs: int = option(10, "Passes over the train images.", EPOCHS)
    batch_size: int = option(128, "Images a step.", IMAGES)
    learning_rate: float = option(1e-3, "Adam's.", check_rate)
    seed: int = option(0, "Of weights, order and dropout.", check_seed)
    members: InitVar[Default[Sequence[TeacherConfig]]] = None  # ty: ignore[invalid-assignment]  Follows.
    own_members: tuple[TeacherConfig, ...] = field(init=False, default=(), repr=False)

    def __post_init__(self, members: Sequence[TeacherConfig] | None) -> None:
        check_data(self.dataset, self.classes)
        check_fields(self)
        self.part.check(self.image_shape)
        self.part.check_data(self.dataset, self.class_numbers)
        if not self.part.is_trained:
            for name in _OF_TRAINING:
                object.__setattr__(self, name, getattr(TeacherConfig, name))
        derived = _Derived(replace(self, arch=arch, members=None) for arch in self.part.members)
        if members is not None and not isinstance(members, _Derived):
            self._set_members(members, derived or (self,))
        object.__setattr__(self, "members", self.own_members or derived or _Derived([self]))

    def _set_members(self, given: Any, derived: Sequence[TeacherConfig]) -> None:
        given = tuple(check_list("members", given, TeacherConfig, "TeacherConfigs"))
        how = {name: getattr(self, name) for name in ("epochs", "batch_size", "learning_rate")}
        if [replace(member, **how) for member in given] != list(derived):
            names = ", ".join(self.part.members) or "itself"
            must = f"be the teachers that {self.arch} is made of, {names}, of its data and seed"
            fail("members", must, shown(given))
        if given != tuple(derived):
            object.__setattr__(self, "own_members", given)

    @property
    def plugins(self) -> list[Plugin]:
        """Where parts come from that are not jqkd's own; members' too."""
        own = [plugins_of({"dataset": self.dataset, "teacher": self.arch})]
        own += [plugins_of({"teacher": arch}) for arch in self.part.members]
        return sorted({plugin for one in own for plugin in one})

    @property
    def part(self) -> Architecture:
        """What ``arch`` names."""
        return TEACHERS.build(self.arch, "arch")

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, with the schema version; members where they are trained otherwise."""
        values = super().to_json()
        own = [member.to_json() for member in self.own_members]
        return {k: v for k, v in values.items() if k != "own_members"} | (
            {"members": own} if own else {}
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TeacherConfig:
        """What ``to_json`` has written."""
        values = {name: value for name, value in values.items() if name != "schema"}
        members = values.pop("members", None)
        return cls(**values, members=members and [cls.from_json(member) for member in members])
