"""What the commands around training do, as named facts; nothing is trained and nothing measured.

Workers are replaced, command line, plans, folders and reports are real.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import command as bench_command
from benchmarks import runner as bench_runner
from jqkd.cli import crosscheck, demo, study, tables
from jqkd.crosscheck.battery import BatteryReport
from jqkd.experiments import runner, verify, work
from jqkd.experiments.store import Store
from tests.cli.option_facts import TINY, call, split, told, watch_students
from tests.experiments.pretended import CURVES, images_of

SHARES = ("tables paper-code", "study controls", "study recipes", "bench")


def unit_facts(words: list[str], folder: Path, *, before: tuple[str, ...] = (), damaged=False):
    """Of ``jqkd tables`` and ``jqkd study``: which units are done, with what.

    Args:
        words: the command line.
        folder: where it is called.
        before: command lines that are called first.
        damaged: whether a file is cut short then.
    """
    seen: dict[str, list] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        readme = Path("README.md")
        readme.write_text("\n".join(f"<!-- {s}: begin -->\n<!-- {s}: end -->" for s in SHARES))
        text = readme.read_text()
        _watch_units(patch, seen)
        for line in before:
            code, _, err = call(split(line))
            assert code == 0, err
        if damaged:
            path = min(folder.rglob("seeds-*.json"))
            path.write_text(path.read_text()[:50])
        seen.clear()
        facts = told(*call(words), folder)
    facts |= {"readme": readme_of(folder, text)}
    for name in ("teachers", "answers", "who", "how", "seeds", "blocks", "data", "from", "drawn"):
        facts[name] = sorted(set(seen.get(name, [])), key=str)
    facts["units"] = len(seen.get("units", []))
    facts["planned"] = "units of work" in facts["~said"]
    for path in sorted(folder.glob("*/tables.json")):
        store = Store.open(path.parent)
        facts |= {"folder": path.parent.name, "rows": store.asked["rows"]}
        facts |= {f"settings.{k}": v for k, v in store.settings.to_json().items()}
    return facts


def readme_of(folder: Path, before: str) -> list[str]:
    """Which shares have been written."""
    text = (folder / "README.md").read_text()
    if text == before:
        return []
    begins = {share: f"<!-- {share}: begin -->" for share in SHARES}
    shares = [share for share, begin in begins.items() if begin in text]
    return [s for s in shares if f"{begins[s]}\n<!-- {s}: end -->" not in text]


def _watch_units(patch: pytest.MonkeyPatch, seen: dict[str, list]) -> None:
    """Units are made up, and noted."""

    def note(name, *values):
        seen.setdefault(name, []).extend(values)

    def do_teacher(unit, datasets, report):
        note("units", unit.name)
        assert datasets[unit.plan.config.dataset]
        for one in {*unit.plan.members, unit.plan.config}:
            note("teachers", (one.arch, one.dataset, one.classes, one.epochs, one.seed))
        protocols = dict.fromkeys(("best", "picked", "final"), 0.9)
        content = {"kind": "teacher", "test_images": 1000, "test_accuracy": protocols}
        return content, {"logits": np.zeros((2, 2)), "ids": np.arange(2)}

    def do_answers(unit, datasets, report):
        note("units", unit.name)
        note("answers", (unit.plan.config.arch, unit.config.augmentation))
        return {"kind": "answers"}, {"logits": np.zeros((2, 2)), "ids": np.arange(2)}

    def do_students(unit, datasets, logits, report):
        arm, config = unit.arm, unit.arm.config
        note("units", unit.name)
        assert datasets[config.dataset]
        taught = arm.teacher and arm.teacher.config.arch
        note("who", (config.dataset, config.classes, config.qubits, arm.arm, taught))
        how = (config.preset, config.epochs, config.shots, config.head, config.term)
        note("how", (*how, config.recipe, config.control))
        note("seeds", *unit.seeds)
        note("blocks", len(unit.seeds))
        return _content(arm, unit.seeds)

    def shipped(unit, where):
        note("from", where)
        return do_teacher(unit, work.Datasets(), None)

    def read(name, *, data_dir=None):
        note("data", (name, data_dir and str(data_dir)))
        return name

    def draw_all(summary, store, folder, datasets):
        datasets("mnist")
        note("drawn", Path(folder).name)
        return []

    def draw(chosen, lines, folder):
        note("drawn", chosen.name)
        return Path(folder) / f"{chosen.name}.png"

    patch.setattr(runner, "do_teacher", do_teacher)
    patch.setattr(runner, "do_answers", do_answers)
    patch.setattr(runner, "do_students", do_students)
    patch.setattr(verify, "do_students", do_students)
    patch.setattr(runner, "shipped_teacher", shipped)
    patch.setattr(work, "load", read)
    for module in (tables, study):
        patch.setattr(module, "check_teachers", lambda *given: None, raising=False)
    patch.setattr(tables, "draw_all", draw_all)
    patch.setattr(study, "draw", draw)


def _content(arm, seeds):
    best = np.array([images_of(arm) // 2 + seed for seed in seeds]) / images_of(arm)
    looks = np.linspace(0.5, 1, len(arm.config.evaluated_epochs))
    return {
        "kind": "students",
        "seeds": list(seeds),
        "curves": {name: np.outer(best, looks) for name in CURVES},
        "test_accuracy": {"best": best, "picked": best, "final": best},
    }


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


def circuit_facts(words: list[str], folder: Path):
    """Of ``jqkd circuit``."""

    def written(circuit, path=None):
        text = f"{circuit.num_qubits} qubits, {circuit.num_angles} angles"
        return text if path is None else Path(path).write_text(f"picture of {text}")

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(crosscheck, "to_qasm", written)
        patch.setattr(crosscheck, "save_picture", written)
        code, out, err = call(words)
    facts = told(code, out, err, folder)
    texts = {n: (folder / n).read_text() for n in facts["files"] if not n.endswith(".json")}
    return facts | {"printed": out, "texts": texts}


class Peer:
    """In the place of a process that measures: answers at once, and notes what it is asked."""

    asked: list = []  # noqa: RUF012
    ready = running = True

    def __init__(self, peer, workload, python):
        self.peer = peer
        self.asked.append(("peer", peer, workload, python))

    def greet(self):
        return {"versions": {self.peer: "1"}}

    def close(self):
        pass

    def ask(self, patience, do, way=None, cell=None, seconds=None):
        self.asked.append((do, self.peer))
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
    config = {f"config.{name}": getattr(job.config, name) for name in ("preset", "epochs", "head")}
    return facts | config | {"seeds": list(job.seeds), "key": job.digest()}
