"""Golden runs: a few steps of every preset and of a teacher, whose numbers are kept.

    python tests/training/golden.py    writes golden.json anew, for a new version of the algorithm

They say when a change of code changes results, which the version of the algorithm must then say
too. On the machine that wrote them they hold bit for bit, elsewhere as nearly as rounding allows.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

import jax
import numpy as np

from jqkd.common.files import write_json
from jqkd.data import load, student_splits
from jqkd.models import PRESETS
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.recipes import Output
from jqkd.training.students import train_students
from jqkd.training.teachers import train_teacher

FILE = Path(__file__).with_name("golden.json")
CURVES = ("train_loss", "validation_loss", "test_loss")
# A frequency is a multiple of 1 / shots: with few shots, rounding seldom moves one.
STUDENTS = {f"{preset}, {s or 'exact'}": (preset, s) for preset in PRESETS for s in (64, None)}


def machine() -> dict[str, str]:
    """What else decides bits: the compiler and the processor that it compiles for."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        name, flags = (re.search(rf"{word}\s*: (.*)", text)[1] for word in ("model name", "flags"))
        processor = f"{name}, flags {hashlib.sha256(flags.encode()).hexdigest()[:8]}"
    except (OSError, TypeError):
        processor = platform.processor()
    versions = {name: metadata.version(name) for name in ("jaxlib", "numpy")}
    return versions | {"processor": f"{os.cpu_count()} x {processor}"}


def student(name: str) -> dict[str, object]:
    """Alone and distilled, one seed, two epochs of a few digits; taught by numbers of a formula."""
    preset, shots = STUDENTS[name]
    splits = student_splits(load("digits"), (0, 1), per_class=10)
    config = StudentConfig("digits", "0-1", 2, preset, shots=shots, epochs=2, evaluate_every=1)
    images = np.arange(2 * 10)
    logits = np.stack([np.sin(images + views) for views in range(2)])
    logits = np.stack([logits, -2 * logits], -1).astype(np.float32)
    teacher = Output(logits if config.views > 1 else logits[0])
    curves, block = train_students(config, splits, [0], teacher=teacher)
    return _kept({name: getattr(curves, name) for name in CURVES}, block.state.params)


def teacher() -> dict[str, object]:
    """A LeNet, two epochs of two digits."""
    trained, params = train_teacher(TeacherConfig("lenet", "digits", "0-1", 2, 32), load("digits"))
    return _kept({name: trained.curves[name] for name in CURVES}, params)


def _kept(curves: dict[str, np.ndarray], params: object) -> dict[str, object]:
    bits = hashlib.sha256()
    for leaf in jax.tree.leaves(params):
        bits.update(np.ascontiguousarray(leaf))
    return {
        "curves": {k: np.ravel(v).tolist() for k, v in curves.items()},
        "bits": bits.hexdigest(),
    }


def main() -> int:
    """Write the file; of the same version only what is not in it, so that no change is hidden."""
    kept = json.loads(FILE.read_text()) if FILE.exists() else {"algorithm": None}
    same = kept["algorithm"] == ALGORITHM
    runs = dict(kept["runs"]) if same else {}
    new = [name for name in (*STUDENTS, "lenet") if name not in runs]
    if not new:
        print("golden.json is of this version of the algorithm; raise ALGORITHM first.")
        return 2
    if same and kept["machine"] != machine():
        print("golden.json is of another machine, whose bits this one does not add to.")
        return 2
    runs |= {name: teacher() if name == "lenet" else student(name) for name in new}
    write_json(FILE, {"algorithm": ALGORITHM, "machine": machine(), "runs": runs})
    return 0


if __name__ == "__main__":
    sys.exit(main())
