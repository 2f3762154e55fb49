"""An experiment in a TOML file: what it becomes, and what is refused in one sentence."""

from __future__ import annotations

import pytest

from jqkd._checks import InputError
from jqkd.experiments import toml
from jqkd.experiments.asked import experiment_of, source_of
from jqkd.experiments.planner import plan
from jqkd.training.config import StudentConfig, TeacherConfig

TEXT = """
name = "widths"
title = "Wider circuits"
about = "Two qubits and one."
protocol = "best"
seeds = 3

[defaults]
dataset = "digits"
classes = "0-1"
preset = "robust"
epochs = 2
weight = 2.5
teacher = "lenet"
teacher_epochs = 4

[[arms]]
name = "two"
label = "2 qubits"
qubits = 2
teacher = "none"
shots = "exact"

[[arms]]
name = "two-taught"
qubits = 2
shots = "exact"
against = "two"
published = 91.5
note = "a note"

[[arms]]
name = "one"
qubits = 1
epochs = 3
teacher = "none"
against = "two"
"""


def test_arms_and_comparisons():
    experiment = toml.experiment(TEXT)
    assert (experiment.name, experiment.title, experiment.protocol) == (
        "widths",
        "Wider circuits",
        "best",
    )
    assert experiment.seeds == 3
    two, taught, one = experiment.arms
    assert two.student == StudentConfig("digits", "0-1", 2, "robust", shots=None, epochs=2)
    assert (two.label, two.teacher, one.label) == ("2 qubits", None, "one")
    assert taught.student.weight == 2.5 and taught.student.epochs == 2
    assert taught.teacher == TeacherConfig("lenet", "digits", "0-1", 4)
    assert (taught.published, taught.note) == (91.5, "a note")
    assert one.student.epochs == 3
    pairs = [(c.arm, c.baseline, c.label, c.family) for c in experiment.comparisons]
    assert pairs == [("two-taught", "two", "gain", "taught"), ("one", "two", "difference", "")]


def test_an_arm_is_the_same_job_wherever_it_is_written():
    """A default that only taught students read does not change the others."""
    without = "\n".join(line for line in TEXT.splitlines() if "weight" not in line)
    names = lambda text: [job.name for job in plan(toml.experiment(text), 1)]  # noqa: E731
    assert len({*names(TEXT)} - {*names(without)}) == 1


def test_a_file_is_a_source(tmp_path):
    path = tmp_path / "widths.toml"
    path.write_text(TEXT)
    assert experiment_of(source_of(str(path))) == toml.experiment(TEXT)


def change(old, new):
    assert old in TEXT
    return TEXT.replace(old, new, 1)


WRONG = {
    "no TOML": ("name = ", "experiment's file is not TOML: .*; mend that line"),
    "a field of the file": (change("title", "tilte"), "`field of the file` .*perhaps 'title'"),
    "a field of an arm": (change("label", "labell"), "`field of arm two` .*perhaps 'label"),
    "a field of defaults": (change("weight", "weigth"), "defaults.* .*perhaps 'weight'"),
    "a value": (
        change("qubits = 1", "qubits = 0"),
        "`qubits` must be an integer of at least 1, but 0",
    ),
    "a text for a number": (change("epochs = 3", 'epochs = "3"'), "`epochs` must be an integer"),
    "a teacher": (change('teacher = "lenet"', 'teacher = "swin"'), "`arch` must be one of lenet"),
    "a preset": (change('"robust"', '"robus"'), "`preset` must be one of"),
    "no classes": (change('classes = "0-1"\n', ""), "`classes` must be given for each arm, or in"),
    "no name": (change('name = "one"\n', ""), "`name` must be given for each arm, as a text"),
    "no name of its own": (change('name = "widths"\n', ""), "`name` must be a text that names"),
    "a name of jqkd's": (change('"widths"', '"demo"'), "`name` must be a text without / and : tha"),
    "a name that is a path": (change('"widths"', '"../x"'), "`name` must be a text without /"),
    "a name twice": (change('name = "one"', 'name = "two"'), "`arms` must be at least one, each"),
    "no arms": (TEXT[: TEXT.index("[[arms")], "`.*` must|`arms` must be at least one"),
    "arms that are none": ('name = "a"\narms = 3', "`arms` must be tables, each under"),
    "against nobody": (change('against = "two"', 'against = "x"'), "`against` must be one of two"),
    "a protocol": (change('"best"', '"first"'), "`protocol` must be one of final"),
    "seeds": (change("seeds = 3", "seeds = 0"), "`seeds` must be an integer of at least 1"),
    "teaching without a teacher": (
        change("epochs = 3", "temperature = 3.0"),
        "`temperature` must not be given where an arm has no teacher, but one",
    ),
    "a recipe that reads no temperature": (
        change("weight = 2.5", 'recipe = "hints"\ntemperature = 3.0'),
        "`temperature` must not be given where the recipe is hints",
    ),
    "a default that all arms have": (
        change("epochs = 2", "epochs = 2\nqubits = 3"),
        r"`qubits` must not be given in \[defaults\] where no arm reads it, but 3",
    ),
    "a default that nobody reads": (
        change('teacher = "lenet"', 'teacher = "none"'),
        r"`weight` must not be given in \[defaults\] where no arm reads it",
    ),
    "a published text": (change("91.5", '"91"'), "`published` must be a finite number of 0"),
    "a published 101": (change("91.5", "101"), "`published` must be .* at most 100, but 101"),
    "a mechanism": (
        change("seeds = 3", "shows_mechanism = 3"),
        "`shows_mechanism` must be true or",
    ),
    "a long name": (change('"widths"', f'"{"x" * 200}"'), "`name` must be a text without /"),
    "defaults that are none": ('name = "a"\ndefaults = 3', "`defaults` must be a table of fields"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files(name, tmp_path):
    text, match = WRONG[name]
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=match) as error:
        source_of(str(path))
    assert str(error.value).count("\n") == 0


def test_what_is_no_file(tmp_path):
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.toml").mkdir()
    for name in ("binary.toml", "folder.toml", "none.toml"):
        with pytest.raises(InputError, match="`name` must be a TOML file that can be read, but"):
            source_of(str(tmp_path / name))
