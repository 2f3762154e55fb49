"""Every peer that is installed answers right, jqkd and NumPy first."""

import importlib
import sys

import pytest

from benchmarks.peers import FLOOR, OURS, PEERS
from benchmarks.processes import ROOT
from benchmarks.worker import Worker, answer, installed
from benchmarks.workloads import Cell

SMALL = {"W1": (3, 4), "W2": (3, 4), "W3": (3, 2), "W4": (4, 2), "W5": (8, 1)}
SMALL |= {"W6": (5, 2), "W7": (3, 4), "W8": (3, 2), "W9": (4, 2)}


def there(name):
    return all(installed(package) for package in PEERS[name].packages)


@pytest.mark.parametrize("workload", SMALL)
@pytest.mark.parametrize("peer", [OURS, "numpy", FLOOR, "aer"])
def test_answers_are_right(peer, workload):
    if workload not in PEERS[peer].workloads:
        pytest.skip(f"{peer} is not asked {workload}")
    if not there(peer):
        pytest.skip(f"{peer} is not installed")
    worker = Worker(importlib.import_module(f"benchmarks.peers.{PEERS[peer].module}"))
    for way in worker.ways(Cell(workload, *SMALL[workload])):
        found = worker.first(way)
        assert found["wrong"] is None
        assert found["first"][0] > 0 and found["peak_mb"] > 1
        times = worker.more(way, 0.01)["steady"]
        assert times and all(t > 0 for t in times)


def test_a_wrong_answer_and_an_exception_are_said(monkeypatch):
    from benchmarks.peers import plain

    cell = vars(Cell("W1", 3, 4))
    worker = Worker(plain)
    reply = answer(worker, {"do": "ways", "cell": cell})
    monkeypatch.setattr(plain.reference, "probabilities", lambda *args: 1 / 0)
    failed = answer(worker, {"do": "first", "way": reply["ways"][0]})
    assert failed == {"error": "ZeroDivisionError: division by zero"}
    monkeypatch.undo()
    right = plain.reference.probabilities
    monkeypatch.setattr(plain.reference, "probabilities", lambda *args: right(*args) + 0.01)
    wrong = answer(worker, {"do": "first", "way": reply["ways"][0]})
    assert wrong["wrong"] == "differs from the reference by up to 0.01"


def test_the_worker_imports_only_its_peer():
    import subprocess

    code = "import sys, benchmarks.worker; print('jax' in sys.modules, 'flax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "False"]
