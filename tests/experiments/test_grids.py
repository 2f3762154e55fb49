"""Lists in an experiment file: the arms they make, what these are compared with, how many."""

from __future__ import annotations

from itertools import product

import pytest

from jqkd._checks import InputError
from jqkd.experiments import toml
from jqkd.experiments.asked import source_of
from jqkd.experiments.grids import MOST_JOBS, check_size

TEXT = """
name = "grids"
seeds = 3

[defaults]
dataset = "digits"
classes = "0-1"
qubits = 2
preset = "robust"
per_class = [10, 50]
temperature = [1.0, 4.0]

[[arms]]
name = "alone"

[[arms]]
name = "taught"
label = "with a teacher"
teacher = ["lenet", "alexnet"]
against = "alone"
"""


def made(text=TEXT, **options):
    return toml.experiment(text, **options)


def change(old, new):
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def test_every_combination_is_an_arm():
    experiment = made()
    alone = [f"alone-per_class={n}" for n in (10, 50)]
    taught = [
        f"taught-per_class={n}-temperature={t}-teacher={who}"
        for n, t, who in product((10, 50), (1.0, 4.0), ("lenet", "alexnet"))
    ]
    # Students alone read no temperature: there is one of them for each number of images.
    assert [arm.name for arm in experiment.arms] == alone + taught
    for arm in experiment.arms:
        fields = dict(pair.split("=") for pair in arm.name.split("-")[1:])
        assert arm.student.per_class == int(fields["per_class"])
        if arm.teacher is not None:
            assert arm.student.temperature == float(fields["temperature"])
            assert arm.teacher.arch == fields["teacher"]
    assert experiment.arm(taught[0]).label == (
        "with a teacher, per class 10, temperature 1.0, teacher lenet"
    )


def test_each_is_against_the_one_with_its_own_values():
    pairs = [(c.arm, c.baseline, c.family) for c in made().comparisons]
    assert len(pairs) == 8
    for arm, baseline, family in pairs:
        assert baseline == f"alone-{arm.split('-')[1]}" and family == "taught"


def test_a_value_of_its_own_finds_its_like_in_a_list():
    text = change('against = "alone"', 'against = "alone"\nper_class = 50')
    assert {c.baseline for c in made(text).comparisons} == {"alone-per_class=50"}
    full = change('against = "alone"', 'against = "alone-per_class=10"')
    assert {c.baseline for c in made(full).comparisons} == {"alone-per_class=10"}


def test_teachers_and_none_in_one_list():
    """Without a teacher there is no temperature: one arm, not two."""
    text = change('["lenet", "alexnet"]', '["none", "lenet"]').replace(
        'name = "alone"', 'name = "x"'
    )
    text = text.replace('against = "alone"', "")
    names = [arm.name for arm in made(text).arms if arm.name.startswith("taught-per_class=10")]
    assert names == [
        "taught-per_class=10-teacher=none",
        "taught-per_class=10-temperature=1.0-teacher=lenet",
        "taught-per_class=10-temperature=4.0-teacher=lenet",
    ]
    assert [arm.teacher is None for arm in made(text).arms] == [True] * 3 + [
        False,
        False,
        True,
        False,
        False,
    ]


def test_data_sets_and_classes_are_groups():
    text = change('dataset = "digits"', 'dataset = ["digits", "mnist"]')
    text = text.replace('classes = "0-1"', 'classes = ["0-1", "0,1"]')
    arm = made(text).arms[-1]
    assert (arm.group, arm.student.dataset) == ("MNIST 0,1", "mnist")
    # Commas separate names on the command line; data and classes stand in the group.
    assert "classes=0+1" in arm.name and "mnist" not in arm.label


def test_tables_of_comparisons():
    text = (
        TEXT
        + """
[[comparisons]]
arm = "taught"
baseline = "taught-per_class=10-temperature=1.0-teacher=lenet"
label = "to the first"
family = "own"
published = -1.5
note = "n"

[[comparisons]]
arm = "alone-per_class=50"
baseline = "alone-per_class=10"
"""
    )
    *_, last = own = made(text).comparisons[8:]
    assert len(own) == 9 and {c.family for c in own[:8]} == {"own"}
    assert (own[0].label, own[0].published, own[0].note) == ("to the first", -1.5, "n")
    assert (last.label, last.family) == ("difference", "")


def test_a_family_of_its_own():
    text = change('against = "alone"', 'against = "alone"\nfamily = "mine"')
    assert {c.family for c in made(text).comparisons} == {"mine"}


def test_more_jobs_than_anybody_wants_are_refused_before_they_are_made(tmp_path):
    many = change("[1.0, 4.0]", str([1 + n / 1000 for n in range(1000)]))
    path = tmp_path / "many.toml"
    # Two times a thousand times two, and two, with three seeds.
    path.write_text(many)
    with pytest.raises(
        InputError, match="make at most 10,000 jobs, but 4,002 arms with 3 seeds, 12,006"
    ):
        source_of(str(path))
    huge = many.replace("[10, 50]", str(list(range(1, 1001)))).replace(
        "qubits = 2", f"qubits = 2\nepochs = {list(range(1, 1001))}"
    )
    with pytest.raises(InputError, match="say --yes"):
        made(huge, yes=False)
    check_size(MOST_JOBS, 1, False)
    check_size(MOST_JOBS, 2, True)
    with pytest.raises(InputError, match="20,000 in all"):
        check_size(MOST_JOBS, 2, False)


def test_yes_makes_them(tmp_path):
    path = tmp_path / "many.toml"
    path.write_text(change("seeds = 3", "seeds = 1001"))
    with pytest.raises(InputError, match="10 arms with 1,001 seeds"):
        source_of(str(path))
    assert source_of(str(path), yes=True) == path.read_text()


def test_tables_are_written_as_they_were_read():
    text = TEXT.replace('label = "with a teacher"', r'label = "a \"b\" \\ ±\u007f\n"')
    text += '[[comparisons]]\narm = "alone-per_class=50"\nbaseline = "alone-per_class=10"\n'
    again = toml.text_of(toml.parsed(text))
    assert toml.parsed(again) == toml.parsed(text)
    assert toml.experiment(again) == toml.experiment(text)


WRONG = {
    "an empty list": (change("[10, 50]", "[]"), "`per_class` must hold one value or more, each on"),
    "a value twice": (change("[10, 50]", "[10, 10]"), "`per_class` must hold .* each once"),
    "a list in a list": (change("[10, 50]", "[[10], [50]]"), "`per_class` must hold one value"),
    "a table in a list": (change("[10, 50]", "[{a = 1}]"), "`per_class` must hold one value"),
    "a text among numbers": (change("[10, 50]", '[10, "50"]'), "`per_class` must be an integer"),
    "a value that cannot be": (change("[10, 50]", "[10, 0]"), "`per_class` must be .* at least 1"),
    "true": (change("[10, 50]", "[true]"), "`per_class` must be an integer"),
    "a list of names": (change('name = "alone"', 'name = ["a", "b"]'), "`name` must be given for"),
    "a list of labels": (
        change('label = "with a teacher"', 'label = ["a"]'),
        "`label` must be a text",
    ),
    "a list of seeds": (change("seeds = 3", "seeds = [1, 2]"), "`seeds` must be an integer"),
    "a teacher that is none": (change('"alexnet"', '"vit"'), "`arch` must be one of"),
    "against a missing arm": (
        change('against = "alone"', 'against = "lone"'),
        "`against` must be one of alone, taught.*perhaps 'alone'",
    ),
    "against a missing combination": (
        change('against = "alone"', 'against = "alone"\nper_class = [10, 20]'),
        "`against` must be arms with the values of taught-per_class=20.*, but alone, of which none",
    ),
    "against several": (
        change('name = "alone"', 'name = "alone"\nepochs = [1, 2]'),
        "`against` must name one arm to compare taught-.* with, which has no epochs, but alone",
    ),
    "against a number": (change('against = "alone"', "against = 3"), "`against` must be one of"),
    "a family of none": (
        change('against = "alone"', 'family = "a"'),
        "`family` must not be given where an arm is against none",
    ),
    "a family that is no text": (
        change('against = "alone"', 'against = "alone"\nfamily = 3'),
        "`family` must be a text",
    ),
    "a published number of several": (
        change('against = "alone"', 'against = "alone"\npublished = 90'),
        "`published` must not be given where lists make several arms",
    ),
    "two arms of one name": (
        TEXT + '[[arms]]\nname = "alone-per_class=10"\nper_class = 10\n',
        "`arms` must be at least one, each with a name of its own, but 'alone-per_class=10' twice",
    ),
    "two tables of one name": (
        TEXT + '[[arms]]\nname = "alone"\nper_class = 20\n',
        "`arms` must be at least one, each with a name of its own, but 'alone' twice",
    ),
    "comparisons that are none": ("comparisons = 3\n" + TEXT, "`comparisons` must be tables, each"),
    "a comparison of nobody": (
        TEXT + '[[comparisons]]\narm = "x"\nbaseline = "alone"\n',
        "`arm` must be one of alone, taught",
    ),
    "a comparison without a baseline": (
        TEXT + '[[comparisons]]\narm = "taught"\n',
        "`baseline` must be one of alone, taught.* but None",
    ),
    "a field of a comparison": (
        TEXT + '[[comparisons]]\narm = "taught"\nbaseline = "alone"\nlabell = "a"\n',
        r"`field of \[\[comparisons\]\]` must be one of .*perhaps 'label'",
    ),
    "a comparison's text": (
        TEXT + '[[comparisons]]\narm = "taught"\nbaseline = "alone"\nlabel = 3\n',
        "`label` must be a text",
    ),
    "a comparison's number": (
        TEXT + '[[comparisons]]\narm = "taught"\nbaseline = "alone"\npublished = 300\n',
        "`published` must be a finite number of -100 or more and at most 100",
    ),
    "a search that is none": ("search = 3\n" + TEXT, "`search` must be a table of fields"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_lists(name, tmp_path):
    text, match = WRONG[name]
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=match) as error:
        source_of(str(path))
    assert str(error.value).count("\n") == 0
