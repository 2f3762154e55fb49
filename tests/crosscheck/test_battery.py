"""The battery agrees with a right simulator and catches every wrong one."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.common.files import EXACT, write_json
from jqkd.crosscheck import run_battery
from jqkd.crosscheck.battery import GROUPS
from jqkd.crosscheck.findings import deviation, judge, p_value
from jqkd.crosscheck.report import battery_picture, battery_table
from tests.crosscheck.controls import CONTROLS, run_control


@pytest.fixture(scope="module")
def quick():
    seen = []
    report = run_battery(quick=True, seed=0, progress=lambda *step: seen.append(step))
    return report, seen


def test_the_simulator_agrees_with_qiskit(quick):
    report, seen = quick
    assert report.agrees, [f for f in report.findings if not f.agrees]
    assert [done for done, _, _ in seen] == list(range(1, len(GROUPS) + 1))
    assert sum(f.kind == "p-value" for f in report.findings) == 14
    for kind, limit in (("complex64", 1e-5), ("complex128", 1e-10)):
        of_kind = [f for f in report.findings if f.name.endswith(kind)]
        assert len(of_kind) >= 5 and all(f.worst < limit for f in of_kind)


def test_report_as_table_picture_and_json(quick, tmp_path):
    report, _ = quick
    assert battery_table(report).row_count == len(report.findings)
    assert battery_picture(report, tmp_path / "deep" / "battery.png").stat().st_size > 10_000
    write_json(tmp_path / "battery.json", report.to_json())
    read = json.loads((tmp_path / "battery.json").read_text())
    assert read["schema"] == 1 and read["agrees"] and read["seed"] == 0
    assert read["versions"]["qiskit"].startswith("2.")
    assert len(read["findings"]) == len(report.findings)
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["battery.json"]


@pytest.mark.parametrize(("make", "group", "words"), CONTROLS)
def test_every_control_is_caught(make, group, words):
    report = run_control(make(), group)
    assert not report.agrees
    assert any(words in f.name for f in report.findings if not f.agrees)
    assert battery_table(report).row_count == len(report.findings)


def test_json_has_no_words_for_infinity(tmp_path):
    path, third = tmp_path / "x.json", np.float64(1) / 3
    write_json(path, {"a": np.float32(0.1), "b": [math.inf, np.int64(3), third]}, EXACT)
    assert json.loads(path.read_text()) == {"a": float(np.float32(0.1)), "b": [None, 3, third]}


def test_deviations_of_another_shape_or_nan_disagree():
    assert not deviation("x", [("a", np.ones(2), np.ones(3))], 1.0).agrees
    assert not deviation("x", [("a", np.array([np.nan]), np.ones(1))], 1.0).agrees
    assert deviation("x", [("a", np.ones(1), np.ones(1) + 0.5)], 0.5).agrees


def test_judging_is_holms_procedure():
    """0.004 < 0.02/4 and 0.006 < 0.02/3 are rejected, 0.012 > 0.02/2 stops it for good."""
    values = (0.012, 0.004, 0.011, 0.006)
    judged = judge([p_value(str(v), v, 1) for v in values], 0.02)
    assert [f.agrees for f in judged] == [True, False, True, False]
    np.testing.assert_allclose([f.limit for f in judged], [0.02, 0.005, 0.01, 0.02 / 3])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": -1}, "seed"),
        ({"alpha": 0.0}, "alpha"),
        ({"only": ["states"]}, "only"),
    ],
)
def test_bad_options_are_one_sentence(options, words):
    with pytest.raises(InputError, match=f"Argument `{words}` must"):
        run_battery(quick=True, **options)
