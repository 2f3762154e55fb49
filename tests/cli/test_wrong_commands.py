"""Several hundred wrong commands: each one sentence, exit code 2, in no time, with nothing left.

Whatever trains, simulates or draws raises an error here: it all is told before the work.
"""

from __future__ import annotations

import json
import os
import re
import time

import numpy as np
import pytest

from benchmarks import command as benchmark
from jqkd.cli import audit, crosscheck, teacher, train
from jqkd.experiments import worker
from jqkd.models import ANSATZE
from jqkd.training import student_run, teacher_import
from jqkd.training.algorithm import ALGORITHM
from tests.cli.wrong_commands import cases
from tests.experiments.pretended import fill

CASES = cases()
# Seconds of CPU time; a command that begins to work takes longer.
MOST_WORK = 5.0


@pytest.fixture(scope="module", autouse=True)
def no_work():
    """Work is an error; what only imports is imported by now."""
    import orbax.checkpoint  # noqa: F401

    def work(*args, **options):
        raise AssertionError("work has begun")

    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (train, "run_student"),
            (teacher, "obtain_teacher"),
            (teacher_import, "load"),
            (audit, "audit_run"),
            (student_run, "prepare"),
            (crosscheck, "run_battery"),
            (crosscheck, "certify"),
            (worker, "compute"),
            (benchmark, "measure"),
            (benchmark, "run_studies"),
            (benchmark, "draw"),
        ):
            patch.setattr(module, name, work)
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with everything that a careless user may name."""
    root = tmp_path_factory.mktemp("place")
    (root / "file").write_text("text")
    (root / "own.csv").write_text("x,label\n" + "".join(f"{k},{k % 2}\n" for k in range(16)))
    (root / "binary").write_bytes(b"\xff\xfe\x00")
    (root / "plain.md").write_text("# A README without a place for tables\n")
    for name in ("folder", "folder.png", "a-folder/result.json", "damaged/checkpoints/3/state"):
        (root / name).mkdir(parents=True)
    (root / "loop").symlink_to("loop")
    (root / "gone").symlink_to("nowhere")
    student = {"dataset": "digits", "classes": "0-1", "qubits": 1, "preset": "robust"}
    whole = {"schema": 1, "kind": "student", "student": student, "teacher": None}
    whole |= {"algorithm": ALGORITHM}
    results = {
        "not-json": b"{",
        "a-list": b"[]",
        "null": b"null",
        "empty": b"",
        "deep": b"[" * 100_000,
        "bytes": b"\xff\xfe",
        "other": b'{"schema": 1, "kind": "teacher"}',
        "texts": json.dumps(whole | {"seeds": "ab", "arms": {"alone": {}}}).encode(),
        "older": json.dumps(whole | {"seeds": [0], "arms": {}, "algorithm": 1}).encode(),
        "stranger": json.dumps(
            whole
            | {"student": student | {"ansatz": "far"}, "plugins": {"far.py": "0123456789abcdef"}}
            | {"seeds": [0], "arms": {"alone": {}}}
        ).encode(),
        "no-checkpoint": json.dumps(whole | {"seeds": [0], "arms": {"alone": {}}}).encode(),
    }
    for name, content in results.items():
        (root / name).mkdir()
        (root / name / "result.json").write_bytes(content)
    (root / "bad.npz").write_bytes(b"PK\x03\x04")
    np.savez(root / "objects.npz", images=np.array([{}]))
    np.savez(root / "strange.npz", pixels=np.zeros((1, 8, 8)))
    np.savez(root / "unlike.npz", images=np.zeros((2, 8, 8)), labels=np.zeros(3, int))
    (root / "not-bench").mkdir()
    (root / "not-bench" / "bench.json").write_text("[]")
    for name in ("finished", "older-store"):
        fill(root / name, "demo", 2, lambda job, seed: 90)
    header = root / "older-store" / "store.json"
    header.write_text(json.dumps(json.loads(header.read_text()) | {"algorithm": 1}))
    (root / "tables").mkdir()
    (root / "tables" / "tables.json").write_text('{"schema": 1, "kind": "tables"}')
    (root / "wrong.toml").write_text(
        'name = "w"\n[[arms]]\nname = "a"\ndataset = "digits"\nclasses = "0-1"\nqubits = "2"\n'
    )
    start = "OPENQASM 3; include 'stdgates.inc'; input float a; input float b; qubit q; "
    for name, end in {
        "own": "ry(b) q; rx(a) q;",
        "measured": "bit c; ry(a) q; c = measure q; h q;",
        "reset": "reset q; ry(a) q;",
        "sine": "ry(sin(a)) q;",
        "wide": "qubit[10] r; h r[9];",
    }.items():
        (root / f"{name}.qasm").write_text(start + end)
    arm = 'name = "w"\n[[arms]]\nname = "a"\ndataset = "digits"\nclasses = "0-1"\nqubits = 2\n'
    many = f"teacher = 'lenet'\nweight = {[*range(1, 301)]}\ntemperature = {[*range(1, 101)]}\n"
    for name, more in {
        "lists": "epochs = [1, 2]",
        "grids": many,
        "empty": "teacher = 'lenet'\ntemperature = []",
        "search": "[search]\narm = 'a'\nepochs = [1, 2]",
    }.items():
        (root / f"{name}.toml").write_text(arm + more)
    (root / "own.py").write_text("def logits(images):\n    return images\n")
    (root / "broken.py").write_text("1 / 0\n")
    for name in ("one.py", "two.py"):
        (root / name).write_text(
            "from dataclasses import dataclass\n"
            "from jqkd.models import ANSATZE, Ansatz\n"
            '@ANSATZE.register("mine")\n@dataclass(frozen=True)\nclass Mine(Ansatz):\n    pass\n'
        )
    for name, line in {
        "colour": 'colour = "blue"',
        "three": "epochs = 3",
        "alone": 'teacher = "none"\nweight = 1.0',
        "quoted": 'epochs = "3"',
        "half": "epochs = 1.5",
        "list": "classes = [0, 1]",
        "nothing": 'ansatz = ""',
    }.items():
        (root / f"{name}.toml").write_text(line)
    (root / "taken.py").write_text(
        "from dataclasses import dataclass\n"
        "from jqkd.experiments.executors import EXECUTORS, Executor\n"
        '@EXECUTORS.register("here")\n@dataclass(frozen=True)\nclass Mine(Executor):\n    pass\n'
    )
    yield root
    ANSATZE._classes.pop("mine", None)
    ANSATZE._plugins.pop("mine", None)


def listing(root):
    """Every path below a folder, and of files when they were last written."""
    return {(entry.path, _written(entry)) for entry in _entries(root)}


def _written(entry):
    # A folder's time changes where a file is tried and removed.
    folder = entry.is_dir(follow_symlinks=False)
    return 0 if folder else entry.stat(follow_symlinks=False).st_mtime_ns


def _entries(root):
    for entry in os.scandir(root):
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(entry.path)


def wrong(run, place, monkeypatch, words):
    """Standard error of a wrong command, once all has been asked of it that every one owes."""
    monkeypatch.chdir(place)
    before, start = listing(place), time.process_time()
    code, out, err = run(*words)
    assert time.process_time() - start < MOST_WORK
    assert code == 2, out + err
    assert err.startswith("jqkd: ") and err.endswith(".\n") and err.count("\n") == 1, err
    assert not re.search(r"[.?!] +[A-Z]", err), f"more than one sentence: {err}"
    assert "Traceback" not in out + err
    assert listing(place) == before
    return err


def test_there_are_more_than_three_hundred():
    assert len(CASES) > 300 and len({name for name, _, _ in CASES}) > 300


@pytest.mark.parametrize(("words", "pattern"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_wrong_command(run, place, monkeypatch, words, pattern):
    assert re.search(pattern, wrong(run, place, monkeypatch, words))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(run, place, monkeypatch):
    (place / "folder").chmod(0o500)
    try:
        err = wrong(run, place, monkeypatch, ["student", "--out", "folder/run"])
    finally:
        (place / "folder").chmod(0o700)
    assert "Permission denied" in err
