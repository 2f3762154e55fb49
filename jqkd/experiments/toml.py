"""An experiment of your own: a TOML file of arms, without a line of Python.

name = "heat"
title = "Temperatures"
[defaults]
dataset = "digits"
classes = "0-1"
qubits = 2
preset = "robust"
per_class = [10, 50]
[[arms]]
name = "alone"
[[arms]]
name = "taught"
teacher = "lenet"
temperature = [1, 2, 4]
against = "alone"

A list stands for an arm with each of its values; ``against`` finds the arm with the same ones.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jqkd._checks import InputError, check_choice, check_integer, check_type, fail, shown
from jqkd.experiments.catalogue.entry import EXPERIMENTS
from jqkd.experiments.grids import Line, Lines, check_size, has_teacher, lines_of, size
from jqkd.experiments.model import Arm, Comparison, Experiment
from jqkd.experiments.planner import dataset_label
from jqkd.training.config import StudentConfig, TeacherConfig

_LISTS = ("arms", "comparisons")
_OPTIONS = ("protocol", "seeds", "shows_mechanism", "shows_turning")
_TOP = ("name", "title", "about", *_OPTIONS, "defaults", "search", *_LISTS)
_OF_ARM = ("name", "label", "group", "note", "published", "hidden")
_REFERS = ("against", "family")
_OF_COMPARISON = tuple(field.name for field in dataclasses.fields(Comparison))
_STUDENT = tuple(field.name for field in dataclasses.fields(StudentConfig))
# What only students read that have a teacher.
_OF_TAUGHT = (
    *("recipe", "temperature", "weight", "label_weight", "term", "placebo"),
    *("teacher_epochs", "teacher_seed"),
)
# Of an arm's students and teacher; each may stand in [defaults], and be a list.
FIELDS = (*_STUDENT, "teacher", "teacher_epochs", "teacher_seed")
# Bytes of a file, and letters of a name that files are called by.
_LARGEST, _LONGEST = 2**20, 100


def read(path: Path, *, yes: bool = False) -> str:
    """A file's text, if an experiment is in it; ``yes``: of however many jobs.

    Raises:
        InputError: see ``experiment``; or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        fail("name", "be a TOML file that can be read", f"{path} ({reason})")
    experiment(text, yes=yes)
    # What is one line would be taken for a name.
    return text if "\n" in text else f"{text}\n"


def parsed(text: str) -> dict[str, Any]:
    """A file's tables, all fields known; their values are looked at by ``experiment``.

    Raises:
        InputError: no TOML, or a field that is not known.
    """
    try:
        top = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"The experiment's file is not TOML: {error}; mend that line.") from error
    _check_fields("the file", top, _TOP)
    for name in ("defaults", "search"):
        check_type(name, top.setdefault(name, {}), dict, "a table of fields")
    for name in _LISTS:
        tables = top.setdefault(name, [])
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            fail(name, f"be tables, each under [[{name}]]", shown(tables))
    _check_fields("[defaults]", top["defaults"], FIELDS)
    names: set[str] = set()
    for table in top["arms"]:
        name: Any = table.get("name")
        check_type("name", name, str, "given for each arm, as a text")
        if name in names:
            fail("arms", "be at least one, each with a name of its own", f"{shown(name)} twice")
        names.add(name)
        _check_fields(f"arm {name}", table, (*_OF_ARM, *FIELDS, *_REFERS))
    for table in top["comparisons"]:
        _check_fields("[[comparisons]]", table, _OF_COMPARISON)
    return top


def experiment(text: str, *, yes: bool = True) -> Experiment:
    """The experiment that a TOML text describes.

    Args:
        text: the file's.
        yes: whether it may have any number of jobs.

    Raises:
        InputError: no TOML, a field that is not known or has no effect, or a wrong value.

    Example:
        >>> lines = ['name = "one"', '[[arms]]', 'name = "a"', 'dataset = "digits"']
        >>> one = experiment("\\n".join([*lines, 'classes = "0-1"', "qubits = [1, 2]"]))
        >>> one.title, [arm.name for arm in one.arms]
        ('one', ['a-qubits=1', 'a-qubits=2'])
    """
    return made(parsed(text), yes=yes)


def made(top: dict[str, Any], *, yes: bool = True) -> Experiment:
    """The experiment of a file's tables, as ``parsed`` returns them."""
    name = check_name(top.get("name"))
    tables = [with_defaults(table, top["defaults"]) for table in top["arms"]]
    seeds = check_integer("seeds", top.get("seeds", Experiment.seeds), 1)
    check_size(sum(size(table, FIELDS) for table in tables), seeds, yes)
    lines = [line for table in tables for line in lines_of(table, FIELDS, _OF_TAUGHT)]
    arms = tuple(map(_arm, lines))
    _check_effect(top["defaults"], top["arms"])
    comparisons = _comparisons(lines, top["comparisons"])
    options = {k: top[k] for k in _OPTIONS if k in top}
    return Experiment(
        name, top.get("title", name), top.get("about", ""), arms, comparisons, **options
    )


def text_of(top: dict[str, Any]) -> str:
    """A file's tables as TOML again, without comments."""
    tables = [("", {k: v for k, v in top.items() if k not in ("defaults", "search", *_LISTS)})]
    tables += [(f"[{name}]", top[name]) for name in ("defaults", "search") if top.get(name)]
    tables += [(f"[[{name}]]", table) for name in _LISTS for table in top.get(name, [])]
    lines = [[head, *(f"{k} = {_value(v)}" for k, v in table.items())] for head, table in tables]
    return "\n\n".join("\n".join(filter(None, some)) for some in lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + "}"
    # What JSON escapes in a text, TOML reads alike; one more letter it does not want as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def check_name(name: Any) -> str:
    """A name that a file can be called by, and that the catalogue has not.

    Raises:
        InputError: it is not.
    """
    check_type("name", name, str, "a text that names the experiment")
    if name in EXPERIMENTS or not 0 < len(name) < _LONGEST or set(name) & set("/\\:\n"):
        fail("name", "be a text without / and : that no experiment of jqkd has", shown(name))
    return name


def with_defaults(table: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """All fields that an arm reads."""
    given = defaults | table
    if isinstance(given.get("teacher"), list) or has_teacher(given):
        return given
    unread = [field for field in _OF_TAUGHT if field in table]
    if unread:
        must = "not be given where an arm has no teacher"
        fail(unread[0], must, f"{table['name']}, which has it,")
    return {k: v for k, v in given.items() if k not in _OF_TAUGHT}


def _arm(line: Line) -> Arm:
    given, distilled = line.fields, has_teacher(line.fields)
    read = [field for field in _STUDENT if distilled or field not in _OF_TAUGHT]
    fields = {field: given[field] for field in read if field in given}
    missing = [field for field in ("dataset", "classes", "qubits") if field not in fields]
    if missing:
        fail(missing[0], "be given for each arm, or in [defaults]", f"{line.table} without it")
    if line.axes and "published" in given:
        fail("published", "not be given where lists make several arms", f"{line.table} with it")
    if fields.get("shots") == "exact":
        fields["shots"] = None
    student = StudentConfig(**fields)
    teacher = _teacher(given, student) if distilled else None
    about = {k: given[k] for k in _OF_ARM if k in given}
    check_type("label", about.get("label", ""), str, "a text")
    group = f"{dataset_label(student.dataset)} {student.classes}"
    own: dict[str, Any] = {"group": group} | about | {"name": line.name, "label": line.label}
    return Arm(student=student, teacher=teacher, **own)


def _teacher(given: dict[str, Any], student: StudentConfig) -> TeacherConfig:
    names = {"teacher_epochs": "epochs", "teacher_seed": "seed"}
    fields = {field: given[name] for name, field in names.items() if name in given}
    return TeacherConfig(given["teacher"], student.dataset, student.classes, **fields)


def _comparisons(lines: Sequence[Line], tables: list[dict[str, Any]]) -> tuple[Comparison, ...]:
    """Of the arms themselves, then of tables of their own."""
    known, made = Lines(lines), []
    for line in lines:
        if "against" in line.fields:
            baseline = known.baseline(line, line.fields["against"], "against")
            usual = ("gain", "taught") if has_teacher(line.fields) else ("difference", "")
            family = line.fields.get("family", usual[1])
            made.append(Comparison(line.name, baseline, usual[0], family=family))
        elif "family" in line.fields:
            fail("family", "not be given where an arm is against none", f"{line.table} with it")
    for table in tables:
        for line in known.of(table.get("arm"), "arm"):
            fields: dict[str, Any] = {"label": "difference"} | table | {"arm": line.name}
            fields["baseline"] = known.baseline(line, table.get("baseline"), "baseline")
            made.append(Comparison(**fields))
    return tuple(made)


def _check_fields(where: str, table: dict[str, Any], known: tuple[str, ...]) -> None:
    for field in table:
        check_choice(f"field of {where}", field, known)


def _check_effect(defaults: dict[str, Any], tables: list[dict[str, Any]]) -> None:
    """A default that every arm overrides, or that none reads, is a mistake."""
    for field, value in defaults.items():
        if not is_read(field, defaults, tables):
            fail(field, "not be given in [defaults] where no arm reads it", shown(value))


def is_read(field: str, defaults: dict[str, Any], tables: list[dict[str, Any]]) -> bool:
    """Whether some arm has a default of [defaults]."""
    free = [defaults | table for table in tables if field not in table]
    return any(map(has_teacher, free)) if field in _OF_TAUGHT else bool(free)
