"""What the commands around training do, as named facts; nothing is trained and nothing measured.

Workers are replaced, command line, plans, folders and reports are real.
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import command as bench_command
from benchmarks import runner as bench_runner
from jqkd.cli import circuit as circuit_command
from jqkd.cli import crosscheck, demo, experiments, export, predict, report
from jqkd.cli import teacher as teacher_command
from jqkd.crosscheck.battery import BatteryReport
from jqkd.data import load
from jqkd.experiments import jobs, verify, worker
from jqkd.experiments.asked import asked, names_in
from jqkd.experiments.executors.base import Executor
from jqkd.experiments.executors.here import Here
from jqkd.experiments.store import Store
from jqkd.models import ANSATZE, import_circuit
from jqkd.quantum import Circuit, Op
from jqkd.training import following
from jqkd.training.predictions import Predictions
from jqkd.training.teacher_answer import Asking
from jqkd.training.trained import TrainedRun
from tests.cli.option_facts import TINY, call, split, told, watch_students
from tests.experiments.pretended import content_of, images_of

SHARES = (
    "bench",
    *("experiment placebos-datasets=digits-classes=0-1-qubits=2", "experiment demo"),
    "experiment placebos-datasets=digits-classes=0-1-qubits=1",
)
README = "\n".join(f"<!-- {share}: begin -->\n<!-- {share}: end -->" for share in SHARES)


def job_facts(words: list[str], folder: Path, *, before: tuple[str, ...] = (), damaged=False):
    """Of commands about experiments: which jobs are done, with what.

    Args:
        words: the command line.
        folder: where it is called.
        before: command lines that are called first.
        damaged: whether a file is cut short then.
    """
    seen: dict[str, list] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        _watch_jobs(patch, seen)
        if "report" in words:
            Path("README.md").write_text(README)
        for line in before:
            code, _, err = call(split(line))
            assert code == 0, err
        if damaged:
            path = min(folder.rglob("seed-*.json"))
            path.write_text(path.read_text()[:50])
        seen.clear()
        facts = told(*call(words), folder)
    facts["files"] = _named(facts["files"])
    facts["readme"] = readme_of(folder, README) if "report" in words else []
    names = ("teachers", "answers", "who", "how", "seeds", "blocks", "data", "from", "drawn")
    for name in names:
        facts[name] = sorted(set(seen.get(name, [])), key=str)
    facts["executor"] = seen.get("executor", [None])[-1]
    facts |= {"jobs": len(seen.get("jobs", [])), "tasks": len(seen.get("tasks", []))}
    if words[0] == "verify":
        # Which students are drawn is chance, and so is what they have in common.
        by_chance = ("who", "how", "seeds", "blocks", "jobs", "tasks")
        facts |= {f"~{name}": facts.pop(name) for name in by_chance}
        facts["sample"] = int(facts["~said"].split(" students trained again")[0].split()[-1])
        facts["replayed"] = sorted(seen.get("jobs", []))
    facts["planned"] = " tasks, " in facts["~said"]
    for path in sorted(folder.glob("*/store.json")):
        store = Store.open(path.parent)
        asking = [asked(store, name) for name in names_in(store)]
        given = [(one.source, one.seeds, one.teacher_seeds, one.arms) for one in asking]
        facts |= {"folder": path.parent.name, "asked": given}
    return facts


def _named(files: list[str]) -> list[str]:
    """Without the many files of jobs, and of locks."""
    return [name for name in files if not {"students", "teachers", "answers"} & {*name.split("/")}]


def readme_of(folder: Path, before: str) -> list[str]:
    """Which shares have been written."""
    text = (folder / "README.md").read_text()
    if text == before:
        return []
    begins = {share: f"<!-- {share}: begin -->" for share in SHARES}
    shares = [share for share, begin in begins.items() if begin in text]
    return [s for s in shares if f"{begins[s]}\n<!-- {s}: end -->" not in text]


def _watch_jobs(patch: pytest.MonkeyPatch, seen: dict[str, list]) -> None:
    """Results of jobs are made up, and noted."""

    def note(name, *values):
        seen.setdefault(name, []).extend(values)

    def do_teacher(job, datasets, report):
        note("jobs", job.name)
        note("tasks", job.name)
        assert datasets[job.teacher.dataset]
        for one in {*job.teacher.members, job.teacher}:
            note("teachers", (one.arch, one.dataset, one.classes, one.epochs, one.seed))
        return content_of(job, 90), {"logits": np.zeros((2, 2)), "ids": np.arange(2)}

    def do_answers(job, datasets, report):
        note("jobs", job.name)
        note("tasks", job.name)
        features = job.student.needs_features
        note("answers", (job.teacher.arch, job.student.augmentation, features))
        return {"kind": "answers"}, {"logits": np.zeros((2, 2)), "ids": np.arange(2)}

    def do_students(jobs, datasets, taught, report):
        config, teacher = jobs[0].student, jobs[0].teacher
        note("jobs", *(job.name for job in jobs))
        note("tasks", jobs[0].group)
        assert datasets[config.dataset]
        data = (config.dataset, config.classes, config.qubits)
        note("who", (*data, teacher and teacher.arch))
        how = (config.preset, config.epochs, config.shots, config.readout, config.term)
        note("how", (*how, config.recipe, config.placebo))
        note("seeds", *(job.seed for job in jobs))
        note("blocks", len(jobs))
        return [content_of(job, images_of(job) // 2 + job.seed) for job in jobs]

    def taken(job, where):
        note("from", where)
        make = do_teacher if job.kind == "teachers" else do_answers
        return make(job, jobs.Datasets(), None)

    def read(name, *, data_dir=None):
        note("data", (name, data_dir and str(data_dir)))
        return name

    def run(self, tasks, order, on_progress):
        note("executor", type(self).__name__)
        return real(Here(), tasks, order, on_progress)

    def draw(summary, folder, datasets):
        note("drawn", str(folder))
        for line in summary.shown:
            datasets(line.config.dataset)
        return []

    patch.setattr(report, "draw_all", draw)
    real = Executor.run
    for module in (jobs, verify):
        patch.setattr(module, "do_students", do_students)
    patch.setattr(jobs, "do_teacher", do_teacher)
    patch.setattr(jobs, "do_answers", do_answers)
    patch.setattr(jobs, "load", read)
    patch.setattr(worker, "_datasets", jobs.Datasets)
    patch.setattr(worker, "taken", taken)
    patch.setattr(experiments, "check_teachers", lambda *given: None)
    patch.setattr(Executor, "run", run)


def crosscheck_facts(words: list[str], folder: Path):
    """Of ``jqkd crosscheck``: what is repeated on Aer; a folder ``run`` has two seeds."""
    seen: dict = {"battery": None, "certified": [], "of": None}

    def battery(*, quick, seed, progress):
        seen["battery"] = {"quick": quick, "seed": seed}
        return BatteryReport(True, (), "none", quick, seed, 1e-3, 0.0, {})

    def students_of(trained, seeds):
        seen["of"] = trained.folder.name
        return [SimpleNamespace(name=f"seed {seed}") for seed in seeds]

    def certify(student, *, seed, noise, progress):
        seen["certified"].append((student.name, seed, noise))
        return {"agrees": True}

    def picture(what, path):
        Path(path).write_text("drawn")
        return path

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copytree(finished_run(folder.parent), "run")
        for name in ("agreement_table", "noise_table", "battery_table"):
            patch.setattr(crosscheck, name, lambda what: "")
        for name in ("noise_picture", "battery_picture"):
            patch.setattr(crosscheck, name, picture)
        patch.setattr(crosscheck, "run_battery", battery)
        patch.setattr(crosscheck, "certify", certify)
        patch.setattr(crosscheck, "students_of", students_of)
        patch.setattr(crosscheck, "require_qiskit", lambda *names: None)
        return told(*call(words), folder) | seen


def finished_run(shared: Path) -> Path:
    """A run folder of two students, not trained, each made once."""
    folder = shared / "finished-run"
    if not folder.exists():
        with pytest.MonkeyPatch.context() as patch:
            watch_students(patch, {}, trained=False)
            words = f"student {TINY} --teacher none --seeds 2 --out {folder}"
            code, _, err = call(split(words))
            assert code == 0, err
    return folder


def predict_facts(words: list[str], folder: Path):
    """Of ``jqkd predict``: which images are asked about, and with which shots; nobody answers."""
    seen: dict = {}

    def read(name, *, data_dir=None):
        seen["read"] = (name, data_dir and str(data_dir))
        return load("digits")

    def answer(self, images, *, shots, seed):
        seen["drawn"] = (shots, seed)
        return Predictions(self.runs, self.config.class_numbers, np.zeros((2, len(images), 2)))

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copytree(finished_run(folder.parent), "run")
        patch.setattr(predict, "load", read)
        patch.setattr(TrainedRun, "predict", answer)
        return told(*call(words), folder) | seen


def export_facts(words: list[str], folder: Path):
    """Of ``jqkd export``: to which tracker, which is told nothing."""
    seen: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copytree(finished_run(folder.parent), "run")
        patch.setattr(export, "tracker_of", lambda text: seen.update(tracker=text))
        patch.setattr(following, "tell", lambda *given: None)
        patch.setattr(TrainedRun, "epochs", lambda run: [])
        return told(*call(words), folder) | seen


OWN = "OPENQASM 3; include 'stdgates.inc'; input float a; input float b; qubit q; ry(b) q; rx(a) q;"


def circuit_facts(words: list[str], folder: Path, *, before: str = ""):
    """Of ``jqkd circuit``; ``before`` is a gate of the circuit that is called own already."""

    def written(circuit, path=None):
        text = f"{circuit.num_qubits} qubits, {circuit.num_angles} angles"
        return text if path is None else Path(path).write_text(f"picture of {text}")

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("JQKD_CACHE", f"{folder}-cache")
        patch.setattr(Circuit, "to_qasm", written)
        patch.setattr(circuit_command, "save_picture", written)
        if before:
            import_circuit("own", Circuit(1, [Op(before, (0,))]))
        if "import" in words:
            Path("own.qasm").write_text(OWN)
        code, out, err = call(words)
        shelf = ANSATZE.shelf.titles()
    facts = told(code, out, err, folder) | {"shelf": shelf}
    texts = {n: (folder / n).read_text() for n in facts["files"] if not n.endswith(".json")}
    return facts | {"printed": out, "texts": texts}


def teacher_facts(words: list[str], folder: Path):
    """Of ``jqkd teacher import`` and ``answer``: what is asked of whom."""
    seen: dict = {}
    names = ("model", "dataset", "classes", "name", "logits", "replace", "data_dir")

    def answered(*given, on_images, **how):
        seen.update(zip(names, given, strict=False))
        seen.update({name: how.pop(name) for name in ("name", "replace", "data_dir")})
        seen.update(dataclasses.asdict(Asking(**how)))
        on_images(1, 2)
        return "own@0123456789ab"

    def imported(*given, **how):
        seen.update(zip(("name", "logits", "dataset", "classes"), given, strict=True), **how)
        return "own@0123456789ab"

    def shown(title, output, watch, data_dir, json):
        seen["title"], seen["shown"] = title, data_dir
        teacher_command.deliver({"title": title}, json)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(teacher_command, "answer_teacher", answered)
        patch.setattr(teacher_command, "import_teacher", imported)
        patch.setattr(teacher_command, "_kept", shown)
        facts = told(*call(words), folder)
    return facts | {name: str(value) for name, value in seen.items()}


class Peer:
    """In the place of a process that measures: answers at once, and notes what it is asked."""

    asked: list = []  # noqa: RUF012
    ready = running = True
    patience = None

    def __init__(self, peer, workload, python):
        self.peer = peer
        self.asked.append(("peer", peer, workload, python))

    def greet(self):
        return {"versions": {self.peer: "1"}}

    def close(self):
        pass

    def ask(self, patience, do, way=None, cell=None, seconds=None):
        self.asked.append((do, self.peer))
        Peer.patience = patience
        if do == "ways":
            return {"ways": ["one"]}
        if do == "more":
            return {"steady": [0.1], "peak_mb": 1.0}
        return {"first": [1.0], "wrong": None, "peak_mb": 1.0, "call": 0.1, "second": 0.1}


def bench_facts(words: list[str], folder: Path, *, before: tuple[str, ...] = ()):
    """Of the benchmarks: who is asked how often about what."""
    studies: list[str] = []

    def run_studies(names):
        studies.extend(names)
        return {name: {"title": name} for name in names}

    def draw(summary, path):
        path.with_suffix(".png").write_text("drawn")
        return path.with_suffix(".png")

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        share = "<!-- bench: begin -->\n<!-- bench: end -->"
        Path("README.md").write_text(share)
        patch.setattr(bench_runner, "Worker", Peer)
        patch.setattr(bench_command, "run_studies", run_studies)
        patch.setattr(bench_command, "draw", draw)
        for line in before:
            code, _, err = call(split(line))
            assert code == 0, err
        Peer.asked.clear()
        studies.clear()
        facts = told(*call(words), folder)
    peers = [entry[1:] for entry in Peer.asked if entry[0] == "peer"]
    own = [entry[0] for entry in Peer.asked if entry[1] == "jqkd"]
    return facts | {
        "readme": readme_of(folder, share),
        "peers": sorted({peer for peer, _, _ in peers}),
        "workloads": sorted({workload for _, workload, _ in peers}),
        "pythons": {peer: python for peer, _, python in peers},
        "cells": own.count("ways"),
        "turns": own.count("more") / max(1, own.count("ways")),
        "studies": list(studies),
        "patience": Peer.patience,
    }


def demo_facts(words: list[str], folder: Path):
    """Of ``jqkd demo``: which job it runs, and what it leaves."""
    seen: dict = {}

    def run_job(job, output):
        seen["job"] = job
        rows = np.full(len(job.seeds), 0.5)
        protocols = dict.fromkeys(("final", "picked", "best"), rows)
        arms = {arm: {"test_accuracy": protocols} for arm in ("alone", "distilled")}
        result = {
            "seeds": list(job.seeds), "arms": arms, "gain": protocols, "student": {},
            "teacher_result": {
                "config": {"arch": "lenet"},
                "test_accuracy": dict.fromkeys(protocols, 0.9),
            },
            "seconds": {"total": 1.0, "compile": 0.0},
        }  # fmt: skip
        runs = [SimpleNamespace(arm=arm) for arm in arms for _ in job.seeds]
        logits = lambda test: np.zeros((len(runs), len(test), 6))  # noqa: E731
        return result, SimpleNamespace(runs=runs, logits=logits)

    def figure(result, test, predicted, path):
        path.write_text("drawn")

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(demo, "run_job", run_job)
        patch.setattr(demo, "demo_figure", figure)
        facts = told(*call(words), folder)
    job = seen["job"]
    names = ("preset", "epochs", "readout")
    config = {f"config.{name}": getattr(job.config, name) for name in names}
    return facts | config | {"seeds": list(job.seeds), "key": job.digest()}
