"""What configurations of students and of teachers share: data, JSON, a digest, and bounds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any, Optional, TypeVar

from jqkd._checks import check_number
from jqkd.common.digests import json_digest
from jqkd.common.options import integer
from jqkd.common.plugins import Plugin
from jqkd.common.registry import plugins_of
from jqkd.data import DATASETS, parse_classes

# Raised when the meaning of a configuration changes, so that old results are not taken for new.
SCHEMA = 2
# Fields that came after results had been made, and say nothing where they are None.
_LATER = ("noise", "test_noise", "allocation", "shot_budget")
# Weights and rates beyond are nothing or infinity in single precision, times what they scale.
LEAST, HEAVIEST = 1e-30, 1e6
# More than anybody needs, and less than a machine hangs with.
MOST_EPOCHS = 10**6
EPOCHS, IMAGES = integer(1, MOST_EPOCHS), integer(1, 2**16, "no data set has more images")


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

        A preset's name does not count: what it stands for is there, part by part. Nor does a
        field of ``_LATER`` that is not given: results from before it was there keep their names.
        """
        about = {
            name: value
            for name, value in self.to_json().items()
            if name != "preset" and not (name in _LATER and value is None)
        }
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


def check_rate(name: str, value: Any) -> float:
    """A learning rate that single precision tells from nothing."""
    check_number(name, value, above=0)
    return check_number(name, value, least=LEAST, most=HEAVIEST)
