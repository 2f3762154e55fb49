"""Counting false alarms: the counting, on made-up batteries; the batteries have their own tests."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from jqkd.crosscheck.findings import p_value
from scripts import false_alarms


def batteries(power: float):
    """A battery of three independent p-values, uniform for ``power`` 1, too small above."""

    def run(*, seed, quick, only):
        values = np.random.default_rng(seed).uniform(size=3) ** power
        return SimpleNamespace(findings=[p_value(f"check {i}", v, 1) for i, v in enumerate(values)])

    return run


def test_right_batteries_raise_alpha_alarms(monkeypatch):
    monkeypatch.setattr(false_alarms, "run_battery", batteries(1.0))
    counted = false_alarms.calibrate(range(1000), alphas=(0.001, 0.1))
    assert counted.agrees
    # 1 - (1 - 0.1 / 3)**3 = 0.0967 of 1,000, five standard errors to both sides.
    assert 50 < counted.alarms[0.1] < 144
    assert counted.limits == {0.001: 5, 0.1: 130}
    assert len(counted.by_finding["check 2"]) == 1000


def test_wrong_batteries_raise_more(monkeypatch):
    monkeypatch.setattr(false_alarms, "run_battery", batteries(3.0))
    seen = []
    counted = false_alarms.calibrate(range(100), progress=lambda seed, p: seen.append(seed))
    assert not counted.agrees and seen == list(range(100))
