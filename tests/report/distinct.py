"""Made-up experiments in which every number differs from every other, so that a mix-up shows."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np

from jqkd.experiments.analysis import ArmRecord
from jqkd.experiments.model import PROTOCOLS, Arm, Comparison, Contrast, Experiment
from jqkd.report.summary import Summary, summarise
from jqkd.statistics import Gain
from jqkd.training.config import StudentConfig, TeacherConfig

VERDICTS = ("reproduced", "higher", "lower", "undecidable")
IMAGES = 900
METRICS = ("train_loss", "validation_loss", "test_loss")
MECHANISM = ("feature", "slope", "sine", "dead")
GROUPS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "digits": "digits"}


class Numbers:
    """Ever new numbers, unevenly spaced, so that no mean is a median."""

    def __init__(self) -> None:
        self._count = count(1)

    def right(self, size: int, least: int = 270) -> list[int]:
        """Right answers among 900."""
        first = next(self._count)
        return [least + 3 * first + 2 * seed**2 for seed in range(size)]

    def gain(self, size: int, in_family: bool = True) -> Gain:
        """A gain with an uneven interval; a third of them are below 0."""
        number = next(self._count)
        sign = -1 if number // 2 % 3 == 0 else 1
        middle = sign * (1 + 0.13 * number)
        values = [middle + 0.2 * (seed - (size - 1) / 2) for seed in range(size)]
        interval = (middle - 0.11 - 0.01 * number, middle + 0.52 + 0.02 * number)
        p_holm = 0.011 + 0.003 * number if in_family else None
        return Gain(values, middle, interval, 0.002 + 0.003 * number, p_holm)


def arm(
    name: str,
    label: str,
    dataset: str,
    classes: str,
    qubits: int | None,
    teacher: str | None = None,
    published: float | None = None,
    note: str = "",
    hidden: bool = False,
    **changes,
) -> Arm:
    """Of a few words; without qubits it is the teacher itself."""
    preset = changes.pop("preset", "paper-code")
    student = None if qubits is None else StudentConfig(dataset, classes, qubits, preset, **changes)
    taught = teacher and TeacherConfig(teacher, dataset, classes)
    group = f"{GROUPS[dataset]} {classes}"
    return Arm(name, label, group, student, taught, published, note, hidden)


def record(of: Arm, right: dict[str, list[int]], start: float = 0.0, **more) -> ArmRecord:
    """Runs with so many right answers; curves are skewed, and begin at ``start``."""
    seeds = more.pop("seeds", list(range(len(right["final"]))))
    epochs = of.student.evaluated_epochs if of.student else ()
    base = 0.01 * np.array(epochs, float) + start
    skew = np.array([(0.0, 0.1, 0.4)[seed % 3] for seed in seeds])[:, None]
    curves = {name: base + skew + 100 * i for i, name in enumerate(METRICS)} if of.student else {}
    taught = {} if of.teacher is None else {of.teacher.arch: of.teacher.epochs}
    more = {"teacher_epochs": taught, "mechanism": {}, "test_images": IMAGES} | more
    return ArmRecord(of, seeds, right, more.pop("test_images"), list(epochs), curves, **more)


_NOTE = "No gradient of the teacher reaches these students."
ARMS = (
    arm("m5-alone", "3 qubits, alone", "mnist", "0-5", 3, None, 96.56),
    arm("m7-alone", "4 qubits, alone", "mnist", "0-7", 4, None, 93.83),
    arm("m5-teacher", "AlexNet (teacher)", "mnist", "0-5", None, "alexnet", 99.72),
    arm("m7-alexnet", "4 qubits, AlexNet", "mnist", "0-7", 4, "alexnet", 94.17),
    arm("m5-lenet", "3 qubits, LeNet", "mnist", "0-5", 3, "lenet", 97.89),
    arm("m5-ensemble", "3 qubits, ensemble", "mnist", "0-5", 3, "ensemble", 97.33),
    arm("f5-alone", "3 qubits, alone", "fashion_mnist", "0-5", 3, None, 65.0),
    arm("f5-matched", "3 qubits, alone", "fashion_mnist", "0-5", 3, hidden=True, shots=3000),
    arm("f5-lenet", "3 qubits, LeNet", "fashion_mnist", "0-5", 3, "lenet", 77.0, _NOTE, shots=3000),
    arm("never", "3 qubits, never", "fashion_mnist", "0-5", 3, epochs=1),
)


def experiment(protocol: str = "best") -> Experiment:
    """Published numbers, three teachers, one line that is compared with two others."""
    pairs = {"m7-alexnet": 0.34, "m5-lenet": 1.33, "m5-ensemble": 0.77, "f5-lenet": 12.0}
    comparisons = [
        Comparison(name, f"{name[:2]}-alone", "gain", published, "gains")
        for name, published in pairs.items()
    ]
    comparisons.append(Comparison("f5-lenet", "f5-matched", "one head", family="one head"))
    comparisons.append(Comparison("f5-matched", "f5-alone", "head"))
    mnist = tuple((1 / 3, c.arm, c.baseline) for c in comparisons[:3])
    fashion = ((1.0, "f5-lenet", "f5-alone"),)
    contrasts = (
        Contrast("Table 1", mnist, "", 0.8, 0.76),
        Contrast("Table 2", fashion, "contrasts", 5.4),
    )
    return Experiment(
        *("made-up", "Made up", "Nothing is compared.", ARMS, tuple(comparisons), protocol),
        contrasts=contrasts,
        published_protocol="best",
        published_epochs=10,
    )


def summary(protocol: str = "best") -> Summary:
    """Three to six seeds a line, all numbers distinct, intervals and verdicts made up too."""
    numbers, records = Numbers(), {}
    for place, one in enumerate(ARMS[:-1]):
        right = {name: numbers.right(3 + place % 4) for name in PROTOCOLS}
        records[one.name] = record(one, right, start=place)
    made = summarise(experiment(protocol), records, ["a machine"])
    for place, (name, line) in enumerate(made.lines.items()):
        verdict = VERDICTS[place % 4] if line.arm.published is not None else None
        interval = (20 + 0.7 * place, 90 + 0.3 * place)
        made.lines[name] = replace(line, interval=interval, verdict=verdict)
    for place, one in enumerate(made.differences):
        verdict = VERDICTS[(place + 1) % 4] if one.comparison.published is not None else None
        made.differences[place] = replace(
            one,
            arm=made.lines[one.comparison.arm],
            baseline=made.lines[one.comparison.baseline],
            gain={
                name: numbers.gain(len(one.seeds), bool(one.comparison.family))
                for name in PROTOCOLS
            },
            interval=(-3 - 0.2 * place, 4 + 0.5 * place),
            verdict=verdict,
        )
    contrasts = [
        (one, {name: numbers.gain(4, bool(one.family)) for name in PROTOCOLS})
        for one, _ in made.contrasts
    ]
    return replace(made, contrasts=contrasts)


def study(mechanism: bool = True) -> Summary:
    """Two data sets, nothing published; one run has collapsed; not every line on both."""
    lines = (
        ("alone", "alone", None, {}),
        ("other", "other epochs", None, {"epochs": 30}),
        ("far", "far taught", "lenet", {"weight": 1.5}),
        ("late", "late taught", "lenet", {"weight": 3.5}),
        ("wide", "wide taught", "ensemble", {"weight": 2.5}),
    )
    arms = [
        arm(f"{data}-{name}", label, data, "0-5", 3, teacher, preset="robust", **changes)
        for data in ("mnist", "fashion_mnist")
        for name, label, teacher, changes in lines
    ]
    comparisons = [
        Comparison(one.name, f"{one.student.dataset}-alone", family="taught" if one.teacher else "")
        for one in arms
        if not one.name.endswith("alone")
    ]
    about = "Nothing is compared."
    asked = Experiment(
        "study", "A study", about, tuple(arms), tuple(comparisons), shows_mechanism=mechanism
    )
    numbers, gains, records = Numbers(), Numbers(), {}
    for place, one in enumerate(arms[:-1]):
        right = {name: numbers.right(3 + place % 3) for name in PROTOCOLS}
        if not records:
            right["final"][1] = 160
        names = MECHANISM if mechanism else ()
        why = {name: [n / 70 for n in numbers.right(3 + place % 3)] for name in names}
        records[one.name] = record(one, right, start=place, mechanism=why)
    made = summarise(asked, records, ["a machine"])
    differences = [
        replace(one, gain={p: gains.gain(len(one.seeds), bool(one.comparison.family))
                           for p in PROTOCOLS})
        for one in made.differences
    ]  # fmt: skip
    return replace(made, differences=differences)
