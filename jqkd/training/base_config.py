"""What configurations of students and of teachers share: data, JSON, a digest, and bounds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any, Optional, TypeVar

from jqkd._checks import check_integer, check_number, fail
from jqkd.common.digests import json_digest
from jqkd.common.plugins import Plugin
from jqkd.common.registry import plugins_of
from jqkd.data import DATASETS, parse_classes

# Raised when the meaning of a configuration changes, so that old results are not taken for new.
SCHEMA = 2
# Weights and rates beyond are nothing or infinity in single precision, times what they scale.
LEAST, HEAVIEST = 1e-30, 1e6
# More than anybody needs, and less than a machine hangs with.
MOST_EPOCHS = 10**6
_MOST = {
    "epochs": (MOST_EPOCHS, ""),
    "evaluate_every": (MOST_EPOCHS, ""),
    "batch_size": (2**16, "no data set has more images"),
    "per_class": (2**16, "no data set has more images"),
}


@dataclasses.dataclass(frozen=True)
class Config:
    """Shared by the frozen configurations: classes, JSON and a digest."""

    if TYPE_CHECKING:

        @property
        def dataset(self) -> str: ...

        @property
        def classes(self) -> str: ...

    @property
    def num_classes(self) -> int:
        """C."""
        return len(self.class_numbers)

    @property
    def class_numbers(self) -> tuple[int, ...]:
        """The chosen classes of the data set."""
        return parse_classes(self.classes, DATASETS[self.dataset].num_classes)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(H, W), (H, W, channels) or (F,), as the data set says."""
        return DATASETS[self.dataset].image_shape

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, with the schema version."""
        return {"schema": SCHEMA, **dataclasses.asdict(self)}

    @property
    def plugins(self) -> list[Plugin]:
        """Where parts come from that are not jqkd's own."""
        return plugins_of(self.to_json())

    def digest(self) -> str:
        """Sixteen hex digits that name what is trained: all fields, and plug-ins by their source.

        A preset's name does not count: what it stands for is there, part by part.
        """
        about = {name: value for name, value in self.to_json().items() if name != "preset"}
        sources = [plugin.digest for plugin in self.plugins]
        return json_digest(about | ({"plugins": sources} if sources else {}))


_T = TypeVar("_T")
# Of a field that may be given as None, and is what stands for it once the configuration is made.
if TYPE_CHECKING:
    Default = Annotated[_T, "or None"]
else:
    Default = Optional


def check_data(dataset: str, classes: str) -> None:
    """There is such a data set, and it has such classes."""
    parse_classes(classes, DATASETS.build(dataset).num_classes)


def check_whole(config: Config, name: str) -> None:
    """The field is a whole number from 1 to the most that is allowed, and a plain ``int``."""
    value = check_integer(name, getattr(config, name), 1)
    most, reason = _MOST[name]
    if value > most:
        fail(name, f"be at most {most}", value, reason)
    object.__setattr__(config, name, value)


def check_rate(config: Config) -> None:
    """The field ``learning_rate`` is one that single precision tells from nothing."""
    rate = config.learning_rate  # type: ignore[attr-defined]
    check_number("learning_rate", rate, above=0)
    rate = check_number("learning_rate", rate, least=LEAST, most=HEAVIEST)
    object.__setattr__(config, "learning_rate", rate)
