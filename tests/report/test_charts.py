"""Charts, read back from their objects: labels, colours, order, numbers."""

from __future__ import annotations

from dataclasses import replace
from statistics import mean

import numpy as np
import pytest

from jqkd.data import load
from jqkd.experiments.model import Comparison, Experiment
from jqkd.quantum import Circuit, Op
from jqkd.report import charts, circuits, figures, losses
from jqkd.report.summary import summarise
from jqkd.report.text import teacher_name

from . import distinct

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")

# In the order in which teachers appear, students alone first.
PAPER_TEACHERS = (None, "alexnet", "lenet", "ensemble")
STUDY_TEACHERS = (None, "lenet", "ensemble")
COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73")
MARKERS = ("o", "s", "^", "v")
PUBLISHED = "#b5468b"


def words(teacher) -> str:
    return "alone" if teacher is None else f"taught by {teacher_name(teacher)}"


def look_of(line, teachers) -> tuple[str, str]:
    place = teachers.index(line.arm.teacher and line.arm.teacher.arch)
    return COLOURS[place], MARKERS[place]


def hex_of(colour) -> str:
    return matplotlib.colors.to_hex(colour, keep_alpha=False)


def legend_of(figure) -> dict[str, tuple[str, str]]:
    """Label -> colour and marker, in the legend's order."""
    (legend,) = figure.legends
    pairs = zip(legend.get_texts(), legend.legend_handles, strict=True)
    return {text.get_text(): (hex_of(h.get_color()), h.get_marker()) for text, h in pairs}


def looks_of(teachers) -> dict[str, tuple[str, str]]:
    return dict(zip(map(words, teachers), zip(COLOURS, MARKERS, strict=True), strict=False))


def lines_at(axes, y: float) -> list:
    """Lines whose points lie on the row at y."""
    rows = [line for line in axes.lines if len(line.get_ydata())]
    rows = [line for line in rows if hex_of(line.get_color()) != "#999999"]
    return [line for line in rows if abs(np.mean(line.get_ydata()) - y) < 0.45]


def rows_of(axes) -> dict[str, list]:
    """Tick label -> what is drawn on that row, from top to bottom."""
    places = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    found = {text.get_text(): lines_at(axes, y) for y, text in places}
    low, high = axes.get_ylim()
    assert low < high and list(axes.get_yticks()) == sorted(axes.get_yticks(), reverse=True)
    return found


def the_one(lines: list, **what):
    """The line of that marker, number of points or colour."""
    tests = {
        "marker": lambda line: line.get_marker(),
        "points": lambda line: len(line.get_xdata()),
        "colour": lambda line: hex_of(line.get_color()),
        "upright": lambda line: len(set(np.asarray(line.get_xdata()))) == 1,
        "face": lambda line: hex_of(line.get_markerfacecolor()),
    }
    (found,) = [x for x in lines if all(tests[k](x) == v for k, v in what.items())]
    return np.asarray(found.get_xdata(), float).tolist(), found


# By panel, in the order in which rows must be drawn: by group, then by circuit width.
PANELS = {
    "MNIST": ["m5-alone", "m5-lenet", "m5-ensemble", "m7-alone", "m7-alexnet"],
    "FashionMNIST 0-5": ["f5-alone", "f5-lenet"],
}


def label_of(line, title) -> str:
    classes = "" if title == line.arm.group else f"{line.arm.student.classes}, "
    return classes + line.arm.label


# Accuracies.


@pytest.mark.parametrize(
    ("protocol", "when"),
    [("best", "at the epoch that is best on the test images"), ("final", "after the last epoch")],
)
def test_accuracies_are_those_of_their_lines(protocol, when):
    summary = distinct.summary(protocol)
    figure, caption = charts.draw_accuracies(summary)
    assert when in caption and "published number (diamond)" in caption
    assert [axes.get_title() for axes in figure.axes] == list(PANELS)
    for axes, (title, names) in zip(figure.axes, PANELS.items(), strict=True):
        assert (axes.get_xlabel(), axes.get_xscale()) == ("test accuracy (%)", "linear")
        rows, lines = rows_of(axes), [summary.lines[name] for name in names]
        assert list(rows) == [label_of(line, title) for line in lines]
        for line in lines:
            drawn = rows[label_of(line, title)]
            colour, marker = look_of(line, PAPER_TEACHERS)
            values = line.record.accuracy(protocol)
            assert the_one(drawn, marker=marker, colour=colour)[0] == pytest.approx(values)
            bar, _ = the_one(drawn, marker="None", upright=True, colour=colour)
            assert bar == pytest.approx([mean(values)] * 2)
            interval, _ = the_one(drawn, marker="None", upright=False, colour=colour)
            assert interval == pytest.approx(line.interval)
            assert the_one(drawn, marker="D", colour=PUBLISHED)[0] == [line.arm.published]
            assert len(drawn) == 4
    legend = legend_of(figure)
    assert list(legend) == [
        *map(words, PAPER_TEACHERS),
        *("mean", "one more run, 95 %", "published"),
    ]
    assert legend["published"] == (PUBLISHED, "D")
    assert legend.items() >= looks_of(PAPER_TEACHERS).items()


# Gains.


@pytest.mark.parametrize("protocol", ["best", "final"])
def test_gains_are_those_of_their_lines(protocol):
    summary = distinct.summary(protocol)
    figure, caption = charts.draw_gains(summary)
    assert "95 % BCa interval" in caption and "open: others" in caption
    for axes, (title, names) in zip(figure.axes, PANELS.items(), strict=True):
        assert axes.get_xlabel() == "difference (points)"
        rows = rows_of(axes)
        lines = [summary.lines[name] for name in names if not name.endswith("alone")]
        assert list(rows) == [label_of(line, title) for line in lines]
        for line in lines:
            drawn, (colour, marker) = rows[label_of(line, title)], look_of(line, PAPER_TEACHERS)
            compared = [x for x in summary.differences if x.comparison.arm == line.arm.name]
            for one, face in zip(compared, (colour, "#ffffff"), strict=False):
                point, dot = the_one(drawn, marker=marker, face=face)
                assert point == pytest.approx([one.gain[protocol].mean])
                assert hex_of(dot.get_markeredgecolor()) == colour
                y = dot.get_ydata()[0]
                ends = [x for x in drawn if x.get_marker() == "None" and x.get_ydata()[0] == y]
                assert [list(x.get_xdata()) for x in ends] == [list(one.gain[protocol].interval)]
            published = compared[0].comparison.published
            assert the_one(drawn, marker="D", colour=PUBLISHED)[0] == [published]
            assert len(drawn) == 2 * len(compared) + 1
    assert list(legend_of(figure)) == [*map(words, PAPER_TEACHERS[1:]), "one head", "published"]


def test_gains_of_one_kind_have_no_second_dot():
    figure, caption = charts.draw_gains(distinct.study())
    assert "open" not in caption and "published" not in caption
    assert list(legend_of(figure)) == list(map(words, STUDY_TEACHERS))


# Losses.


LOSSES = {
    "MNIST 0-7, 4 qubits": ["m7-alone", "m7-alexnet"],
    "MNIST 0-5, 3 qubits": ["m5-alone", "m5-lenet", "m5-ensemble"],
    "FashionMNIST 0-5, 3 qubits": ["f5-alone", "f5-lenet"],
}


def check_band(axes, band, curve, line):
    record = line.record
    curves = np.asarray(record.curves["validation_loss"])
    a, b, c = (np.percentile(curves, q, axis=0) for q in (0, 50, 100))
    np.testing.assert_allclose(curve.get_ydata(), b)
    assert list(curve.get_xdata()) == record.epochs
    points = band.get_paths()[0].vertices
    edges = [points[points[:, 0] == x, 1] for x in record.epochs]
    if len(record.seeds) == 3:
        # Of three numbers, the 10th percentile lies a fifth of the way to the middle one.
        np.testing.assert_allclose([e.min() for e in edges], a + 0.2 * (b - a))
        np.testing.assert_allclose([e.max() for e in edges], c + 0.2 * (b - c))
    assert axes.get_xlim()[1] == max(record.epochs) + 0.5


def test_losses_are_medians_of_the_right_arm():
    summary = distinct.summary()
    figure, caption = losses.draw_losses(summary)
    assert [axes.get_title() for axes in figure.axes if axes.lines] == list(LOSSES)
    for axes, names in zip(figure.axes, LOSSES.values(), strict=True):
        assert axes.get_xlabel() == "epoch" and axes.get_yscale() == "linear"
        lines = [summary.lines[name] for name in names]
        for band, curve, line in zip(axes.collections, axes.lines, lines, strict=True):
            colour, marker = look_of(line, PAPER_TEACHERS)
            assert hex_of(curve.get_color()) == colour == hex_of(band.get_facecolor()[0])
            assert curve.get_marker() == marker
            check_band(axes, band, curve, line)
    assert legend_of(figure) == looks_of(PAPER_TEACHERS)
    assert "10th to the 90th percentile" in caption
    assert "validation loss" in figure.axes[0].get_ylabel()


def test_losses_of_several_lines_of_one_teacher_are_told_apart():
    study = distinct.study()
    figure, _ = losses.draw_losses(study)
    assert [axes.get_title() for axes in figure.axes] == [
        *("MNIST 0-5, 3 qubits", "FashionMNIST 0-5, 3 qubits"),
    ]
    names = ("alone", "far", "late", "wide")
    for axes, data in zip(figure.axes, ("mnist", "fashion_mnist"), strict=True):
        lines = [study.lines[f"{data}-{n}"] for n in names if f"{data}-{n}" in study.lines]
        for place, line in enumerate(lines):
            curve = axes.lines[place]
            assert (hex_of(curve.get_color()), curve.get_marker()) == (
                *(COLOURS[place], MARKERS[place]),
            )
            check_band(axes, axes.collections[place], curve, line)
    assert list(legend_of(figure)) == ["alone", "far taught", "late taught", "wide taught"]


def test_losses_without_any_comparison_stand_by_group():
    arms = [distinct.ARMS[i] for i in (0, 1, 6)]
    asked = Experiment("e", "E", "About.", tuple(arms))
    right = {key: [500, 600, 700] for key in ("best", "picked", "final")}
    made = summarise(asked, {one.name: distinct.record(one, right) for one in arms})
    figure, _ = losses.draw_losses(made)
    titles = ["MNIST 0-5, 3 qubits", "MNIST 0-7, 4 qubits", "FashionMNIST 0-5, 3 qubits"]
    assert [axes.get_title() for axes in figure.axes] == titles


def test_losses_of_lines_of_one_label_are_told_apart():
    """Alone and taught under one label: the legend says which is which."""
    arms = [
        distinct.arm(n, "robust", "mnist", "0-5", 3, t) for n, t in (("a", None), ("b", "lenet"))
    ]
    arms.append(distinct.arm("c", "the paper's loss", "mnist", "0-5", 3, "lenet", weight=0.5))
    arms.append(distinct.arm("d", "another student alone", "mnist", "0-5", 3, epochs=9))
    pairs = (Comparison(name, "a", family="taught") for name in "bc")
    asked = Experiment("e", "E", "About.", tuple(arms), (*pairs, Comparison("d", "b")))
    right = {key: [500, 600, 700] for key in ("best", "picked", "final")}
    made = summarise(asked, {one.name: distinct.record(one, right) for one in arms})
    figure, _ = losses.draw_losses(made)
    taught = words("lenet")
    assert list(legend_of(figure)) == [
        *("robust, alone", f"robust, {taught}", f"the paper's loss, {taught}"),
    ]
    long = replace(made, differences=[replace(x, comparison=replace(x.comparison, family=""))
                                      for x in made.differences])  # fmt: skip
    figure, _ = losses.draw_losses(long)
    assert [axes.get_title() for axes in figure.axes] == ["MNIST 0-5: robust"] * 2


def test_many_names_have_looks_of_their_own():
    looks = list(charts.looks(range(42)).values())
    assert len({(look.colour, look.marker) for look in looks}) == 42
    assert len({look.colour for look in looks[:6]}) == 6


# Images and circuits.


def test_images_are_the_first_of_their_class():
    digits = load("digits")
    figure = figures.draw_images([("some digits", digits, [0, 3, 5])])
    assert figure.axes[0].get_ylabel() == "some digits"
    assert [axes.get_title() for axes in figure.axes] == ["0", "3", "5"]
    for axes, label in zip(figure.axes, (0, 3, 5), strict=True):
        pixels = np.asarray(axes.get_images()[0].get_array())
        mine = digits.train_images[digits.train_labels == label] / 255
        np.testing.assert_allclose(pixels, mine[0], atol=1e-6)


def drawn_gates(axes, wire) -> list[str]:
    mine = [t for t in axes.texts if t.get_position()[1] == -wire]
    return [t.get_text() for t in sorted(mine, key=lambda t: t.get_position()[0])]


@pytest.mark.parametrize(
    ("preset", "gates"),
    [
        ("paper-code", {3: ["H", "RY"], 4: ["H", "RY"]}),
        ("paper-text", {3: ["E", "H", "RY"], 4: ["E", "RY"]}),
    ],
)
def test_circuits_have_their_gates_in_order(preset, gates):
    arms = [distinct.arm(f"a{q}", "a student", "mnist", "0-5", q, preset=preset) for q in (4, 3)]
    right = {key: [500] for key in ("best", "picked", "final")}
    made = {one.name: distinct.record(one, right) for one in arms}
    figure, caption = circuits.draw_circuits(
        summarise(Experiment("e", "E", "About.", tuple(arms)), made)
    )
    assert [axes.get_title() for axes in figure.axes] == ["3 qubits", "4 qubits"]
    assert ("E: encoding" in caption) == (preset == "paper-text")
    for axes, qubits in zip(figure.axes, gates, strict=True):
        for wire in range(qubits):
            letter = "x" if preset == "paper-code" else r"\theta"
            named = [f"RY(${letter}_{{{wire}}}$)" if g == "RY" else g for g in gates[qubits]]
            assert drawn_gates(axes, wire) == [f"$q_{wire}$", *named, "M"]


def test_a_gate_on_two_wires_is_after_what_it_waits_for(monkeypatch):
    """And its control, a dot, is on the right wire; angles that are fixed have no name."""
    ops = (Op("H", (0,)), Op("H", (0,)), Op("RY", (2,), fixed=(0.5,)), Op("CX", (2, 0)))
    circuit = Circuit(3, (*ops, Op("CRZ", (1, 2)), Op("RXX", (0, 1)))).as_weights()
    monkeypatch.setattr(circuits, "_circuit", lambda config: (circuit, 0))
    figure, _ = circuits.draw_circuits(distinct.summary())
    (axes,) = [axes for axes in figure.axes if axes.texts]
    assert drawn_gates(axes, 0) == ["$q_0$", "H", "H", "X", r"RXX($\theta_{1}$)", "M"]
    assert drawn_gates(axes, 1) == ["$q_1$", r"RXX($\theta_{1}$)", "M"]
    assert drawn_gates(axes, 2) == ["$q_2$", "RY", r"RZ($\theta_{0}$)", "M"]
    dots = [(x.get_xdata()[0], x.get_ydata()[0]) for x in axes.lines if x.get_marker() == "o"]
    assert dots == [(2, -2), (3, -1)]


def test_circuits_that_no_page_is_wide_enough_for_are_left_out(monkeypatch):
    made = {q: Circuit(q, (Op("RY", (0,)),) * (3 if q == 3 else 30)) for q in (3, 4)}
    monkeypatch.setattr(circuits, "_circuit", lambda config: (made[config.qubits], 0))
    arms = [distinct.arm(f"a{q}", "a student", "mnist", "0-5", q) for q in (4, 3)]
    right = {key: [500] for key in ("best", "picked", "final")}
    known = {one.name: distinct.record(one, right) for one in arms}
    summary = summarise(Experiment("e", "E", "About.", tuple(arms)), known)
    figure, caption = circuits.draw_circuits(summary)
    assert [axes.get_title() for axes in figure.axes] == ["3 qubits"]
    assert caption.endswith("Those of more than 24 columns are left out.")
    made[3] = made[4]
    assert circuits.draw_circuits(summary) is None


# Experiments that nobody published.


@pytest.fixture(scope="module")
def studied():
    return distinct.study()


def of_data(summary, dataset):
    return [line for line in summary.lines.values() if line.config.dataset == dataset]


def test_a_studys_accuracies_are_those_of_its_lines(studied):
    figure, caption = charts.draw_accuracies(studied)
    assert [axes.get_title() for axes in figure.axes] == ["MNIST 0-5", "FashionMNIST 0-5"]
    assert "after the last epoch" in caption and "published" not in caption
    for axes, data in zip(figure.axes, ("mnist", "fashion_mnist"), strict=True):
        rows, lines = rows_of(axes), of_data(studied, data)
        assert list(rows) == [line.arm.label for line in lines]
        for line in lines:
            colour, marker = look_of(line, STUDY_TEACHERS)
            dots, _ = the_one(rows[line.arm.label], marker=marker, colour=colour)
            assert dots == pytest.approx(line.record.accuracy("final"))
        guesses = [x for x in axes.lines if hex_of(x.get_color()) == "#999999"]
        # Only where somebody has collapsed: at a sixth.
        expected = [[100 / 6] * 2] * len(lines) if data == "mnist" else []
        assert [list(x.get_xdata()) for x in guesses] == expected
    teachers = list(map(words, STUDY_TEACHERS))
    assert list(legend_of(figure)) == [*teachers, "mean", "one more run, 95 %", "guessing"]


def test_the_mechanism_is_that_of_its_lines(studied):
    figure, _ = charts.draw_mechanism(studied)
    for axes, data in zip(figure.axes, ("mnist", "fashion_mnist"), strict=True):
        assert (axes.get_xscale(), axes.get_xlabel()) == ("log", "median size of the features f")
        rows = rows_of(axes)
        for line in of_data(studied, data):
            colour, marker = look_of(line, STUDY_TEACHERS)
            dots, _ = the_one(rows[line.arm.label], marker=marker, colour=colour)
            assert dots == pytest.approx(line.record.mechanism["feature"])
    hidden = replace(studied.experiment, shows_mechanism=False)
    assert charts.draw_mechanism(replace(studied, experiment=hidden)) is None
    assert charts.draw_mechanism(distinct.study(False)) is None


def test_nothing_is_drawn_of_teachers_alone():
    teacher = distinct.ARMS[2]
    right = {key: [500] for key in ("best", "picked", "final")}
    asked = Experiment("e", "E", "About.", (teacher,))
    made = summarise(asked, {teacher.name: distinct.record(teacher, right)})
    drawings = (charts.draw_accuracies, charts.draw_gains, losses.draw_losses)
    assert [draw(made) for draw in (*drawings, circuits.draw_circuits)] == [None] * 4


def test_no_legend_is_wider_than_its_figure(studied):
    for summary in (studied, distinct.summary()):
        for draw in (charts.draw_accuracies, charts.draw_gains):
            figure, _ = draw(summary)
            figure.draw_without_rendering()
            for legend in figure.legends:
                box = legend.get_window_extent()
                assert 0 <= box.x0 and box.x1 <= figure.bbox.width
