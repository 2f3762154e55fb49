"""How commands end before they are done: Ctrl-C, SIGTERM, closed pipes, full disks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import command as benchmark
from jqkd import _interrupts
from jqkd.cli import audit, circuit, crosscheck, teacher, train
from jqkd.experiments import worker
from tests.experiments.pretended import fill

ROOT = Path(_interrupts.__file__).parents[1]
DATA = "--dataset digits --classes 0-1 --qubits 1"
# Command, where its work is, and what is kept, by what a user is told.
STOPPED = [
    ("demo", (train, "run_student"), "teacher's finished epochs are in the cache; of the stud"),
    (
        "teacher --dataset digits",
        (teacher, "obtain_teacher"),
        "the same command goes on from there",
    ),
    (f"student {DATA}", (train, "run_student"), "`jqkd student --out FOLDER` keeps them"),
    (
        f"student {DATA} --out x",
        (train, "run_student"),
        "the students' finished epochs are in x, and",
    ),
    (f"student {DATA} --teacher none", (train, "run_student"), "stopped; of the students nothing"),
    (
        f"audit {DATA} --out x",
        (train, "run_student"),
        "the students' finished epochs are in x, and",
    ),
    ("tables run --table demo --out x", (worker, "compute"), "finished jobs are in x, and the sa"),
    ("run demo --out x", (worker, "compute"), "finished jobs are in x, and the same command goes"),
    ("crosscheck --quick", (crosscheck, "run_battery"), "nothing was kept, the same command beg"),
    (
        "benchmarks --only W1 --out x",
        (benchmark, "measure"),
        "finished workloads are in x, and --only",
    ),
    ("circuit", (circuit, "deliver"), "stopped; nothing was kept."),
]


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt, 130), (_interrupts.Terminated, 143)]
)
@pytest.mark.parametrize(("words", "work", "kept"), STOPPED, ids=[words for words, _, _ in STOPPED])
def test_a_stopped_command_says_what_is_kept(
    run, monkeypatch, tmp_path, words, work, kept, error, code
):
    def stopped(*args, **options):
        raise error

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(*work, stopped)
    given, out, err = run(*words.split())
    assert given == code
    assert err.startswith("jqkd: stopped; ") and kept in err and err.count("\n") == 1
    assert "Traceback" not in out + err


def test_what_one_command_keeps_the_next_does_not_promise(run, monkeypatch, tmp_path):
    def stopped(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker, "compute", stopped)
    monkeypatch.setattr(circuit, "deliver", stopped)
    assert "are in x" in run("run", "demo", "--out", "x")[2]
    assert run("circuit")[2] == "jqkd: stopped; nothing was kept.\n"


def test_an_audit_of_a_run_that_is_stopped_has_changed_nothing(run, monkeypatch, tmp_path):
    def stopped(*args, **options):
        raise KeyboardInterrupt

    finished = SimpleNamespace(job=SimpleNamespace(teacher=None))
    monkeypatch.setattr(audit, "load_run", lambda folder: finished)
    monkeypatch.setattr(audit, "TeacherBar", stopped)
    code, _, err = run("audit", "--run", tmp_path)
    assert (code, err) == (130, "jqkd: stopped; nothing was changed.\n")


# Standard output


def test_a_full_disk_is_one_sentence(run, monkeypatch):
    for buffering in (1, -1):
        with open("/dev/full", "w", buffering) as full:
            monkeypatch.setattr(sys, "stdout", full)
            code, _, err = run("circuit")
        assert code == 2 and "cannot be written (No space left on device)" in err
        assert err.startswith("jqkd: ") and err.count("\n") == 1


@pytest.mark.parametrize("words", ["circuit", "circuit --json -", "run demo --dry-run"])
def test_a_closed_pipe_is_quiet(run, monkeypatch, words):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        code, _, err = run(*words.split())
    assert code == 141 and "jqkd: " not in err and "Traceback" not in err


def test_a_closed_standard_output_is_told_at_once(run, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    code, _, err = run("circuit")
    assert code == 2 and err == (
        "jqkd: Standard output is closed; send it to a file, or to /dev/null.\n"
    )


def test_a_path_is_printed_as_it_is(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    name = "[red]:smile:[/x]" + "y" * 90
    code, _, err = run("status", "--out", name)
    assert code == 2 and f"but {name} has no store.json" in err
    code, _, err = run("demo", "--picture", "a\n\x1b[31m.xyz")
    assert code == 2 and r"a\n\x1b[31m.xyz" in err and err.count("\n") == 1


def test_a_folder_is_shown_as_it_is_called(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    name = "[red]:smile:[b]"
    fill(tmp_path / name, "demo", 2, lambda job, seed: 90)
    code, out, _ = run("status", "--out", name)
    assert code == 0 and f"{name}: demo, A table" in " ".join(out.split())


# Signals, in processes of their own that import next to nothing

# Whoever runs the tests in the background has told all processes to ignore Ctrl-C.
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
LIGHT = f"{HEARS}import os, sys, time; from jqkd import _interrupts as i; i.watch(); "


def child(code):
    """Exit code, and what it said; within a minute."""
    options = {"capture_output": True, "text": True, "cwd": ROOT, "timeout": 60}
    done = subprocess.run([sys.executable, "-c", LIGHT + code], **options)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_while_all_is_still_imported(name, code):
    given, _, err = child(f"os.kill(os.getpid(), signal.{name}); time.sleep(30)")
    assert (given, err) == (code, "jqkd: stopped; nothing was kept.\n")


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_while_the_main_thread_hears_nothing(name, code):
    """As while XLA compiles: a call that lasts, frees Python's lock, and looks at no signal."""
    deaf = "import threading; threading.Timer(0.2, os.kill, (os.getpid(), signal.SIG)).start(); "
    deaf += "import hashlib; hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)"
    work = f"i.started(); i.keeps('half is kept'); {deaf.replace('SIG)', name + ')')}"
    given, _, err = child(work)
    # The call itself would last for many minutes.
    assert (given, err) == (code, "jqkd: stopped; half is kept.\n")


def test_what_is_being_written_is_written_to_its_end():
    work = """
i.started()
try:
    with i.whole():
        with i.whole():
            os.kill(os.getpid(), signal.SIGTERM)
        print("written", flush=True)
    print("lost")
except KeyboardInterrupt as error:
    sys.exit(i.exit_code(error) - 100)
"""
    given, out, err = child("\n" + work)
    assert (given, out, err) == (43, "written\n", "")


def test_a_teachers_checkpoint_is_written_to_its_end(monkeypatch, tmp_path):
    """Ctrl-C within Orbax would leave its threads behind, and their tracebacks."""
    from jqkd.training import checkpoint

    asked = []

    def manager(folder, *options, **more):
        os.kill(os.getpid(), signal.SIGINT)
        asked.append(folder)
        return _Nothing()

    before = signal.signal(signal.SIGINT, _interrupts._handle)
    monkeypatch.setattr(_interrupts._state, "starting", False)
    monkeypatch.setattr(checkpoint, "_manager", manager)
    try:
        with pytest.raises(KeyboardInterrupt):
            checkpoint.save(tmp_path, 1, {}, {}, "name")
    finally:
        signal.signal(signal.SIGINT, before)
    assert asked == [tmp_path] and _Nothing.saved == 1


class _Nothing:
    """In Orbax's place."""

    saved = 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def latest_step(self):
        return None

    def save(self, epoch, args):
        _Nothing.saved += 1


# Whole processes


def start(*words, **options):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    module = f"{HEARS}import runpy; runpy.run_module('jqkd', run_name='__main__')"
    command = [sys.executable, "-c", module, *map(str, words)]
    return subprocess.Popen(command, **pipes | {"cwd": ROOT} | options)


def test_ctrl_c_in_the_first_second():
    process = start("circuit")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err == "jqkd: stopped; nothing was kept.\n"


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_crosscheck_stops_in_the_middle_of_its_work(number, code):
    pytest.importorskip("qiskit_aer", reason="needs the qiskit extra")
    process = start("crosscheck")
    time.sleep(10)
    process.send_signal(number)
    # The work itself would take minutes.
    _, err = process.communicate(timeout=20)
    assert process.returncode == code and "stopped; nothing was kept" in err


@pytest.mark.slow
def test_students_that_are_stopped_go_on(tmp_path):
    """Stopped as soon as there is a checkpoint, then run to the end: the result is the same."""
    words = (
        "student --dataset digits --classes 0-1 --qubits 1 --shots exact --per-class 10 --seeds 1"
    )
    words = [*words.split(), "--teacher", "none", "--preset", "paper-code", "--epochs", "60"]
    process = start(*words, "--out", tmp_path / "x")
    while not list(tmp_path.glob("x/checkpoints/[0-9]*")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err.count("\n") == 1 and "goes on from there" in err
    assert not list(tmp_path.rglob(".*"))
    assert start(*words, "--out", tmp_path / "x").wait(120) == 0
    assert start(*words, "--out", tmp_path / "y").wait(120) == 0
    x, y = (json.loads((tmp_path / name / "result.json").read_text()) for name in "xy")
    assert x["arms"] == y["arms"]


@pytest.mark.slow
def test_pipes_disks_and_closed_outputs_of_whole_processes():
    line = f"{sys.executable} -m jqkd circuit --preset paper-text --qubits 4"
    for shell, code, words in (
        (f"{line} > /dev/full", 2, "No space left on device"),
        (f"{line} >&-", 2, "Standard output is closed"),
        (f"{line} 2>&- > /dev/null", 0, ""),
        (f"{line} --qubits 0 2>&-", 2, ""),
        (f"({line}; echo $? >&2) | true", 0, "141"),
    ):
        for unbuffered in ("", "1"):
            environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
            done = subprocess.run(
                shell, shell=True, capture_output=True, text=True, cwd=ROOT, env=environment
            )
            assert done.returncode == code and words in done.stderr, (shell, done)
            assert done.stderr.count("\n") <= 1 and "Traceback" not in done.stderr
