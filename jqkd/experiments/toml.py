"""An experiment of your own: a TOML file of arms, without a line of Python.

name = "widths"
title = "Wider circuits"
[defaults]
dataset = "digits"
classes = "0-1"
preset = "robust"
[[arms]]
name = "two"
qubits = 2
[[arms]]
name = "two-taught"
qubits = 2
teacher = "lenet"
against = "two"
"""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

from jqkd._checks import InputError, check_choice, check_type, fail, shown
from jqkd.experiments.catalogue.entry import EXPERIMENTS
from jqkd.experiments.model import Arm, Comparison, Experiment
from jqkd.experiments.planner import dataset_label
from jqkd.training.config import StudentConfig, TeacherConfig

_TOP = ("name", "title", "about", "protocol", "seeds", "shows_mechanism", "defaults", "arms")
_OF_ARM = ("name", "label", "group", "note", "published", "hidden")
_STUDENT = tuple(field.name for field in dataclasses.fields(StudentConfig))
# What only students read that have a teacher.
_OF_TAUGHT = (
    *("recipe", "temperature", "weight", "label_weight", "term", "placebo"),
    *("teacher_epochs", "teacher_seed"),
)
_DEFAULTS = (*_STUDENT, "teacher", "teacher_epochs", "teacher_seed")
_DIFFERENCE = ("difference", None, "")
# Bytes of a file, and letters of a name that files are called by.
_LARGEST, _LONGEST = 2**20, 100


def read(path: Path) -> str:
    """A file's text, if an experiment is in it."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        fail("name", "be a TOML file that can be read", f"{path} ({reason})")
    experiment(text)
    # What is one line would be taken for a name.
    return text if "\n" in text else f"{text}\n"


def experiment(text: str) -> Experiment:
    """The experiment that a TOML text describes.

    Raises:
        InputError: no TOML, a field that is not known or has no effect, or a wrong value.

    Example:
        >>> lines = ['name = "one"', '[[arms]]', 'name = "a"', 'dataset = "digits"']
        >>> one = experiment("\\n".join([*lines, 'classes = "0-1"', "qubits = 1"]))
        >>> one.title, one.arms[0].student.qubits
        ('one', 1)
    """
    try:
        top = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"The experiment's file is not TOML: {error}; mend that line.") from error
    _check_fields("the file", top, _TOP)
    defaults, tables = top.get("defaults", {}), top.get("arms", [])
    check_type("defaults", defaults, dict, "a table of fields")
    _check_fields("[defaults]", defaults, _DEFAULTS)
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        fail("arms", "be tables, each under [[arms]]", shown(tables))
    arms = tuple(_arm(table, defaults) for table in tables)
    _check_effect(defaults, tables)
    name: Any = top.get("name")
    check_type("name", name, str, "a text that names the experiment")
    if name in EXPERIMENTS or not 0 < len(name) < _LONGEST or set(name) & set("/\\:\n"):
        fail("name", "be a text without / and : that no experiment of jqkd has", shown(name))
    pairs = zip(arms, (table.get("against") for table in tables), strict=True)
    comparisons = tuple(
        Comparison(arm.name, against, *(("gain", None, "taught") if arm.teacher else _DIFFERENCE))
        for arm, against in pairs
        if against is not None
    )
    options = {k: top[k] for k in ("protocol", "seeds", "shows_mechanism") if k in top}
    return Experiment(
        name, top.get("title", name), top.get("about", ""), arms, comparisons, **options
    )


def _arm(table: dict[str, Any], defaults: dict[str, Any]) -> Arm:
    name: Any = table.get("name")
    check_type("name", name, str, "given for each arm, as a text")
    _check_fields(f"arm {name}", table, (*_OF_ARM, *_DEFAULTS, "against"))
    given = defaults | table
    distilled = _is_taught(given)
    unread = [field for field in _OF_TAUGHT if field in table and not distilled]
    if unread:
        fail(unread[0], "not be given where an arm has no teacher", f"{name}, which has it,")
    read = [field for field in _STUDENT if distilled or field not in _OF_TAUGHT]
    fields = {field: given[field] for field in read if field in given}
    missing = [field for field in ("dataset", "classes", "qubits") if field not in fields]
    if missing:
        fail(missing[0], "be given for each arm, or in [defaults]", f"{name} without it")
    if fields.get("shots") == "exact":
        fields["shots"] = None
    student = StudentConfig(**fields)
    teacher = _teacher(given, student) if distilled else None
    group = f"{dataset_label(student.dataset)} {student.classes}"
    about: dict[str, Any] = {"label": name, "group": group} | {
        k: table[k] for k in _OF_ARM if k in table
    }
    return Arm(student=student, teacher=teacher, **about)


def _teacher(given: dict[str, Any], student: StudentConfig) -> TeacherConfig:
    names = {"teacher_epochs": "epochs", "teacher_seed": "seed"}
    fields = {field: given[name] for name, field in names.items() if name in given}
    return TeacherConfig(given["teacher"], student.dataset, student.classes, **fields)


def _check_fields(where: str, table: dict[str, Any], known: tuple[str, ...]) -> None:
    for field in table:
        check_choice(f"field of {where}", field, known)


def _check_effect(defaults: dict[str, Any], tables: list[dict[str, Any]]) -> None:
    """A default that every arm overrides, or that none reads, is a mistake."""
    for field, value in defaults.items():
        free = [defaults | table for table in tables if field not in table]
        if not (any(map(_is_taught, free)) if field in _OF_TAUGHT else free):
            fail(field, "not be given in [defaults] where no arm reads it", shown(value))


def _is_taught(given: dict[str, Any]) -> bool:
    """Whether there is a teacher; "none" takes a default teacher back."""
    return given.get("teacher") not in (None, "none")
