"""Killed at any moment, shared by two processes: the store ends the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import jqkd
from jqkd.common.locks import holder, tried

SCRIPT = Path(__file__).with_name("kill_and_resume.py")
ROOT = Path(jqkd.__file__).parents[1]
KILLS = 20


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    command = [sys.executable, "-W", "ignore", SCRIPT, tmp_path_factory.mktemp("kill"), str(KILLS)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_killed_runs_end_like_an_undisturbed_one(outcome):
    assert outcome["kills"] == KILLS
    assert outcome["same"]
    # Header, what was asked, the teacher's two files, three arms.
    assert len(outcome["files"]) == 1 + 1 + 2 + 3 * 6


def test_a_kill_costs_at_most_one_job(outcome):
    wasted = len(outcome["starts"]["killed"]) - outcome["finished"]
    assert 0 < wasted <= KILLS


def test_an_undisturbed_run_does_every_job_once(outcome):
    assert set(Counter(outcome["starts"]["quiet"]).values()) == {1}


def test_two_processes_share_the_work(outcome):
    assert outcome["ends"] == [0, 0]
    assert sorted(outcome["starts"]["shared"]) == sorted(outcome["starts"]["quiet"])


def test_a_lock_says_who_holds_it(tmp_path):
    path = tmp_path / "locks" / "job.lock"
    with tried(path) as own:
        assert own is None
        with tried(path) as other:
            assert other.startswith("process ")
        assert holder(path) == other
    assert holder(path) is None
    assert not list(path.parent.iterdir())


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    path = tmp_path / "job.lock"
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from jqkd.common.locks import tried\n"
        "with tried(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, path], cwd=ROOT)
    assert path.exists()
    assert holder(path) is None
    with tried(path) as other:
        assert other is None
