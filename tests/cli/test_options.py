"""Every option has an effect, and the one it names: students and teachers.

What an option must change, and what it may not, stands in ``option_table``; here each line of it
is tried in this process, through the real command line.
"""

from __future__ import annotations

import pytest

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
