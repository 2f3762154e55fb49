"""What a command line does, as named facts: run in this process, watched, and nothing left behind.

A fact whose name starts with ``~`` may differ without being said to; the others may not.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
from itertools import pairwise
from pathlib import Path

import jax
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.cli import audit as audit_command
from jqkd.cli import teacher as teacher_command
from jqkd.cli import train
from jqkd.common import plugins
from jqkd.data import load, mnist
from jqkd.training import loop, student_run, teacher_store
from jqkd.training.runs import DRAWN
from jqkd.training.students import Block
from jqkd.training.teacher import Teacher, teacher_splits
from jqkd.training.teachers import teacher_key, teacher_task
from tests.command_lines import enter

TINY = (
    "--dataset digits --classes 0-1 --qubits 1 --preset paper-text --per-class 4 --batch-size 8 "
    "--shots exact --seeds 1 --epochs 2"
)
_METRICS = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def call(words: list[str]) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        # A plug-in is loaded once a process.
        patch.setattr(plugins, "_loaded", {})
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = enter(words, patch)
    return code, out.getvalue(), err.getvalue()


def split(line: str) -> list[str]:
    """Words of a command line; the blanks within a term are left out there."""
    return [word.replace("kl*", "kl * ") for word in line.split()]


def told(code: int, out: str, err: str, folder: Path) -> dict:
    """What a user sees of a command: its exit code, whether it spoke JSON, the files it left."""
    try:
        spoken = isinstance(json.loads(out), dict)
    except ValueError:
        spoken = False
    files = sorted(
        p.relative_to(folder).as_posix() for p in folder.glob("*/*") if "checkpoints" not in p.parts
    )
    files += sorted(p.relative_to(folder).as_posix() for p in folder.glob("*") if p.is_file())
    return {"exit": code, "JSON spoken": spoken, "files": files, "~said": out + err}


def sha(*trees) -> str:
    """Names arrays."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(trees):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()[:12]


# Students -----------------------------------------------------------------------------------------


def student_facts(words: list[str], folder: Path, *, trained: bool = True, asked: bool = False):
    """Of ``jqkd student``.

    Args:
        words: the command line.
        folder: where it is called.
        trained: whether students and their LeNet are trained; else they stay as they start, and
            are taught by numbers made up from the teacher's configuration.
        asked: also what untrained students answer.
    """
    seen: dict = {"read": [], "looks": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        watch_data(patch, seen)
        watch_students(patch, seen, trained)
        facts = told(*call(words), folder)
        if "block" not in seen:
            return facts
        return facts | _of_job(seen["job"]) | _of_students(seen, trained or asked)


def watch_data(patch: pytest.MonkeyPatch, seen: dict) -> None:
    """MNIST's place is taken by noise; what is read, and from where, is noted."""

    def read(name, digest, folder, spare):
        seen["read"].append((name, str(folder)))
        rng = np.random.default_rng(len(name))
        labels = np.arange(1600, dtype=np.int32) % 10
        images = rng.integers(0, 256, (1600, 28, 28), dtype=np.uint8)
        return {
            "train_images": images, "train_labels": labels,
            "test_images": images[::-1].copy(), "test_labels": labels[::-1].copy(),
        }  # fmt: skip

    patch.setattr(mnist, "read_mnist", read)
    for part in (mnist.MNIST, mnist.FashionMNIST):
        # What has no digest is not cached.
        patch.setattr(part, "digest", None)
    patch.delenv("TFDS_DATA_DIR", raising=False)


def watch_students(patch: pytest.MonkeyPatch, seen: dict, trained: bool) -> None:
    """Notes job and outcome, and weights before the first epoch and after each."""
    real, step = student_run.run_student, Block.next_epoch

    def run(job, **options):
        seen.update(job=job, options=options)
        outcome = real(job, **options)
        seen.update(result=outcome.result, block=outcome.block)
        return outcome

    def next_epoch(block):
        if not seen.get("weights"):
            seen["weights"] = [jax.device_get(block.state.params)]
        if trained:
            epoch = step(block)
        else:
            block.epoch = block.config.epochs
            names = (*_METRICS, *DRAWN, "test_loss")
            zeros = {name: np.zeros(len(block.runs), int) for name in names}
            epoch = student_run.Epoch(block.epoch, zeros | {"test_accuracy": zeros["test_loss"]})
        seen["weights"].append(jax.device_get(block.state.params))
        return epoch

    patch.setattr(train, "run_student", run)
    patch.setattr(train, "tracker_of", lambda text, argument: seen.update(tracker=text))
    patch.setattr(Block, "next_epoch", next_epoch)
    if not trained:
        patch.setattr(student_run, "obtain_teacher", lambda config, data, **_: made_up(config))
        patch.setattr(student_run.Prepared, "audit", lambda self, file=None: _Look(seen))
        patch.setattr(train, "audit_table", lambda report: str(report))


class _Look:
    """In an audit's place: counts how often it looks."""

    def __init__(self, seen: dict) -> None:
        self._seen = seen

    def __call__(self) -> None:
        self._seen["looks"] += 1

    def report(self) -> dict:
        return {"looks": self._seen["looks"]}


def made_up(config) -> Teacher:
    """A teacher that was never trained: its logits depend on its whole configuration."""
    splits = teacher_splits(load(config.dataset), config.class_numbers)
    rng = np.random.default_rng(int(config.digest(), 16))
    parts = {part: getattr(splits, part) for part in ("train", "validation", "test")}
    ids = {part: subset.ids for part, subset in parts.items()}
    shape = (config.num_classes,)
    logits = {p: rng.normal(size=(len(i), *shape)).astype(np.float32) for p, i in ids.items()}
    curve = np.linspace(0.5, 1, config.epochs)
    curves = {f"{part}_{what}": curve for part in parts for what in ("loss", "accuracy")}
    return Teacher(config, curves, logits, ids)


def _of_job(job) -> dict:
    config = {f"config.{k}": v for k, v in dataclasses.asdict(job.config).items()}
    teacher = job.teacher and job.teacher.to_json()
    return config | {"key": job.digest(), "teacher config": teacher}


def _of_students(seen: dict, answers: bool) -> dict:
    block, result, read = seen["block"], seen["result"], [*seen["read"]]
    splits, rows = block.splits, {(r.arm, r.seed): i for i, r in reversed([*enumerate(block.runs)])}
    first = result["seeds"][0]
    said = block.logits(splits.test) if answers else np.zeros((len(block.runs), 1))
    told, data = result["teacher_result"], block.data(block.epoch - 1)

    def student(arm: str) -> str | None:
        row = rows.get((arm, first))
        if row is None:
            return None
        weights = jax.tree.map(lambda leaf: leaf[row], seen["weights"][-1])
        return sha(weights, said[row])

    leaves = [jax.tree.leaves(weights) for weights in seen["weights"]]
    starts = [sha([leaf[row] for leaf in leaves[0]]) for row in rows.values()]
    moves = [
        max(float(np.abs(a[0] - b[0]).max()) for a, b in zip(*pair, strict=True))
        for pair in pairwise(leaves)
    ]
    dataset = load(block.config.dataset)
    return {
        "tracker": seen.get("tracker"),
        "seeds": result["seeds"],
        "runs": [(run.arm, run.seed) for run in block.runs],
        "different starts": len(set(starts)),
        "arms": list(result["arms"]),
        "teacher": told and (told["config"]["arch"], len(told["curves"]["validation_loss"])),
        "teaching": block.teacher and sha(block.teacher.logits),
        "alone": student("alone"),
        "distilled": student("distilled"),
        "train ids": splits.train.ids.tolist(),
        "validation ids": splits.validation.ids.tolist(),
        "test ids": splits.test.ids.tolist(),
        "classes": sorted(set(dataset.train_labels[splits.train.ids].tolist())),
        "images": sha(data.images),
        "targets": sha(data.targets[:, : block.config.num_classes]),
        "outcomes": data.targets.shape[-1],
        "parameters": result["parameters"],
        "epochs": len(result["arms"]["alone"]["curves"]["test_loss"][0]),
        "steps": int(block.state.step[0]),
        "shots": int(block.drawn.sum(0).max()),
        "first move": float(f"{moves[0]:.3g}"),
        "~moves": moves,
        "~distinct": len(np.unique(said[0].round(5), axis=0)) if said.ndim == 3 else 0,
        "read": read,
        "looks": seen["looks"],
    }


# Audits: a student's job, looked at ---------------------------------------------------------------


def job_facts(words: list[str], folder: Path) -> dict:
    """The job that a command would run, and where its data come from; nothing is run."""
    seen: dict = {}

    def run(job, **options):
        seen.update(job=job, data_dir=options["data_dir"], audit=options["audit"])
        raise InputError("That is enough.")

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(train, "run_student", run)
        _, _, err = call(words)
    assert seen, err
    return seen


def audit_facts(words: list[str], folder: Path) -> dict:
    """Of ``jqkd audit`` without the looking: whose students, and what is left behind."""
    seen: dict = {"folder": None, "trains": False}

    class Report:
        def report(self):
            return {"kind": "audit"}

    def of_run(trained, **_):
        seen["folder"] = trained.folder.name
        return Report()

    def run(job, **_):
        seen["trains"] = True
        return student_run.Outcome({"audit": {"kind": "audit"}}, None)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(audit_command, "audit_run", of_run)
        patch.setattr(audit_command, "audit_table", str)
        patch.setattr(train, "run_student", run)
        facts = told(*call(words), folder)
    return facts | seen


# Teachers -----------------------------------------------------------------------------------------


def teacher_facts(words: list[str], folder: Path, *, trained: bool = True) -> dict:
    """Of ``jqkd teacher``; an untrained one is made up as soon as its batches are known."""
    seen: dict = {"read": [], "orders": []}
    order, obtain = loop.epoch_order, teacher_store.obtain_teacher

    def noted(key, epoch, count, size):
        found = order(key, epoch, count, size)
        seen["orders"].append(found.shape)
        if not trained:
            raise InputError("That is enough.")
        return found

    def obtained(config, dataset, **options):
        seen["config"] = config
        if trained or config.arch == "lenet":
            seen["teacher"] = obtain(config, dataset, **options, cache_dir=folder.parent)
        else:
            seen["teacher"] = made_up(config)
        return seen["teacher"]

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        watch_data(patch, seen)
        patch.setattr(loop, "epoch_order", noted)
        patch.setattr(teacher_command, "obtain_teacher", obtained)
        facts = told(*call(words), folder)
    config, teacher = seen.get("config"), seen.get("teacher")
    facts |= {"read": seen["read"], "orders": seen["orders"]}
    if config is not None:
        facts |= {f"config.{k}": v for k, v in dataclasses.asdict(config).items()}
        facts["key"] = config.digest()
    if teacher is None:
        return facts
    facts |= {
        "epochs": len(teacher.curves["test_loss"]),
        "train ids": teacher.ids["train"].tolist(),
        "test ids": teacher.ids["test"].tolist(),
        "validation ids": teacher.ids["validation"].tolist(),
        "answers": sha(teacher.logits),
    }
    return facts | (_moves(config, folder) if trained else {})


def _moves(config, folder: Path) -> dict:
    """How far the weights are from where they started, for one epoch."""
    task = teacher_task(config)
    start = _start(task.init, teacher_key(config.seed)).params
    keep = {"cache_dir": folder.parent, "with_weights": True}
    end = teacher_store.obtain_teacher(config, load(config.dataset), **keep).weights
    pairs = zip(jax.tree.leaves(start), jax.tree.leaves(end), strict=True)
    move = max(float(np.abs(a - b).max()) for a, b in pairs)
    return {"start": sha(start), "weights": sha(end), "~move": move}


_start = jax.jit(loop.start, static_argnums=0)
