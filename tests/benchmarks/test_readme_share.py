"""The benchmarks that the documentation shows are those that were measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import command, picture, report
from jqkd.report.figures import digest_of
from jqkd.report.readme import with_share

SHIPPED = Path(__file__).parents[2] / "results" / "bench"


@pytest.mark.skipif(not SHIPPED.exists(), reason="the package is not run from its repository")
def test_the_share_and_its_picture_are_current():
    """If not: python -m benchmarks report --out results/bench --readme docs/performance.md."""
    summary = command.load(SHIPPED)
    readme = (SHIPPED.parents[1] / "docs" / "performance.md").read_text(encoding="utf-8")
    block = report.readme_block(summary, "../results/bench/bench.png")
    assert with_share(readme, "bench", block) == readme
    assert digest_of(SHIPPED / "bench.png") == picture.digest(summary)
    # One digit of one number, and it is another README.
    place = next(i for i in range(readme.index(report.BEGIN), len(readme)) if readme[i].isdigit())
    other = readme[:place] + str((int(readme[place]) + 1) % 10) + readme[place + 1 :]
    assert with_share(other, "bench", block) == readme != other
