"""The pictures of a run, read back from their objects: what is drawn is what the result holds."""

from __future__ import annotations

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.data import Subset
from jqkd.training import figures

matplotlib = pytest.importorskip("matplotlib")

METRICS = {
    "train_loss": 7.0,
    "train_accuracy": 0.91,
    "validation_loss": 1.0,
    "validation_accuracy": 0.5,
    "test_loss": 3.0,
    "test_accuracy": 0.2,
}
# Okabe and Ito's blue and vermilion: blue for students alone.
COLOURS = {"alone": "#0072b2", "distilled": "#d55e00"}


def curve(arm: str, metric: str) -> np.ndarray:
    """Three seeds by four looks: every number differs from every other, and seeds are skewed."""
    start = METRICS[metric] + {"alone": 0.0, "distilled": 0.02}[arm]
    return start + 0.03 * np.arange(4) + np.array([[0.0], [0.001], [0.005]])


def result(**student) -> dict:
    arms = {
        arm: {"curves": {metric: curve(arm, metric).tolist() for metric in METRICS}}
        for arm in COLOURS
    }
    about = {"qubits": 3, "evaluate_every": 3, "epochs": 10} | student
    return {"student": about, "seeds": [4, 5, 6], "arms": arms}


def lines(axes) -> dict[str, tuple[np.ndarray, np.ndarray, str]]:
    """Label -> x, y, colour."""
    to_hex = matplotlib.colors.to_hex
    return {
        line.get_label(): (line.get_xdata(), line.get_ydata(), to_hex(line.get_color()))
        for line in axes.lines
    }


def bands(axes) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Colour -> lower and upper edge of the band."""
    found = {}
    for band in axes.collections:
        (path,) = band.get_paths()
        vertices = path.vertices
        edges = [vertices[vertices[:, 0] == x, 1] for x in np.unique(vertices[:, 0])]
        colour = matplotlib.colors.to_hex(band.get_facecolor()[0], keep_alpha=False)
        found[colour] = tuple(np.array([f(edge) for edge in edges]) for f in (np.min, np.max))
    return found


@pytest.fixture(scope="module")
def axes():
    return figures.draw_curves(result()).axes


@pytest.mark.parametrize(
    ("place", "metric", "label"),
    [
        (0, "validation_loss", "validation cross-entropy (nats)"),
        (1, "test_accuracy", "test accuracy"),
    ],
)
def test_every_curve_is_that_of_its_arm(axes, place, metric, label):
    found, shades = lines(axes[place]), bands(axes[place])
    assert list(found) == ["alone", "distilled"]
    assert (axes[place].get_ylabel(), axes[place].get_xlabel()) == (label, "epoch")
    for arm, (x, y, colour) in found.items():
        numbers = curve(arm, metric)
        assert colour == COLOURS[arm]
        # Looks after every third epoch and the last: 3, 6, 9 and 10.
        assert x.tolist() == [3, 6, 9, 10]
        np.testing.assert_allclose(y, numbers.sum(0) / 3, rtol=1e-12)
        low, high = shades[colour]
        np.testing.assert_allclose(low, numbers[0], rtol=1e-12)
        np.testing.assert_allclose(high, numbers[2], rtol=1e-12)


def test_the_legend_names_the_arm_of_a_colour(axes):
    legend = axes[1].get_legend()
    pairs = zip(legend.get_texts(), legend.get_lines(), strict=True)
    shown = {text.get_text(): matplotlib.colors.to_hex(line.get_color()) for text, line in pairs}
    assert shown == COLOURS
    assert axes[0].get_legend() is None


def test_accuracies_are_shares_shown_in_per_cent(axes):
    assert axes[1].yaxis.get_major_formatter()(0.25, 0) == "25.0%"
    assert axes[0].get_yscale() == axes[1].get_yscale() == axes[0].get_xscale() == "linear"
    title = axes[0].figure.get_suptitle()
    assert title == "3-qubit students: mean and range over 3 seeds"


def test_curves_without_looks_are_of_every_epoch():
    drawn = result()
    del drawn["student"]["evaluate_every"]
    (x, _, _), _ = lines(figures.draw_curves(drawn).axes[0]).values()
    assert x.tolist() == [1, 2, 3, 4]


def test_the_file_is_the_picture(tmp_path):
    figures.curves_figure(result(), tmp_path / "c.svg")
    text = (tmp_path / "c.svg").read_text()
    for words in ("alone", "distilled", "validation cross-entropy (nats)", "3-qubit students"):
        assert f"<!-- {words}" in text
    with pytest.raises(InputError, match="`path` must be a file .*Not a directory"):
        figures.curves_figure(result(), tmp_path / "c.svg" / "c.svg")


def test_the_folder_of_a_picture_is_made(tmp_path):
    figures.curves_figure(result(), tmp_path / "new" / "c.png")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["c.png"]


# The demo's picture: digits, and what a student says of them.


@pytest.fixture(scope="module")
def demo():
    """Six classes, four and a half images each shown; two answers are wrong."""
    labels = np.tile(np.arange(6), 5)
    # An image's pixels are its own number, so that it is known again.
    images = np.broadcast_to(np.arange(30.0)[:, None, None] / 30, (30, 28, 28))
    predicted = labels.copy()
    predicted[[0, 8]] = [5, 3]
    test = Subset(images.astype(np.float32), labels, np.arange(30), "test")
    figure = figures.draw_demo(result(), test, predicted)
    return figure, labels, predicted


def test_the_demo_shows_what_was_said_of_every_image(demo):
    figure, labels, predicted = demo
    curves, digits = figure.subfigs
    assert list(lines(curves.axes[1])) == ["alone", "distilled"]
    assert len(digits.axes) == 24
    shown = []
    for place in digits.axes:
        (image,) = place.get_images()
        pixels = np.asarray(image.get_array())
        row = round(float(pixels[0, 0]) * 30)
        title = place.title
        wrong = predicted[row] != labels[row]
        assert title.get_text() == str(predicted[row])
        assert matplotlib.colors.to_hex(title.get_color()) == ("#cc79a7" if wrong else "#000000")
        assert title.get_fontweight() == ("bold" if wrong else "normal")
        assert image.get_cmap().name == "gray_r"
        shown.append(row)
    # Four of every class, class by class.
    assert labels[shown].tolist() == [c for c in range(6) for _ in range(4)]
    assert len(set(shown)) == 24
    assert {0, 8} <= set(shown)
    assert "distilled student says (wrong ones bold)" in digits.get_suptitle()
