"""Jobs on engines, for real: SLURM's stand-in on this machine, a Dask cluster, workers killed."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.common.registry import KINDS
from jqkd.experiments import parcels
from jqkd.experiments.executors import executor_of
from jqkd.experiments.parcels import inputs_of, keep
from jqkd.experiments.worker import Order

from .engines import LOCAL, NAME, files, jobs_logged, killed_in_mid_job, run, started

ALONE = ("digits-0-1-2q-alone", "digits-0-1-2q-lenet-matched")
HAS_SUBMITIT = importlib.util.find_spec("submitit") is not None
needs_submitit = pytest.mark.skipif(not HAS_SUBMITIT, reason="submitit is not installed")


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    store, outcome = run("here", tmp_path_factory.mktemp("here") / "store", seeds=1)
    assert not outcome.failed
    return files(store.root)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    before = os.environ.get("JQKD_CACHE")
    # The workers' cache is another one than ours, as on another machine.
    os.environ["JQKD_CACHE"] = str(tmp_path_factory.mktemp("far"))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as made:
        os.environ.pop("JQKD_CACHE") if before is None else os.environ.update(JQKD_CACHE=before)
        yield made.scheduler_address.replace("tcp", "dask")


def test_a_dask_worker_killed_in_mid_job_changes_nothing(here, cluster, tmp_path):
    """A plug-in goes there as bytes, too: it is what waits to be killed."""
    store, outcome = killed_in_mid_job(cluster, tmp_path / "killed", seeds=1)
    assert not outcome.failed and len(outcome.done) == 1 + 3
    assert files(store.root) == here
    # Seconds and machine of each job came back.
    assert {entry["job"] for entry in jobs_logged(store)} == set(outcome.done)


IMPORTED = """
from jqkd.common.registry import KINDS
from jqkd.experiments import jobs

real = jobs.do_students

def do_students(*given):
    shelf = KINDS["dataset"].shelf
    assert shelf.arrays(shelf.resolve("brought"))["numbers"].sum() == 6
    return real(*given)

jobs.do_students = do_students
"""


def test_what_was_imported_goes_to_dask_workers(here, cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path / "cache"))
    title = KINDS["dataset"].shelf.add("brought", {}, {"numbers": np.arange(4)})
    plugin = tmp_path / "looks.py"
    plugin.write_text(IMPORTED)
    # As if the students' configurations named it.
    named = SimpleNamespace(dumps=lambda about: title, loads=json.loads)
    monkeypatch.setattr(parcels, "json", named)
    arms = ("digits-0-1-2q-alone",)
    store, outcome = run(cluster, tmp_path / "store", (str(plugin),), seeds=1, arms=arms)
    assert not outcome.failed and len(outcome.done) == 1
    names = [file for file in files(store.root) if file.startswith("students")]
    assert {file: files(store.root)[file] for file in names} == {file: here[file] for file in names}


def test_teachers_of_this_machine_go_to_dask_workers(here, cluster, tmp_path):
    other, _ = run("here", tmp_path / "other", seeds=1, arms=("*-lenet",))
    store, tasks = started(tmp_path / "store", seeds=1, arms=("*-lenet",))
    order = Order(str(store.root), NAME, teachers=str(other.root))
    outcome = executor_of(cluster).run(tasks, order, lambda *_: None)
    assert not outcome.failed and files(store.root) == files(other.root)


def test_what_goes_to_a_worker_and_what_is_kept(tmp_path):
    store, tasks = started(tmp_path / "store", seeds=1)
    plugin = tmp_path / "own.py"
    plugin.write_text("")
    order, groups = inputs_of(
        tasks[-1], Order(str(store.root), NAME, plugins=(str(plugin), "json"))
    )
    need = tasks[-1].jobs[0].needs[0]
    places = [place for group in groups for place in group]
    assert places[:2] == ["store/store.json", f"store/experiments/{NAME}.json"]
    assert places[2:4] == [f"store/{need}.npz", f"store/{need}.json"]
    assert order.plugins == (places[4], "json")
    assert re.fullmatch(r"cache/plugins/[0-9a-f]{16}/own.py", places[4])
    came = {"log.jsonl": b'{"job": "a"}\n', "../x.json": b"{}", "students/b.json": b"{}"}
    keep(store, ["students/a"], came | {"students/a.json": b"{}"})
    assert sorted(p.name for p in store.root.rglob("*.json")) == sorted(
        ["a.json", "store.json", f"{NAME}.json"]
    )
    assert not (tmp_path / "x.json").exists() and jobs_logged(store) == [{"job": "a"}]


@needs_submitit
def test_a_job_of_a_cluster_killed_in_the_middle_changes_nothing(here, tmp_path):
    store, outcome = killed_in_mid_job(LOCAL, tmp_path / "killed", seeds=1, arms=ALONE)
    assert not outcome.failed and len(outcome.done) == 2
    assert files(store.root).items() <= here.items()


# As SLURM does: the tasks of an array run by themselves, their numbers in the environment.
SBATCH = """#!/usr/bin/env python3
import os, re, subprocess, sys
text = open(sys.argv[1]).read()
array = re.search(r"--array=0-(\\d+)", text)
number = str(7 + len(os.listdir("sheets")))
open(f"sheets/{number}", "w").write(text)
for task in range(int(array[1]) + 1) if array else [None]:
    about = {"SLURM_JOB_ID": number, "SLURM_JOB_NUM_NODES": "1", "SLURM_NODEID": "0"}
    about |= {"SLURM_NTASKS": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
    if task is not None:
        about |= {"SLURM_ARRAY_JOB_ID": number, "SLURM_ARRAY_TASK_ID": str(task)}
    null = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
    subprocess.Popen(["bash", sys.argv[1]], env=os.environ | about, **null)
print("Submitted batch job", number)
"""
# Its options end where the interpreter stands.
SRUN = 'while [ "${1#*python}" = "$1" ]; do shift; done; exec "$@"'
TOOLS = {"srun": SRUN, "scontrol": 'echo "$@" >> renamed', "sacct": "true", "scancel": "true"}


@needs_submitit
def test_what_slurm_is_asked_for(tmp_path, monkeypatch):
    """Over a pretended ``sbatch``: what stands in its sheet, and the jobs done by it."""
    tools = {"sbatch": SBATCH} | {name: f"#!/bin/sh\n{text}\n" for name, text in TOOLS.items()}
    for folder in ("bin", "sheets"):
        (tmp_path / folder).mkdir()
    for name, text in tools.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    on = "slurm:partition=long,time=90,memory=6,gpus=1,cpus=3,workers=1,account=us"
    _, outcome = run(on, tmp_path / "store", seeds=1, arms=ALONE)
    assert not outcome.failed and len(outcome.done) == 2
    (sheet,) = (tmp_path / "sheets").iterdir()
    for option in (
        *("partition=long", "time=90", "mem=6GB", "gpus-per-node=1", "cpus-per-task=3"),
        *("account=us", "array=0-1%1", f"job-name=jqkd-{NAME}"),
    ):
        assert f"#SBATCH --{option}\n" in sheet.read_text(), option
    renamed = (tmp_path / "renamed").read_text().split()
    assert {f"JobName={name}" for name in outcome.done} < set(renamed)


def refused(on, match):
    engine = executor_of(on)
    with pytest.raises(InputError, match=match):
        engine.check()


def test_engines_that_are_not_to_be_had(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    if HAS_SUBMITIT:
        refused("slurm", "`on` must be what this machine has, but slurm, without its sbatch")
    for module in ("submitit", "distributed", "distributed.core"):
        monkeypatch.setitem(sys.modules, module, None)
    refused("slurm", r'needs submitit, which is not installed; run `pip install "jqkd\[slurm\]"`')
    refused("dask", r'needs distributed, which is not installed; run `pip install "jqkd\[dask\]"`')


def test_a_scheduler_that_does_not_answer_is_not_waited_for():
    pytest.importorskip("distributed", reason="distributed is not installed")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        refused(f"dask://127.0.0.1:{silent.getsockname()[1]}", "no Dask scheduler at 127.0.0.1:")
        assert time.monotonic() - start < 15


def test_a_scheduler_that_goes_is_told(tmp_path):
    pytest.importorskip("distributed", reason="distributed is not installed")
    words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
    file = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", *words]
    process = subprocess.Popen([*command, "--scheduler-file", str(file)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        address = re.search(r'"tcp://([^"]+)"', file.read_text())[1]
        store, tasks = started(tmp_path / "store", seeds=1)
        engine = executor_of(f"dask://{address}")
        engine.check()
        # No worker is there; it is killed once it has been given the first tasks.
        on_progress = lambda task, far, _: process.kill() if task is tasks[1] else None  # noqa: E731
        with pytest.raises(InputError, match="scheduler is gone; what is finished is kept"):
            engine.run(tasks, Order(str(store.root), NAME), on_progress)
        assert not store.at_work("")
    finally:
        process.kill()
        process.wait()
