"""The order of the folders, and what an import may load."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jqkd

PACKAGE = Path(jqkd.__file__).parent
ROOT = PACKAGE.parent
# A part of the package, and the parts it may import besides itself.
MAY_IMPORT = {
    "_checks": set(),
    "common": {"_checks"},
    "_interrupts": set(),
    "quantum": {"_checks"},
    "data": {"_checks", "common", "quantum"},
    "models": {"_checks", "common", "quantum"},
    "tracking": {"_checks", "common"},
    "training": {"_checks", "_interrupts", "common", "quantum", "data", "models", "tracking"},
    "statistics": {"_checks"},
    "experiments": {"_checks", "common", "quantum", "data", "models", "training", "statistics"},
    "report": {
        *("_checks", "common", "quantum", "data", "models", "training", "statistics"),
        "experiments",
    },
    "crosscheck": {"_checks", "common", "quantum", "data", "models", "training", "statistics"},
    # Outside of the package, which may not import it.
    "benchmarks": {
        *("_checks", "common", "quantum", "data", "models", "training", "experiments", "report"),
    },
    "benchmarks.cli": {"_checks", "_interrupts", "benchmarks", "cli", "__main__"},
    # On top: whatever is named nowhere here may import everything of the package.
}
TOPS = ("jqkd", "benchmarks")
HEAVY = (
    *("qiskit", "qiskit_aer", "pennylane", "tensorflow_datasets", "matplotlib", "sklearn"),
    *("platformdirs", "tensorboardX", "mlflow", "wandb"),
)


def part_of(module: str) -> str:
    """``jqkd.quantum.gates`` -> ``quantum``; ``jqkd`` -> ``__init__``; ``benchmarks`` has two."""
    top, part = (*module.split("."), "__init__")[:2]
    if top == "benchmarks":
        return "benchmarks.cli" if part in ("cli", "__main__") else "benchmarks"
    return part


def imported(source: str, package: str) -> list[str]:
    """Absolute names of all modules that a module of ``package`` imports, inside functions too."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: -node.level + 1 or None] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            # From the package itself, the names are its parts, or its own (__version__).
            parts = [f"{base}.{alias.name}" for alias in node.names if alias.name[:2] != "__"]
            names += parts if base in TOPS else [base]
    return names


def back_edges(source: str, package: str, part: str) -> list[str]:
    """What a module of ``part`` imports from the package and may not."""
    ours = [name for name in imported(source, package) if name.split(".")[0] in TOPS]
    if part not in MAY_IMPORT:
        return [name for name in ours if name.split(".")[0] != "jqkd"]
    allowed = {part, "__init__", *MAY_IMPORT[part]}
    return [name for name in ours if part_of(name) not in allowed]


@pytest.mark.parametrize(
    "path",
    sorted(path for top in TOPS for path in (ROOT / top).rglob("*.py")),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_back_edge(path):
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    part = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert back_edges(path.read_text(encoding="utf-8"), package, part) == []


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("common", "from jqkd.data import load"),
        ("quantum", "from jqkd.models import LeNet"),
        ("quantum", "def f():\n    import jqkd.training.loop"),
        ("data", "from jqkd import models"),
        ("models", "from ..data import load"),
        ("models", "from .. import training"),
        ("training", "from jqkd.crosscheck.picture import save_picture"),
        ("crosscheck", "from jqkd.experiments.statistics import holm"),
        ("_checks", "from jqkd.quantum import GATES"),
        ("experiments", "from jqkd.cli import main"),
        ("experiments", "from benchmarks.workloads import Cell"),
        ("cli", "from benchmarks.cli import app"),
        ("__main__", "import benchmarks"),
        ("benchmarks", "from jqkd.crosscheck.picture import save_picture"),
        ("benchmarks", "from jqkd import cli"),
        ("benchmarks", "from benchmarks import cli"),
        ("benchmarks.cli", "from jqkd.crosscheck.picture import save_picture"),
    ],
)
def test_a_back_edge_is_seen(part, source):
    assert len(back_edges(source, f"jqkd.{part}", part)) == 1


def test_allowed_edges_pass():
    source = "from jqkd.quantum import run\nfrom . import losses\nfrom jqkd import __version__"
    assert back_edges(source, "jqkd.training", "training") == []


def loaded_by(modules: str) -> set[str]:
    """Top-level modules that importing ``modules`` loads into a new process."""
    code = f"import {modules}, sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def importable() -> list[str]:
    """Every module of the package that training needs, by name."""
    parts = ("common", "quantum", "data", "models", "tracking", "training")
    paths = sorted(path for part in parts for path in (PACKAGE / part).rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    return ["jqkd", *(name.removesuffix(".__init__") for name in names)]


def test_imports_are_light():
    assert loaded_by(", ".join(importable())).isdisjoint(HEAVY)
    assert "jax" not in loaded_by("jqkd")


def test_a_heavy_import_is_seen():
    pytest.importorskip("sklearn")
    assert "sklearn" in loaded_by("jqkd, sklearn")


def test_one_version():
    if not (ROOT / "CITATION.cff").is_file():
        pytest.skip("the package is not run from its repository")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [jqkd.__version__]
