"""The list of faults fits the package as it is; whether tests notice them, ``run.py`` tries."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

_FILE = Path(__file__).with_name("run.py")
_spec = importlib.util.spec_from_file_location("faults_run", _FILE)
faults_run = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = faults_run
_spec.loader.exec_module(faults_run)

FAULTS = faults_run.read_faults()


def test_names_differ():
    labels = [fault.label for fault in FAULTS]
    assert len(set(labels)) == len(labels) >= 60


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.label)
def test_a_fault_fits_the_code(fault, tmp_path):
    path = tmp_path / fault.file
    path.parent.mkdir(parents=True)
    path.write_text((faults_run.ROOT / fault.file).read_text(encoding="utf-8"), encoding="utf-8")
    before = faults_run.apply(fault, tmp_path)
    after = path.read_text(encoding="utf-8")
    assert after != before
    compile(after, fault.file, "exec")
    for test in fault.tests:
        assert (faults_run.ROOT / test.split("::")[0]).exists(), test


def test_a_fault_whose_text_is_gone_is_refused(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    gone = faults_run.Fault("gone", "a.py", "x = 2", "x = 3", ())
    with pytest.raises(ValueError, match="stands 0 times"):
        faults_run.apply(gone, tmp_path)
