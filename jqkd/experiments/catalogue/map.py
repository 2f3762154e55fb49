"""When a teacher helps a student whose quantum part does the work.

Written before the run. Students: preset pure, exact, on images whose amplitudes no classical weight
has touched. The centre: 8 qubits, 8 layers, MNIST 0-9, 150 images a class, a LeNet that saw all
images. Questions, each answered with a 95 % interval over 20 seeds:

1. the gain (taught minus alone) at the centre;
2. its slope in layers, qubits and images a class, and strongest minus weakest teacher;
3. the gain minus that of each placebo;
4. the gain minus that of each classical twin, and of circuits with less in them;
5. the gain after 320 epochs minus that after 40: easier to reach, or better when reached?

Taught lines that are compared with their student alone are one family (Holm), the answers to
questions 2 to 5 another. Around the centre one thing changes at a time; layers change at 6 qubits
too.

Equal effort: of students alone the learning rate, of taught ones learning rate, weight and
temperature are the best of six settings by validation accuracy, with seeds 1000 to 1002
(``Map.trials``; `python -m scripts.tune` writes them into map.json). Placebos have the LeNet's
settings, 320 epochs those of 40. Every student takes as many steps as 40 epochs of 150 images a
class of ten take, but those of 320 epochs. The images are the same for all seeds: intervals are
about training, not their choice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from jqkd.data import parse_classes
from jqkd.experiments.catalogue.entry import EXPERIMENTS, Entry
from jqkd.experiments.model import Arm, Comparison, Contrast, Experiment
from jqkd.experiments.planner import dataset_label
from jqkd.training.config import StudentConfig, TeacherConfig, read_shots

SETTINGS = Path(__file__).with_suffix(".json")
_RATES = (0.02, 0.04, 0.06, 0.08, 0.1, 0.15)
_TEACHINGS = ((1.0, 2.0), (4.0, 2.0), (4.0, 4.0))
# Of data sets whose teacher is not a LeNet of 10 epochs.
_TEACHERS = {
    "digits": {"arch": "lenet", "epochs": 100},
    "mnist1d": {"arch": "conv1d", "epochs": 300, "learning_rate": 1e-2},
}


@dataclass(frozen=True)
class Cell:
    """Students that are compared with each other: all but who teaches them.

    Attributes:
        dataset: name of ``DATASETS``.
        classes: such as ``0-9``.
        qubits: n.
        layers: L.
        per_class: images a class.
        epochs: ``None`` for as many as make the steps of all others.
        kind: what is changed in the student; "" for nothing.
        changes: how.
    """

    dataset: str = "mnist"
    classes: str = "0-9"
    qubits: int = 8
    layers: int = 8
    per_class: int = 150
    epochs: int | None = None
    kind: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """Names its arms."""
        parts = [self.dataset, self.classes, f"{self.qubits}q", f"{self.layers}l", self.per_class]
        parts += [f"{self.epochs}e"] if self.epochs else []
        return "-".join(map(str, [*parts, *filter(None, [self.kind])]))

    @property
    def label(self) -> str:
        """For a reader."""
        words = f"n = {self.qubits}, L = {self.layers}, {self.per_class} a class"
        words += f", {self.epochs} epochs" if self.epochs else ""
        return f"{words}, {self.kind}" if self.kind else words

    def student(self, shots: int | None, settings: Mapping[str, Any]) -> StudentConfig:
        """How they are trained."""
        classes = len(parse_classes(self.classes))
        steps = lambda n, c: -(-n * c // 32)  # noqa: E731
        equal = max(1, round(40 * steps(150, 10) / steps(self.per_class, classes)))
        epochs = self.epochs or equal
        fields: dict[str, Any] = {"ansatz": f"layered:layers={self.layers}"}
        shots = None if "stand_in" in self.changes else shots
        return StudentConfig(
            *(self.dataset, self.classes, self.qubits, "pure", shots),
            **fields | dict(self.changes) | dict(settings),
            per_class=self.per_class,
            epochs=epochs,
            evaluate_every=max(1, epochs // 8),
        )

    def teacher(self, **changes: Any) -> TeacherConfig:
        """The data set's own, or another."""
        usual: dict[str, Any] = {"arch": "lenet"} | _TEACHERS.get(self.dataset, {})
        return TeacherConfig(dataset=self.dataset, classes=self.classes, **usual | changes)


CENTRE = Cell()
LAYERS, QUBITS, IMAGES = (1, 2, 4, 8, 16), (4, 6, 8, 10), (20, 150, 1000)
# A circuit with less in it, or none: each is at the centre, in the circuit's place.
_KINDS: dict[str, dict[str, Any]] = {
    "unentangled": {"ansatz": "layered:layers=8,entangler=none"},
    "shared": {"ansatz": "layered:layers=8,shared=true"},
    "chain": {"ansatz": "layered:layers=8,axes=Y,entangler=chain"},
    "frozen": {"ansatz": "layered:layers=8,frozen=2023"},
    "reuploading": {
        "features": "pca",
        "encoding": "angle:turn=0.5",
        "ansatz": "reuploading:layers=8",
        "readout": "register:scale=10",
    },
    "linear-map": {"stand_in": "linear-map"},
    "squared-map": {"stand_in": "squared-map"},
    "mlp": {"stand_in": "mlp"},
}
KINDS = tuple(replace(CENTRE, kind=kind, changes=changes) for kind, changes in _KINDS.items())
LONGER = replace(CENTRE, epochs=320)
CELLS = (
    CENTRE,
    *(replace(CENTRE, layers=n) for n in LAYERS if n != 8),
    *(replace(CENTRE, qubits=n) for n in QUBITS if n != 8),
    *(replace(CENTRE, qubits=6, layers=n) for n in LAYERS if n != 8),
    *(replace(CENTRE, per_class=n) for n in IMAGES if n != 150),
    replace(CENTRE, classes="0-7"),
    replace(CENTRE, dataset="fashion_mnist", classes="0-7"),
    Cell("digits", qubits=6, per_class=100),
    Cell("mnist1d", qubits=5, per_class=300, changes={"features": "pca"}),
)
# Teachers of the centre but the LeNet of 10 epochs, the weakest first.
TAUGHT_BY: dict[str, dict[str, Any]] = {
    "linear": {"arch": "linear"},
    "mlp": {"arch": "mlp"},
    "lenet-1": {"epochs": 1},
    "lenet-3": {"epochs": 3},
    "ensemble": {"arch": "ensemble:members=lenet+vgg"},
}
PLACEBOS = ("shuffled", "constant", "smoothed")


@EXPERIMENTS.register("map")
@dataclass(frozen=True)
class Map(Entry):
    """Pure students alone and taught, against layers, qubits, images, teachers, twins.

    Args:
        shots: of every circuit, or ``exact``.
    """

    shots: str = "exact"

    def __post_init__(self) -> None:
        read_shots(self.shots)

    def experiment(self) -> Experiment:
        arms, compared = [], []
        for cell in (*CELLS, LONGER, *KINDS):
            arms += [self._alone(cell), self._taught(cell)]
            compared.append(Comparison(*_gain(cell), family="taught"))
        for name in TAUGHT_BY:
            arms.append(self._taught(CENTRE, name))
            compared.append(Comparison(*_gain(CENTRE, name), family="taught"))
        for placebo in PLACEBOS:
            settings = {**_chosen(CENTRE, "taught"), "placebo": placebo}
            arms.append(self._arm(CENTRE, placebo, CENTRE.teacher(), settings))
            pair = _gain(CENTRE, placebo)
            compared.append(Comparison(*pair, "placebo's gain", family="placebos"))
        about = (
            "Students whose images become amplitudes without a classical weight, alone and taught; "
            "around 8 qubits, 8 layers, MNIST 0-9 and 150 images a class one thing changes at a "
            "time."
        )
        return Experiment(
            self.name,
            "When a teacher helps a quantum student",
            about,
            tuple(arms),
            tuple(compared),
            seeds=20,
            contrasts=tuple(_contrasts()),
            shows_turning=True,
        )

    def trials(self) -> dict[str, list[Arm]]:
        """Name of an arm that is tuned -> what it might be, six settings of equal effort."""
        alone = [{"learning_rate": rate} for rate in _RATES]
        taught = [
            {"learning_rate": rate, "weight": weight, "temperature": temperature}
            for rate, (weight, temperature) in product((0.04, 0.08), _TEACHINGS)
        ]
        tuned = {}
        for cell in (*CELLS, *KINDS):
            tuned[f"{cell.name}-alone"] = [self._alone(cell, one) for one in alone]
            tuned[f"{cell.name}-taught"] = [self._taught(cell, settings=one) for one in taught]
        for name in TAUGHT_BY:
            tuned[f"{CENTRE.name}-{name}"] = [self._taught(CENTRE, name, one) for one in taught]
        return tuned

    def _alone(self, cell: Cell, settings: Mapping[str, Any] | None = None) -> Arm:
        return self._arm(cell, "alone", None, settings)

    def _taught(
        self, cell: Cell, by: str = "taught", settings: Mapping[str, Any] | None = None
    ) -> Arm:
        return self._arm(cell, by, cell.teacher(**TAUGHT_BY.get(by, {})), settings)

    def _arm(
        self,
        cell: Cell,
        end: str,
        teacher: TeacherConfig | None,
        settings: Mapping[str, Any] | None,
    ) -> Arm:
        own = _chosen(cell, end) if settings is None else settings
        group = f"{dataset_label(cell.dataset)} {cell.classes}"
        student = cell.student(read_shots(self.shots), own)
        return Arm(f"{cell.name}-{end}", f"{cell.label}, {end}", group, student, teacher)


def _gain(cell: Cell, end: str = "taught") -> tuple[str, str]:
    return f"{cell.name}-{end}", f"{cell.name}-alone"


def _slope(cells: Iterable[Cell], x: Iterable[float]) -> tuple[tuple[float, str, str], ...]:
    """Least squares: the gain's slope in x."""
    values = list(x)
    mean = sum(values) / len(values)
    size = sum((v - mean) ** 2 for v in values)
    return tuple(((v - mean) / size, *_gain(cell)) for v, cell in zip(values, cells, strict=True))


def _contrasts() -> Iterable[Contrast]:
    family, centre = "answers", (1.0, *_gain(CENTRE))
    for qubits in (8, 6):
        cells = [replace(CENTRE, qubits=qubits, layers=n) for n in LAYERS]
        terms = _slope(cells, range(len(LAYERS)))
        yield Contrast(f"gain per doubling of L, n = {qubits}", terms, family=family)
    terms = _slope([replace(CENTRE, qubits=n) for n in QUBITS], QUBITS)
    yield Contrast("gain per qubit, L = 8", terms, family=family)
    x = [math.log2(n) for n in IMAGES]
    terms = _slope([replace(CENTRE, per_class=n) for n in IMAGES], x)
    yield Contrast("gain per doubling of images a class", terms, family=family)
    weak, strong = next(iter(TAUGHT_BY)), list(TAUGHT_BY)[-1]
    terms = (1.0, *_gain(CENTRE, strong)), (-1.0, *_gain(CENTRE, weak))
    yield Contrast("strongest teacher's gain minus the weakest's", terms, family=family)
    for placebo in PLACEBOS:
        terms = centre, (-1.0, *_gain(CENTRE, placebo))
        yield Contrast(f"gain minus that of placebo {placebo}", terms, family=family)
    for cell in KINDS:
        terms = centre, (-1.0, *_gain(cell))
        yield Contrast(f"gain minus that of {cell.kind}", terms, family=family)
    terms = (1.0, *_gain(LONGER)), (-1.0, centre[1], centre[2])
    yield Contrast("gain of 320 epochs minus that of 40", terms, family=family)


def _chosen(cell: Cell, end: str) -> Mapping[str, Any]:
    """Settings of an arm, none if it was not tuned; 320 epochs have those of 40."""
    return _settings().get(f"{replace(cell, epochs=None).name}-{end}", {})


@lru_cache
def _settings() -> dict[str, dict[str, Any]]:
    """Of arms by name, as they were tuned."""
    return json.loads(SETTINGS.read_text(encoding="utf-8"))["settings"] if SETTINGS.exists() else {}
