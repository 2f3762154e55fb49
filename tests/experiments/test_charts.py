"""Charts of reports and studies, read back from their objects: labels, colours, order, numbers."""

from __future__ import annotations

from statistics import mean

import numpy as np
import pytest

from jqkd.data import load
from jqkd.experiments import charts, figures, study_chart

from . import distinct

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")

# By teacher, as text and legend name them.
COLOURS = {None: "#000000", "lenet": "#0072b2", "alexnet": "#d55e00", "ensemble": "#009e73"}
MARKERS = {None: "o", "lenet": "s", "alexnet": "^", "ensemble": "v"}
LABELS = {
    None: "alone",
    "lenet": "taught by LeNet",
    "alexnet": "taught by AlexNet",
    "ensemble": "taught by ensemble",
}
PAPER = "#b5468b"


def hex_of(colour) -> str:
    return matplotlib.colors.to_hex(colour, keep_alpha=False)


def legend_of(figure) -> dict[str, tuple[str, str]]:
    """Label -> colour and marker, in the legend's order."""
    (legend,) = figure.legends
    pairs = zip(legend.get_texts(), legend.legend_handles, strict=True)
    return {text.get_text(): (hex_of(h.get_color()), h.get_marker()) for text, h in pairs}


def lines_at(axes, y: float) -> list:
    """Lines whose points lie on the row at y."""
    rows = [line for line in axes.lines if len(line.get_ydata())]
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


def shown(summary, kinds):
    """Results by table, in the order in which they must be drawn."""
    results = [r for r in summary.rows if r.row.kind in kinds]
    order = lambda r: (r.row.classes, r.row.qubits, r.row.kind == "distilled")  # noqa: E731
    tables = sorted({r.row.table for r in results})
    return [sorted((r for r in results if r.row.table == t), key=order) for t in tables]


def label_of(result) -> str:
    who = {None: "alone", "lenet": "LeNet", "alexnet": "AlexNet", "ensemble": "ensemble"}
    row = result.row
    return f"{row.classes}, {row.qubits} qubits, {who[row.teacher]}"


# Accuracies.


@pytest.mark.parametrize(
    ("preset", "protocol", "words"),
    [
        ("paper-code", "best", "at the epoch that is best on the test images"),
        ("robust", "final", "after the last epoch"),
    ],
)
def test_accuracies_are_those_of_their_rows(preset, protocol, words):
    summary = distinct.summary(preset)
    figure, caption = charts.draw_accuracies(summary)
    assert words in caption
    tables = shown(summary, ("student", "distilled"))
    assert [axes.get_title() for axes in figure.axes] == ["MNIST", "FashionMNIST"]
    for axes, results in zip(figure.axes, tables, strict=True):
        assert (axes.get_xlabel(), axes.get_xscale()) == ("test accuracy (%)", "linear")
        rows = rows_of(axes)
        assert list(rows) == [label_of(result) for result in results]
        for result in results:
            lines, row = rows[label_of(result)], result.row
            colour = COLOURS[row.teacher]
            values = result.accuracy[protocol]
            assert the_one(lines, marker=".", colour=colour)[0] == pytest.approx(values)
            bar, _ = the_one(lines, marker="None", upright=True, colour=colour)
            assert bar == pytest.approx([mean(values)] * 2)
            interval, _ = the_one(lines, marker="None", upright=False, colour=colour)
            assert interval == pytest.approx(result.interval)
            assert the_one(lines, marker="D", colour=PAPER)[0] == [row.accuracy]
            assert len(lines) == 4
    assert list(legend_of(figure)) == ["one run", "mean", "one more run, 95 %", "published"]
    assert legend_of(figure)["published"] == (PAPER, "D")
    assert legend_of(figure)["one run"][1] == "."


# Gains.


@pytest.mark.parametrize(("preset", "protocol"), [("paper-code", "best"), ("robust", "final")])
def test_gains_are_those_of_their_rows(preset, protocol):
    summary = distinct.summary(preset)
    figure, caption = charts.draw_gains(summary)
    assert "95 % BCa interval" in caption
    two = preset == "paper-code"
    tables = shown(summary, ("distilled",))
    for axes, results in zip(figure.axes, tables, strict=True):
        assert axes.get_xlabel() == "gain (points of test accuracy)"
        rows = rows_of(axes)
        assert list(rows) == [label_of(result) for result in results]
        for result in results:
            lines = [x for x in rows[label_of(result)] if hex_of(x.get_color()) != "#999999"]
            kinds = [(result.gain[protocol], COLOURS[result.row.teacher])]
            if result.matched is not None:
                kinds.append((result.gain_matched[protocol], "#ffffff"))
            for gain, face in kinds:
                point, dot = the_one(lines, marker="o", face=face)
                assert point == pytest.approx([gain.mean])
                assert hex_of(dot.get_markeredgecolor()) == COLOURS[result.row.teacher]
                y = dot.get_ydata()[0]
                ends = [x for x in lines if x.get_marker() == "None" and x.get_ydata()[0] == y]
                assert [list(x.get_xdata()) for x in ends] == [list(gain.interval)]
            assert the_one(lines, marker="D", colour=PAPER)[0] == [result.row.gain]
            assert len(lines) == 2 * len(kinds) + 1
    names = ["as the notebooks", "one head for both"] if two else ["ours"]
    assert list(legend_of(figure)) == [*names, "published"]
    assert ("one head (open)" in caption) == two


# Losses.


def test_losses_are_medians_of_the_right_arm():
    summary = distinct.summary()
    store = distinct.Curves(summary)
    figure, caption = charts.draw_losses(summary, store)
    titles = ["MNIST 0-5, 3 qubits", "MNIST 0-7, 4 qubits"]
    titles += ["FashionMNIST 0-5, 3 qubits", "FashionMNIST 0-7, 3 qubits"]
    drawn = [axes for axes in figure.axes if axes.lines]
    assert [axes.get_title() for axes in drawn] == titles
    for axes in drawn:
        assert axes.get_xlabel() == "epoch" and axes.get_yscale() == "linear"
        results = [r for r in summary.rows if r.row.kind != "teacher" and _title(r) == axes.title]
        curves = dict(zip((x.get_label() for x in axes.lines), axes.lines, strict=True))
        expected = [r for t in COLOURS for r in results if r.row.teacher == t]
        assert list(curves) == [LABELS[r.row.teacher] for r in expected]
        for band, result in zip(axes.collections, expected, strict=True):
            arm, teacher = distinct.arm_of(result, summary), result.row.teacher
            line = curves[LABELS[teacher]]
            assert hex_of(line.get_color()) == COLOURS[teacher] == hex_of(band.get_facecolor()[0])
            assert line.get_marker() == MARKERS[teacher]
            a, b, c = (np.array(store.curve(arm, "validation_loss", seed)) for seed in range(3))
            np.testing.assert_allclose(line.get_ydata(), b)
            assert list(line.get_xdata()) == list(range(1, 11))
            points = band.get_paths()[0].vertices
            edges = [points[points[:, 0] == x, 1] for x in range(1, 11)]
            # Of three numbers, the 10th percentile lies a fifth of the way to the middle one.
            np.testing.assert_allclose([e.min() for e in edges], a + 0.2 * (b - a))
            np.testing.assert_allclose([e.max() for e in edges], c + 0.2 * (b - c))
    assert legend_of(figure) == {LABELS[t]: (COLOURS[t], MARKERS[t]) for t in COLOURS}
    assert "10th to the 90th percentile" in caption and "validation loss" in drawn[0].get_ylabel()


class _Title(str):
    """Equal to a title object that says so."""

    def __eq__(self, other) -> bool:
        return str(self) == other.get_text()

    __hash__ = str.__hash__


def _title(result) -> _Title:
    names = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}
    row = result.row
    return _Title(f"{names[row.dataset]} {row.classes}, {row.qubits} qubits")


# Images and circuits.


def test_images_are_the_first_of_their_class():
    digits = load("digits")
    figure = figures.draw_images([digits])
    assert figure.axes[0].get_ylabel() == "digits"
    assert [axes.get_title() for axes in figure.axes] == [str(n) for n in range(8)]
    pixels = [np.asarray(axes.get_images()[0].get_array()) for axes in figure.axes]
    for label, image in enumerate(pixels):
        mine = digits.train_images[digits.train_labels == label] / 255
        np.testing.assert_allclose(image, mine[0], atol=1e-6)


@pytest.mark.parametrize(
    ("preset", "gates"),
    [
        ("paper-code", {3: ["H", "RY"], 4: ["H", "RY"]}),
        ("paper-text", {3: ["E", "H", "RY"], 4: ["E", "RY"]}),
    ],
)
def test_circuits_have_their_gates_in_order(preset, gates):
    figure, caption = figures.draw_circuits(distinct.summary(preset))
    assert [axes.get_title() for axes in figure.axes] == ["3 qubits", "4 qubits"]
    assert ("E: amplitude encoding" in caption) == (preset == "paper-text")
    for axes, qubits in zip(figure.axes, gates, strict=True):
        for wire in range(qubits):
            mine = [t for t in axes.texts if t.get_position()[1] == -wire]
            texts = [t.get_text() for t in sorted(mine, key=lambda t: t.get_position()[0])]
            named = [f"RY($\\theta_{wire}$)" if g == "RY" else g for g in gates[qubits]]
            assert texts == [f"$q_{wire}$", *named, "M"]


# Studies.


@pytest.fixture(scope="module", params=[True, False], ids=["mechanism", "differences"])
def drawn_study(request):
    study = distinct.study(request.param)
    lines = distinct.study_lines(study)
    with matplotlib.style.context(["default", figures.STYLE]):
        return study, lines, study_chart.draw_lines(study, lines)


def test_a_studys_accuracies_are_those_of_its_lines(drawn_study):
    _, lines, figure = drawn_study
    places = figure.axes[::2]
    assert [axes.get_title() for axes in places] == ["MNIST 0-5", "FashionMNIST 0-5"]
    for axes, data in zip(places, ("mnist", "fashion_mnist"), strict=True):
        mine = [line for line in lines if line.data.dataset == data]
        assert axes.get_xlabel() == "test accuracy after the last epoch (%)"
        rows = rows_of(axes)
        assert list(rows) == [line.variant.label for line in mine]
        for line in mine:
            values, teacher = line.accuracy["final"], line.variant.teacher
            drawn = rows[line.variant.label]
            dots, _ = the_one(drawn, marker=MARKERS[teacher], colour=COLOURS[teacher])
            assert dots == pytest.approx(values)
            bar, _ = the_one(drawn, marker="None", points=2, colour=COLOURS[teacher])
            assert bar == pytest.approx([mean(values)] * 2)
        guesses = [x for x in axes.lines if hex_of(x.get_color()) == "#999999"]
        # Only where somebody has collapsed: at a sixth.
        expected = [[100 / 6] * 2] if data == "mnist" else []
        assert [list(x.get_xdata()) for x in guesses] == expected


def test_a_study_shows_its_features_or_its_differences(drawn_study):
    study, lines, figure = drawn_study
    for axes, data in zip(figure.axes[1::2], ("mnist", "fashion_mnist"), strict=True):
        mine = [line for line in lines if line.data.dataset == data]
        for place, line in enumerate(mine):
            teacher = line.variant.teacher
            drawn = [x for x in lines_at(axes, -place) if hex_of(x.get_color()) != "#999999"]
            if study.shows_mechanism:
                dots, _ = the_one(drawn, marker=MARKERS[teacher], colour=COLOURS[teacher])
                assert dots == pytest.approx(line.mechanism["feature"])
            elif line.difference is None:
                assert not drawn
            else:
                gain = line.difference
                point, dot = the_one(drawn, marker=MARKERS[teacher], colour=COLOURS[teacher])
                assert point == [gain.mean]
                face = COLOURS[teacher] if teacher else "#ffffff"
                assert hex_of(dot.get_markerfacecolor()) == face
                ends, _ = the_one(drawn, marker="None", colour=COLOURS[teacher])
                assert ends == list(gain.interval)
        scale, label = ("log", "median size of the features f"), "difference (points)"
        expected = scale if study.shows_mechanism else ("linear", label)
        assert (axes.get_xscale(), axes.get_xlabel()) == expected


def test_a_studys_legend(drawn_study):
    _, _, figure = drawn_study
    found = legend_of(figure)
    assert list(found) == [
        *("alone", "taught by LeNet", "taught by ensemble"),
        *("mean (bar)", "guessing"),
    ]
    for teacher in (None, "lenet", "ensemble"):
        assert found[LABELS[teacher]] == (COLOURS[teacher], MARKERS[teacher])
