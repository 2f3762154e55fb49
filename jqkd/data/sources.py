"""What is known of a data set before it is loaded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from jqkd._checks import fail, shown
from jqkd.common.registry import Registry
from jqkd.data.cache import Arrays


class Source(ABC):
    """A data set as a part: a frozen dataclass that says these facts as class attributes.

    Attributes:
        label: names it for a reader.
        class_names: one name for each class, in the order of the labels.
        image_shape: (H, W), (H, W, channels), or (F,) where images are features.
        train_images: all train images of a class, roughly: what a teacher's training costs.
        train_per_class: images a class that a student trains on by default.
        validation_per_class: images a class of the validation set by default.
        test_per_class: images a class of a student's test set by default.
        digest: SHA-256 of the decoded arrays; whatever the source, it must match. ``None``: it is
            taken from what is read, and nothing is cached.
        advice: what to do where it does not match.
        needs_data_dir: whether it is read from a folder of data, and not shipped with a package.
        is_decoded: whether it is kept decoded already, and not a second time in the cache.
    """

    label: ClassVar[str]
    class_names: ClassVar[tuple[str, ...]]
    image_shape: ClassVar[tuple[int, ...]]
    train_images: ClassVar[int]
    train_per_class: ClassVar[int]
    validation_per_class: ClassVar[int]
    test_per_class: ClassVar[int]
    digest: ClassVar[str | None] = None
    advice: ClassVar[str] = "bring the source back to what it was"
    needs_data_dir: ClassVar[bool] = False
    is_decoded: ClassVar[bool] = False

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)

    @abstractmethod
    def read(self, data_dir: Path, cache_dir: Path) -> Arrays:
        """``train_images``, ``train_labels``, ``test_images`` and ``test_labels``.

        Args:
            data_dir: tensorflow-datasets' data folder; it may be read-only.
            cache_dir: folder that downloads may go to.
        """


def describe(source: Source, facts: Mapping[str, Any]) -> None:
    """Facts that are known once there is an instance, as its attributes."""
    for fact, value in facts.items():
        object.__setattr__(source, fact, tuple(value) if isinstance(value, list) else value)


class _Datasets(Registry[Source]):
    """As a mapping: the data sets by name, or by text with options, not their classes."""

    def __getitem__(self, name: str) -> Source:  # ty: ignore[incompatible-method-override]  As said.
        if name.partition(":")[0] not in self._classes and self.title_of(name) is None:
            raise KeyError(name)
        return self.build(name)

    def build(self, text: str | Source, argument: str = "") -> Source:
        """A data set that says all its facts."""
        part = super().build(text, argument)
        lacking = [fact for fact in Source.__annotations__ if not hasattr(part, fact)]
        if lacking:
            fail("dataset", f"say its {', '.join(lacking)}", shown(text))
        return part


DATASETS = _Datasets("dataset", Source, has_shelf=True)
