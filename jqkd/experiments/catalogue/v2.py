"""The paper's second version (arXiv:2311.13810v2): figure 12, read off the drawing.

Written before the run. Question: which published accuracies hold, and does a LeNet help? Each of
seven methods changes one thing of the first, on 4 and 8 qubits, MNIST and FashionMNIST, ten
classes. Which bars had a teacher is not said, so that a gain has no published counterpart;
accuracies are held against students alone. Contrasts: taught minus alone, one family (Holm).

What is not said, and how it is read here:

- Trained angles: three for all qubits, as drawn (``shared=true``), or of each qubit's own.
- Pooling: boxes and caption of figure 11 swap average and maximum. The published numbers stand at
  the names of figure 12; the swapped reading is a footnote's.
- 28x28 does not divide into 16x16: the image is padded to 32x32 and cut into equal cells.
- "Qubit" encoding: RX, RY, RZ, RX in turn, value i on qubit i mod Q. "Angle": RY alone. An angle is
  pi tanh of the value.
- Training: 600 images a class, 10 epochs, batches of 32, Adam at 0.003 with a cosine, exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from jqkd._checks import check_type
from jqkd.experiments.catalogue.entry import EXPERIMENTS, Entry
from jqkd.experiments.model import Arm, Comparison, Experiment
from jqkd.experiments.planner import dataset_label
from jqkd.training.config import StudentConfig, TeacherConfig

_AMPLITUDE = "amplitude:squash=false"
# Method -> features, encoding of Q qubits; the first one is the original.
METHODS: dict[str, tuple[str, str]] = {
    "original": ("dense", _AMPLITUDE),
    "qubit encoding": ("dense", "angle:axis=XYZX,hadamard=false,features={}"),
    "angle encoding": ("dense", "angle:axis=Y,hadamard=false,features={}"),
    "average pooling": ("grid:of=mean", _AMPLITUDE),
    "PCA": ("pca:whiten=false", _AMPLITUDE),
    "centre crop": ("crop", _AMPLITUDE),
    "max pooling": ("grid:of=max", _AMPLITUDE),
}
# By data set and qubits, in the order of the methods; %.
PUBLISHED: dict[tuple[str, int], tuple[float, ...]] = {
    ("mnist", 4): (77.8, 74.9, 62.6, 46.2, 31.6, 19.6, 15.2),
    ("mnist", 8): (90.2, 85.8, 78.5, 52.3, 42.5, 25.0, 19.2),
    ("fashion_mnist", 4): (77.5, 76.4, 68.7, 48.7, 28.3, 21.4, 17.4),
    ("fashion_mnist", 8): (83.3, 81.1, 71.3, 49.4, 31.6, 18.1, 18.1),
}
_SWAPPED = {"average pooling": "max pooling", "max pooling": "average pooling"}


@EXPERIMENTS.register("v2")
@dataclass(frozen=True)
class SecondVersion(Entry):
    """The 28 bars of figure 12 on MNIST and FashionMNIST, alone and taught.

    CIFAR10's 14 need its files: ``jqkd data import cifar10 tfds:cifar10``, then an experiment of
    one's own with these parts.

    Args:
        shared: whether all qubits have the same three trained angles, as drawn.
        epochs: of every student.
        per_class: images a class.
    """

    shared: bool = True
    epochs: int = 10
    per_class: int = 600

    def __post_init__(self) -> None:
        check_type("shared", self.shared, bool, "true or false")

    def experiment(self) -> Experiment:
        arms = list(self._arms())
        pairs = [arm.name for arm in arms if arm.teacher]
        comparisons = (
            Comparison(name, f"{name.removesuffix('-lenet')}-alone", family="taught")
            for name in pairs
        )
        angles = "three for all qubits, as drawn" if self.shared else "of each qubit's own"
        about = (
            "Figure 12 of the second version: reductions and encodings on 4 and 8 qubits, "
            f"rotations with trained angles ({angles}), Z of every qubit, a dense layer; ten "
            "classes. The published accuracies are read off a drawing, to 0.4 points."
        )
        title = "The paper's second version"
        return Experiment(self.name, title, about, tuple(arms), tuple(comparisons))

    def _arms(self) -> Iterator[Arm]:
        for (dataset, qubits), values in PUBLISHED.items():
            published = dict(zip(METHODS, values, strict=True))
            for (method, parts), taught in product(METHODS.items(), (False, True)):
                teacher = TeacherConfig("lenet", dataset, "0-9") if taught else None
                end = "lenet" if taught else "alone"
                stem = method.lower().replace(" ", "-")
                swapped = _SWAPPED.get(method)
                other = (
                    f"With the labels of figure 11 it would be {published.get(swapped or '')} %."
                )
                yield Arm(
                    f"{dataset}-{qubits}q-{stem}-{end}",
                    f"{qubits} qubits, {method}, {'LeNet' if taught else 'alone'}",
                    f"{dataset_label(dataset)} 0-9",
                    self._student(dataset, qubits, *parts),
                    teacher,
                    None if taught else published[method],
                    other if swapped and not taught else "",
                )

    def _student(self, dataset: str, qubits: int, features: str, encoding: str) -> StudentConfig:
        shared = str(self.shared).lower()
        return StudentConfig(
            *(dataset, "0-9", qubits, "pure"),
            shots=None,
            features=features,
            encoding=encoding.format(2**qubits),
            ansatz=f"layered:layers=1,entangler=none,shared={shared}",
            readout="dense-z",
            learning_rate=3e-3,
            epochs=self.epochs,
            per_class=self.per_class,
        )
