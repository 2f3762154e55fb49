"""Pictures and tables of cross-checks, read back: every student, channel and verdict in place."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from jqkd.crosscheck.agreement import Agreement
from jqkd.crosscheck.battery import BatteryReport
from jqkd.crosscheck.findings import Finding
from jqkd.crosscheck.report import (
    agreement_table,
    battery_figure,
    battery_table,
    noise_figure,
    noise_table,
)

matplotlib = pytest.importorskip("matplotlib")

CHANNELS = ("depolarising", "amplitude damping", "readout")
STRENGTHS = (0.001, 0.01, 0.1)
STUDENTS = ("alone, seed 0", "distilled, seed 0")


def points(student: int) -> list[dict]:
    """Accuracies and errors that are all different."""
    names = [("ideal", 0.0), *((c, s) for c in CHANNELS for s in STRENGTHS)]
    names.append(("GenericBackendV2", 0.0))
    return [
        {
            "channel": channel,
            "strength": strength,
            "accuracy": 0.9 - 0.3 * student - 0.013 * place,
            "standard_error": 0.01 + 0.002 * place + 0.0007 * student,
        }
        for place, (channel, strength) in enumerate(names)
    ]


FINDINGS = (
    Finding("test loss", "deviation", 1, 3e-7, 1e-4, "", True),
    Finding("same accuracy", "p-value", 200, 0.25, 0.01, "", True),
    Finding("shots there", "p-value", 300, 2e-5, 0.003, "image 7", False),
)
AGREEMENT = Agreement(200, 0.91, 0.72, 0.83, 150, 140.5, 3.25, 11, 49, 2.75, FINDINGS)
TRIP = Finding("round trip", "deviation", 10, 2e-3, 1e-10, "image 3", False)
CERTIFICATES = [
    {
        "kind": "certificate",
        "student": name,
        "agrees": False,
        "shots": 500,
        "agreement": asdict(AGREEMENT),
        "round_trip": asdict(TRIP),
        "noise": points(number),
        "noise_probe": None,
    }
    for number, name in enumerate(STUDENTS)
]


def rows_of(shown) -> list[tuple[str, ...]]:
    return list(zip(*(column.cells for column in shown.columns), strict=True))


@pytest.fixture(scope="module")
def noise_axes():
    return noise_figure(CERTIFICATES).axes


def of(student: int, channel: str) -> list[dict]:
    return [point for point in points(student) if point["channel"] == channel]


@pytest.mark.parametrize("place", range(3))
def test_noise_curves_are_those_of_their_student_and_channel(noise_axes, place):
    axes, channel = noise_axes[place], CHANNELS[place]
    assert axes.get_title() == channel and axes.get_xscale() == "log"
    per = "probability per measured bit" if channel == "readout" else "probability per gate"
    assert axes.get_xlabel() == per
    assert [container.get_label() for container in axes.containers] == list(STUDENTS)
    colours = []
    for number, container in enumerate(axes.containers):
        line, _, (bars,) = container.lines
        own = of(number, channel)
        percents = 100 * np.array([point["accuracy"] for point in own])
        errors = 100 * np.array([point["standard_error"] for point in own])
        assert list(line.get_xdata()) == list(STRENGTHS)
        np.testing.assert_allclose(line.get_ydata(), percents)
        ends = np.array(bars.get_segments())[:, :, 1]
        np.testing.assert_allclose(ends, np.stack([percents - errors, percents + errors], 1))
        colours.append(matplotlib.colors.to_hex(line.get_color()))
    levels = {
        (line.get_linestyle(), matplotlib.colors.to_hex(line.get_color())): line.get_ydata()[0]
        for line in axes.lines
        if line.get_linestyle() in ("--", ":")
    }
    expected = {
        (style, colour): pytest.approx(100 * of(number, name)[0]["accuracy"])
        for number, colour in enumerate(colours)
        for style, name in (("--", "ideal"), (":", "GenericBackendV2"))
    }
    assert levels == expected and len(set(colours)) == 2


def test_the_noise_legend_names_the_students(noise_axes):
    legend = noise_axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == list(STUDENTS)
    to_hex = matplotlib.colors.to_hex
    drawn = [to_hex(c.lines[0].get_color()) for c in noise_axes[0].containers]
    assert [to_hex(handle.get_color()[0]) for handle in legend.legend_handles] == drawn
    assert noise_axes[0].get_ylabel() == "accuracy on the test images (%)"


def test_the_noise_table_has_a_column_for_each_student():
    shown = noise_table(CERTIFICATES)
    assert [column.header for column in shown.columns] == ["channel", "strength", *STUDENTS]
    for cells, both in zip(rows_of(shown), zip(points(0), points(1), strict=True), strict=True):
        strength = f"{both[0]['strength']:g}" if both[0]["strength"] else ""
        texts = [f"{100 * p['accuracy']:.2f} ± {100 * p['standard_error']:.2f}" for p in both]
        assert cells == (both[0]["channel"], strength, *texts)


def test_the_agreement_table_says_what_the_certificate_says():
    shown = agreement_table(CERTIFICATES[0])
    assert rows_of(shown) == [
        ("accuracy, here", "91.00 %"),
        ("accuracy, there", "72.00 %"),
        ("accuracy, exact", "83.00 %"),
        ("same prediction", "150 of 200"),
        ("same prediction, shot noise alone", "140.5 ± 3.2"),
        ("right only here / only there", "11 / 49"),
        ("largest deviation of a frequency", "2.75 errors"),
        ("test loss", "3.0e-07"),
        ("p, same accuracy", "0.25"),
        ("p, shots there", "2e-05 DISAGREES"),
        ("round trip", "2.0e-03 DISAGREES"),
    ]
    assert shown.title == "alone, seed 0: here and on Aer, 500 shots"
    assert shown.caption == "DISAGREEMENT"
    assert agreement_table(CERTIFICATES[0] | {"agrees": True}).caption == "agrees"


# The battery.

REPORT = BatteryReport(False, (*FINDINGS, TRIP), "a simulator", True, 7, 0.01, 12.5, {})


def test_the_batterys_picture_has_every_finding_beside_its_limit():
    figure = battery_figure(REPORT)
    assert figure.get_suptitle() == "a simulator against Qiskit and Aer, seed 7"
    kinds = [[f for f in REPORT.findings if f.kind == kind] for kind in ("deviation", "p-value")]
    for axes, findings in zip(figure.axes, kinds, strict=True):
        names = [text.get_text() for text in axes.get_yticklabels()]
        assert names == [f.name for f in findings] and axes.get_xscale() == "log"
        y = list(axes.get_yticks())
        assert y == sorted(y, reverse=True)
        shown, limits = axes.collections
        expected = np.array([[f.worst for f in findings], y]).T
        np.testing.assert_allclose(shown.get_offsets(), expected)
        np.testing.assert_allclose(limits.get_offsets()[:, 0], [f.limit for f in findings])
        colours = [matplotlib.colors.to_hex(c) for c in shown.get_facecolors()]
        assert colours == ["#1f77b4" if f.agrees else "#d62728" for f in findings]
        assert [t.get_text() for t in axes.get_legend().get_texts()] == ["limit"]
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels == ["largest deviation", "p-value"]


def test_the_batterys_table_says_who_disagrees():
    shown = battery_table(REPORT)
    assert rows_of(shown) == [
        ("test loss", "1", "3.0e-07 of 1e-04", "agrees"),
        ("same accuracy", "200", "p = 0.25, limit 1.0e-02", "agrees"),
        ("shots there", "300", "p = 2e-05, limit 3.0e-03", "DISAGREES: image 7"),
        ("round trip", "10", "2.0e-03 of 1e-10", "DISAGREES: image 3"),
    ]
    assert [row.style for row in shown.rows] == [None, None, "bold red", "bold red"]
    assert shown.caption.startswith("DISAGREEMENT; 12.5 s; a correct simulator fails with")
    assert shown.title == "a simulator against Qiskit and Aer (quick, seed 7)"
