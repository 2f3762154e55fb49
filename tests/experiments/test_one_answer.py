"""One key, one answer: no two stores of this repository hold two answers to one question."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

import jqkd
from jqkd.experiments.packs import FILE, packed
from jqkd.experiments.store import Store

from .pretended import fill

RESULTS = Path(jqkd.__file__).parents[1] / "results"


def stores(root: Path) -> list[Store]:
    return [Store.open(path.parent) for path in sorted(root.rglob("store.json"))]


def answers(root: Path) -> dict[str, set[str]]:
    """Digests of what the stores below a folder say, by the name of the job."""
    known = defaultdict(set)
    for store in stores(root):
        for kind in ("teachers", "answers", "students"):
            for path in sorted((store.root / kind).rglob("*.json")):
                stems = packed(path.parent) if path.name == FILE else [path.stem]
                for stem in stems:
                    name = str((path.parent / stem).relative_to(store.root))
                    known[name].add(store.about(name)["sha256"])
    return known


@pytest.mark.skipif(not RESULTS.exists(), reason="the package is not run from its repository")
def test_the_shipped_results_have_one_answer_to_each_question():
    assert {name: digests for name, digests in answers(RESULTS).items() if len(digests) > 1} == {}


def test_two_answers_are_noticed(tmp_path):
    for name, right in (("a", 90), ("b", 90), ("c", 91)):
        fill(tmp_path / name, "demo", 1, lambda job, seed: right)  # noqa: B023
    two = {name for name, digests in answers(tmp_path).items() if len(digests) > 1}
    assert len(two) == 3 and all(name.startswith("students/") for name in two)
