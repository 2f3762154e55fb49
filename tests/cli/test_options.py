"""Every option has an effect, and the one it names: students and teachers.

What an option must change, and what it may not, stands in ``option_table``; here each line of it
is tried in this process, through the real command line.
"""

from __future__ import annotations

import numpy as np
import pytest

from jqkd.data import load
from tests.cli import option_facts as facts
from tests.cli.option_table import BASES, STUDENT, TEACHERS, Case

FACTS = {"student": facts.student_facts, "teacher": facts.teacher_facts}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Facts of a base by its name, each found once."""
    known = {}

    def of(name):
        if name not in known:
            words, how = BASES[name]
            folder = tmp_path_factory.mktemp("base")
            (folder / "work").mkdir()
            known[name] = FACTS[words.split()[0]](facts.split(words), folder / "work", **how)
        return known[name]

    return of


def cases(table):
    for name, entries in table.items():
        for case in entries:
            yield pytest.param(name, case, id=f"{case.words} ({case.base})")


def check(before, after, case):
    """Facts differ where they are said to differ, nowhere else, and are what they should be."""
    names = {name for name in {*before, *after} if not name.startswith("~")}
    different = {name for name in names if before.get(name) != after.get(name)}
    told = after["~said"][-400:]
    assert different == set(case.changes), told
    for name, exact in case.exact.items():
        value = after[name]
        right = exact(value, before) if callable(exact) else value == exact
        assert right, (name, value, before.get(name))


@pytest.mark.parametrize(("name", "case"), [*cases(STUDENT), *cases(TEACHERS)])
def test_an_option_has_its_effect_and_no_other(base, name, case: Case, tmp_path):
    words, how = BASES[case.base]
    command = words.split()[0]
    if f"config.{name}" in base(case.base):
        assert f"config.{name}" in case.changes
    (tmp_path / "work").mkdir()
    line = facts.split(f"{words.replace(case.without, '')} {case.words}")
    after = FACTS[command](line, tmp_path / "work", **how)
    check(base(case.base), after, case)


def test_the_base_is_what_its_words_say(base):
    """What all others are compared with, as ``TINY`` and the presets have it."""
    found, digits = base("trained"), load("digits")
    first = [np.flatnonzero(digits.train_labels == label)[:4] for label in (0, 1)]
    last = [np.flatnonzero(digits.train_labels == label)[-20:] for label in (0, 1)]
    assert found["train ids"] == np.sort(np.concatenate(first)).tolist()
    assert found["validation ids"] == np.sort(np.concatenate(last)).tolist()
    assert found["test ids"] == np.flatnonzero(digits.test_labels < 2).tolist()
    counts = ("classes", "seeds", "epochs", "steps", "outcomes", "looks")
    assert [found[name] for name in counts] == [[0, 1], [0], 2, 2, 2, 0]
    assert found["runs"] == [("alone", 0), ("distilled", 0)]
    assert found["teacher"] == ("lenet", 1) and found["alone"] != found["distilled"]
    # Adam's first step is as long as the rate, which is the paper's.
    assert found["first move"] == found["config.learning_rate"] == 1e-3
    assert (found["exit"], found["files"], found["JSON spoken"]) == (0, [], False)
    teacher = base("teacher")
    assert (teacher["epochs"], teacher["orders"]) == (1, [(2, 128)])
    assert teacher["validation ids"] == found["validation ids"]
    # All images of the classes but those.
    both = {*teacher["train ids"], *teacher["validation ids"]}
    assert both == {*np.flatnonzero(digits.train_labels < 2).tolist()}
    assert len(teacher["train ids"]) == len(both) - 40
