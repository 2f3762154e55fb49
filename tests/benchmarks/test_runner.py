"""Processes that answer, hang or die, and what is left out in time."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks import worker as worker_module
from benchmarks.processes import Worker, environment
from benchmarks.runner import History, Plan, Record, first_calls, measure
from benchmarks.workloads import Cell
from jqkd._checks import InputError

SMALL, LARGE = Cell("W2", 3, 1), Cell("W2", 4, 64)
GREETING = "print('{\"versions\": {}}', flush=True)"


def interpreter(tmp_path, body):
    """Something that is started in place of Python, and misbehaves."""
    path = tmp_path / "python"
    path.write_text(f"#!{sys.executable}\nimport sys, time\n{GREETING}\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def start(tmp_path):
    """A peer whose process runs the given lines."""
    workers = []

    def worker(body):
        workers.append(Worker("numpy", "W1", interpreter(tmp_path, body)))
        assert "versions" in workers[-1].greet()
        return workers[-1]

    yield worker
    for worker in workers:
        worker.close()


def test_a_peer_that_dies_is_a_cell_with_its_reason(start):
    worker = start("sys.stdin.readline(); sys.exit('out of memory')")
    (record,) = first_calls(Plan(), Cell("W1", 3, 1), worker, History(Plan()))
    assert record.left_out == "process ended with code 1: out of memory"


def test_a_peer_that_hangs_is_given_up_and_started_again(start):
    worker = start("sys.stdin.readline(); time.sleep(1000)")
    assert worker.ask(0.2, do="ways") == {"late": 0.2} and not worker.running
    assert worker.ask(0.2, do="ways") == {"late": 0.2}


class Scripted:
    """A peer of two ways, one of which hangs; it forgets everything when it is started again."""

    peer, running, told = "aer", True, False

    def ask(self, patience, do, way=None, cell=None):
        if do == "ways":
            self.running = self.told = True
            return {"ways": ["slow", "good"]}
        if way == "slow" or not self.told:
            self.running = self.told = False
            return {"late": patience}
        return {"first": [1.0], "wrong": None, "peak_mb": 1.0, "call": 0.1, "second": 0.1}


def test_a_way_that_hangs_leaves_the_others_alone():
    slow, good = first_calls(Plan(), Cell("W1", 3, 1), Scripted(), History(Plan()))
    assert slow.left_out == "no answer within 60 s"
    assert good.left_out is None and good.first == [1.0]


def test_a_python_that_is_not_there_is_said():
    worker = Worker("numpy", "W1", "/nowhere/python")
    assert "cannot be run" in worker.greet()["error"] and not worker.ready


def test_a_peer_finds_the_package_from_anywhere(monkeypatch, tmp_path):
    """Also where nothing of it is installed, as in an environment of the peer's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (place,) = environment()["PYTHONPATH"].split(os.pathsep)
    assert (Path(place) / "benchmarks" / "worker.py").samefile(worker_module.__file__)
    assert (Path(place) / "jqkd" / "__init__.py").is_file()
    worker = Worker("numpy", "W1", sys.executable)
    about = worker.greet()
    worker.close()
    assert "numpy" in about["versions"]


def test_a_peer_that_is_not_installed_is_said(monkeypatch):
    worker = Worker("qujax", "W1", sys.executable)
    found = worker.greet()
    worker.close()
    try:
        import qujax  # noqa: F401
    except ImportError:
        assert found["missing"] == ["qujax"]
    else:
        assert found["versions"]["qujax"]


def test_what_would_take_too_long_is_left_out():
    history, record = History(Plan(call_limit=5)), Record("aer", SMALL, "counts")
    assert history.objection("aer", "counts", [], LARGE) is None
    history.note(record, 0.01)
    assert history.objection("aer", "counts", [], LARGE) is None
    history.note(Record("aer", Cell("W2", 3, 64), "counts"), 6.0)
    # The smaller estimate counts: the first cell's is 0.01 s times 64 and a bit.
    assert history.objection("aer", "counts", [], LARGE) is None
    slow = History(Plan(call_limit=5))
    slow.note(record, 0.1)
    assert slow.objection("aer", "counts", [], LARGE) == "about 7 s a call expected"


def test_sizes_beyond_one_that_was_given_up_are_left_out():
    history = History(Plan())
    history.give_up(Record("aer", SMALL, "counts"))
    assert history.objection("aer", "counts", [], LARGE) == "gave up at W2 n=3 B=1"
    assert history.objection("aer", "other", [], LARGE) is None


def test_ways_that_lost_twice_are_not_tried_again():
    history = History(Plan())
    for cell in (SMALL, Cell("W2", 3, 64)):
        fast, slow = (Record("aer", cell, way, steady=[t]) for way, t in (("a", 1), ("b", 3)))
        assert history.objection("aer", "b", ["a"], cell) is None
        history.compare([fast, slow, Record("aer", cell, "c", wrong="off")])
    reason = "wrong, or half as fast as another way, at 2 smaller sizes"
    found = [history.objection("aer", way, ["x"], LARGE) for way in "abc"]
    assert found == [None, reason, reason]


def test_a_small_plan_end_to_end():
    said = []
    found = measure(Plan(("W1",), ("numpy",), quick=True, rounds=2, share=0.01), said.append)
    peers = {record["peer"] for record in found["records"]}
    assert peers == {"jqkd", "numpy"} and len(said) == 2
    assert all(len(r["steady"]) >= 2 and r["wrong"] is None for r in found["records"])
    assert found["peers"]["numpy"]["versions"]["numpy"]


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="no peer 'cirq'"):
        Plan(peers=("cirq",))
    with pytest.raises(InputError, match="no workload 'X9'"):
        Plan(workloads=("X9",))
