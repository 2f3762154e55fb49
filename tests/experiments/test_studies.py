"""Studies: lines that differ in what they say, their units, and a report of made-up numbers."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wilcoxon
from typer.testing import CliRunner

from jqkd._checks import InputError
from jqkd.cli import study as command
from jqkd.data import load, student_splits
from jqkd.experiments.mechanism import mechanism, numbers
from jqkd.experiments.plan import AnswerUnit, StudentUnit, TeacherUnit
from jqkd.experiments.presets import Settings
from jqkd.experiments.store import Store
from jqkd.experiments.studies import STUDIES
from jqkd.experiments.study import (
    DATA,
    DEFAULT_DATA,
    Study,
    Variant,
    arms_of,
    chosen_data,
    images_seen,
    teachers_of,
    units_of,
)
from jqkd.experiments.study_chart import draw
from jqkd.experiments.study_report import csv_text, readme_block, sheets, update_readme
from jqkd.experiments.study_results import digest, lines_of, missing
from jqkd.models import build_student
from jqkd.models.functional import functional
from jqkd.training.config import TRAINING, StudentConfig
from jqkd.training.recipes import RECIPES
from jqkd.training.students import Block, Run
from tests.models import reference

MNIST, DIGITS = DATA["mnist"], DATA["digits"]
TEACHING = {"recipe", "temperature", "weight", "label_weight", "control", "term"}
# How often students are looked at changes no student.
LOOKS = {"evaluate_every"}


def changed(one: StudentConfig, other: StudentConfig) -> set[str]:
    a, b = map(dataclasses.asdict, (one, other))
    return {name for name in a if a[name] != b[name]}


# The lines


def test_every_step_of_the_ladder_is_one_change():
    ladder = STUDIES["ladder"]
    steps = [v for v in ladder.variants if v.teacher is None]
    steps = steps[: [v.name for v in steps].index("robust") + 1]
    assert all(v.against == before.name for before, v in pairwise(steps))
    found = [changed(before.config(MNIST), v.config(MNIST)) for before, v in pairwise(steps)]
    network = [{"head", "preset"}, {"preset"}, {"preset"}, {"preset"}]
    training = ["batch_size", "learning_rate", "schedule", "augmentation"]
    tuned = [{n} for n in training if TRAINING["robust"][n] != TRAINING["paper-code"][n]]
    assert [names - LOOKS for names in found[:-1]] == [*network, *tuned]
    # The preset's name too, of what is by then the same network (see test_stand_ins).
    assert found[-1] - TEACHING - LOOKS == {"epochs", "preset"}


def test_the_ladder_ends_at_robust_and_goes_one_step_back():
    ladder, robust = STUDIES["ladder"], StudentConfig("mnist", "0-5", 3, "robust")
    assert ladder.variant("robust").config(MNIST) == robust
    back = {
        v.name: sorted(changed(robust, v.config(MNIST)))
        for v in ladder.variants
        if v.against == "robust" and v.teacher is None
    }
    assert back == {
        "robust-few-epochs": ["epochs"],
        "robust-exact": ["shots"],
        "robust-paper-head": ["head", "preset"],
        "robust-gradient": ["preset"],
        "robust-dropout": ["preset"],
        "robust-full-turn": ["preset"],
    }
    theirs = ladder.variant("robust-paper-loss").config(MNIST)
    paper = TRAINING["paper-code"]
    assert all(getattr(theirs, n) == paper[n] for n in ("recipe", "temperature", "weight"))


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_a_taught_line_differs_from_its_student_alone_in_teaching_only(study):
    names = [variant.name for variant in study.variants]
    assert len(set(names)) == len(names)
    for place, variant in enumerate(study.variants):
        if variant.against is not None:
            assert variant.against in names[:place]
        if variant.teacher is not None:
            alone = study.variant(variant.against)
            assert alone.teacher is None and alone.preset == variant.preset
            assert changed(alone.config(MNIST), variant.config(MNIST)) <= TEACHING


def test_recipes_have_their_authors_weights():
    for name, recipe in RECIPES.items():
        variant = STUDIES["recipes"].variant(name)
        config = variant.config(MNIST)
        assert config.recipe == name
        if name != TRAINING["robust"]["recipe"]:
            assert config.weight == recipe.weight
            assert f"weight {recipe.weight:g}" in variant.label
            assert ("no labels" in variant.label) == (config.label_weight == 0)


def test_what_runs_no_circuit_is_trained_without_shots():
    circuits = STUDIES["circuits"]
    shots = {v.name: v.config(MNIST).shots for v in circuits.variants if v.teacher is None}
    assert shots == {
        "robust": 5000,
        "closed-form": None,
        "classical": None,
        "random": 5000,
        "entangled": 5000,
    }


# Units


def test_studies_share_their_units():
    data = [DATA[name] for name in DEFAULT_DATA]
    arms = arms_of(list(STUDIES.values()), data)
    units = units_of(arms, seeds=4, block=2)
    assert len({unit.name for unit in units}) == len(units)
    names = [unit.name for unit in units]
    assert all(names.index(need) < names.index(u.name) for u in units for need in u.needs)
    # 16 lines alone and 3 taught; 5, 3 and 4 + 4 more, as robust and robust taught are the same.
    assert len(arms) == 2 * (16 + 3 + 5 + 3 + 4 + 4)
    kinds = [sum(isinstance(u, kind) for u in units) for kind in (TeacherUnit, AnswerUnit)]
    # For each data set a LeNet, and its answers with and without features.
    assert kinds == [2, 4]
    assert sum(isinstance(u, StudentUnit) for u in units) == 2 * len(arms)
    rest = units_of(arms, 4, present=lambda arm: {0, 1, 2, 3})
    assert not any(isinstance(unit, StudentUnit) for unit in rest)


def test_selecting_brings_what_a_taught_line_is_compared_with():
    names = lambda study, glob: [v.name for v in STUDIES[study].select(glob)]  # noqa: E731
    assert names("controls", "shuffled") == ["alone", "shuffled"]
    assert names("ladder", "head") == ["head"]
    with pytest.raises(
        InputError,
        match="`glob` must match variants of study controls, but 'x\\*' was given; there",
    ):
        STUDIES["controls"].select("x*")


def test_an_ensemble_brings_its_members():
    variant = Variant("e", "e", "robust", {}, "ensemble", "a")
    archs = [unit.plan.config.arch for unit in teachers_of([variant.arm(MNIST)])]
    assert archs == ["lenet", "alexnet", "ensemble"]


def test_data_by_name():
    assert [data.dataset for data in chosen_data("digits,mnist,digits")] == ["digits", "mnist"]
    with pytest.raises(InputError, match="`datasets` must be one of mnist, fashion_mnist, digits"):
        chosen_data("cifar")
    assert images_seen(StudentConfig("mnist", "0-5", 3, "robust", epochs=3)) == 3 * 6 * 150


# The report, of numbers made up here

ALONE = np.array([90, 92, 91, 93, 90, 91, 50, 92])
TINY = Study(
    "tiny",
    "Tiny",
    "Made up.",
    (
        Variant("alone", "alone", "robust", {"epochs": 1, "shots": None}),
        Variant("far", "far", "robust", {"epochs": 1, "shots": None}, "lenet", "alone"),
        Variant(
            "near", "near", "robust", {"epochs": 1, "shots": None, "weight": 1.0}, "lenet", "alone"
        ),
        Variant("never", "never run", "robust", {"epochs": 2}),
    ),
    shows_mechanism=True,
)
RIGHT = {
    "alone": ALONE,
    "far": ALONE + np.array([3, 5, 4, 2, 6, 3, 4, 5]),
    "near": ALONE + np.array([1, -1, 2, -2, 1, -1, 1, 0]),
}


@pytest.fixture
def store(tmp_path):
    """Of 100 test images, so many are right; one student alone has collapsed."""
    store = Store.create(tmp_path, Settings("robust"), ["study:tiny"], 8)
    for variant in TINY.variants[:-1]:
        for unit in units_of([variant.arm(DIGITS)], 8, block=4):
            if isinstance(unit, StudentUnit):
                share = RIGHT[variant.name][list(unit.seeds)] / 100
                why = dict.fromkeys(("feature", "slope", "sine", "dead"), share)
                content = {"kind": "students", "seeds": list(unit.seeds), "curves": {}}
                accuracy = {"best": share, "picked": share, "final": share}
                store.write(unit, content | {"test_accuracy": accuracy, "mechanism": why})
    return store


def test_lines_by_hand(store):
    lines = lines_of(TINY, store)
    assert [line.variant.name for line in lines] == ["alone", "far", "near"]
    assert missing(TINY, lines) == ["never on digits 0-1"]
    alone, far, near = lines
    assert alone.accuracy["final"] == ALONE.tolist()
    assert (alone.collapsed, far.collapsed) == (1, 0)
    assert alone.difference is None and alone.images == 200
    assert far.difference.mean == 4.0 and near.difference.mean == 0.125
    assert near.difference.interval[0] < 0 < far.difference.interval[0]
    # All eight differences have one sign: 2 of 2**8 patterns are as far from 0; twice, by Holm.
    assert far.difference.p == 2 / 2**8 and far.difference.p_holm == 4 / 2**8
    signs = 1 - 2 * ((np.arange(256)[:, None] >> np.arange(8)) & 1)
    means = np.abs(signs @ (RIGHT["near"] - ALONE))
    assert near.difference.p == pytest.approx((means >= 1).mean())
    assert near.difference.p_holm == near.difference.p


def test_signs_agree_with_wilcoxon(store):
    """Another paired test of the same differences, from SciPy."""
    far, near = lines_of(TINY, store)[1:]
    assert wilcoxon(far.difference.values).pvalue < 0.05 < wilcoxon(near.difference.values).pvalue


def test_sheets_say_who_has_collapsed(store):
    accuracies, features = sheets(TINY, lines_of(TINY, store))
    assert accuracies.cells[0][:4] == ["alone", "–", "8", "86.12 ± 14.63"]
    assert accuracies.cells[1][-4:] == ["+4.00 [+3.12 to +4.88]", "0.016", "1", "200"]
    # Seven that learned, one that did not, then the taught ones, none of them collapsed.
    assert [row[:4] for row in features.cells[:3]] == [
        ["alone", "–", "7 learned", "0.91"],
        ["alone", "–", "1 collapsed", "0.5"],
        ["far", "LeNet", "8 learned", "0.95"],
    ]


def test_csv_has_every_line(store):
    rows = list(csv.DictReader(io.StringIO(csv_text(lines_of(TINY, store)))))
    assert [row["variant"] for row in rows] == ["alone", "far", "near"]
    assert float(rows[1]["difference"]) == 4 and rows[1]["against"] == "alone"
    assert rows[0]["difference"] == "" and rows[0]["collapsed"] == "1"
    assert float(rows[0]["final_mean"]) == ALONE.mean()


def test_the_readme_is_brought_up_to_date(store, tmp_path):
    readme, lines = tmp_path / "README.md", lines_of(TINY, store)
    readme.write_text("before <!-- study tiny: begin -->old<!-- study tiny: end --> after")
    update_readme(readme, TINY, lines)
    text = readme.read_text()
    assert text.startswith("before <!--") and text.endswith("--> after") and "old" not in text
    assert (
        "| far | LeNet | 90.12 ± " in text and "0/8 | +4.00 [+3.12 to +4.88], p = 0.016 |" in text
    )
    update_readme(readme, TINY, lines)
    assert readme.read_text() == text and readme_block(TINY, lines) in text
    readme.write_text("no place")
    with pytest.raises(InputError, match="lacks the lines <!-- study tiny: begin -->"):
        update_readme(readme, TINY, lines)


def test_the_picture_has_the_same_bytes_again(store, tmp_path):
    pytest.importorskip("matplotlib")
    lines = lines_of(TINY, store)
    first, second = (draw(TINY, lines, tmp_path / name) for name in "ab")
    for ending in (".png", ".svg"):
        assert first.with_suffix(ending).read_bytes() == second.with_suffix(ending).read_bytes()
    shorter = dataclasses.replace(lines[0], accuracy={"final": [1.0] * 8})
    assert digest(lines) != digest([shorter, *lines[1:]])


# The mechanism


def test_numbers_of_the_mechanism_by_hand():
    features, hidden = np.array([[0.5, -0.5], [1.0, -30.0]]), np.eye(3)[:2]
    found = numbers(features, hidden, np.pi)
    # Far out, 1 / cosh(f)**2 is 4 exp(-2 f); near 0 it is 1 - tanh(f)**2.
    slopes = np.pi * np.array([*(1 - np.tanh([0.5, 0.5, 1.0]) ** 2), 4 * np.exp(-60)])
    sines = np.abs(np.sin(np.pi * np.tanh(features)))
    assert found["feature"] == 0.75 and found["dead"] == 1 / 3
    assert found["slope"] == pytest.approx(slopes.mean(), rel=1e-12)
    assert found["sine"] == pytest.approx(sines.mean(), rel=1e-12)
    half = numbers(features, hidden, np.pi / 2)
    assert half["slope"] == pytest.approx(slopes.mean() / 2, rel=1e-12)
    certain = numbers(np.full((1, 1), 800.0), hidden, np.pi / 2)
    assert (certain["slope"], certain["sine"]) == (0, 1)


def test_mechanism_of_a_block_against_scipy():
    """Untrained students of two seeds; features and hidden units from the reference layers."""
    splits = student_splits(load("digits"), (0, 1), test_per_class=5)
    config = StudentConfig("digits", "0-1", 2, "robust", shots=None)
    block = Block(config, splits, [Run(0, "alone"), Run(1, "alone")])
    found = mechanism(block)
    model = functional(lambda rngs: build_student("robust", 2, rngs=rngs))
    for row in range(2):
        mine = model.module(_row(block.state.params, row)).features
        features = np.array([reference.conv_features(mine, x) for x in splits.test.images])
        hidden = np.array([_hidden(mine, x) for x in splits.test.images])
        assert found["feature"][row] == pytest.approx(np.median(np.abs(features)), abs=1e-5)
        sine = np.abs(np.sin(np.pi / 2 * np.tanh(features))).mean()
        assert found["sine"][row] == pytest.approx(sine, abs=1e-5)
        slope = np.pi / 2 * (1 - np.tanh(features) ** 2).mean()
        assert found["slope"][row] == pytest.approx(slope, abs=1e-5)
        assert found["dead"][row] == (hidden <= 0).all(0).mean()
    assert found["feature"][0] != found["feature"][1]


def _row(params, row):
    if isinstance(params, dict):
        return {name: _row(value, row) for name, value in params.items()}
    return np.asarray(params)[row]


def _hidden(model, image):
    relu, pool, conv = reference.relu, reference.pool, reference.conv
    x = relu(pool(conv(model.conv1, image[..., None]), np.max))
    x = relu(pool(conv(model.conv2, x), np.max)).reshape(-1)
    return relu(reference.dense(model.dense1, x))


# The command


def call(*arguments):
    return CliRunner().invoke(command.app, [str(argument) for argument in arguments])


def test_a_study_from_end_to_end(monkeypatch, tmp_path):
    """Two seeds, one epoch, exact: trained, kept with its mechanism, reported, not done twice."""
    plain = {"epochs": 1, "shots": None, "augmentation": "none"}
    variants = (
        Variant("alone", "alone", "robust", plain),
        Variant("taught", "taught", "robust", plain, "lenet", "alone"),
    )
    tiny = {"tiny": Study("tiny", "Tiny", "Two lines.", variants, shows_mechanism=True)}
    monkeypatch.setattr(command, "STUDIES", tiny)
    words = ["run", "tiny", "--datasets", "digits", "--seeds", 2, "--out", tmp_path]
    done = call(*words)
    assert done.exit_code == 0, done.output
    assert "3 units done" in done.output and "jqkd study report --out" in done.output
    for path in tmp_path.glob("students/*/*.json"):
        content = json.loads(path.read_text())["content"]
        assert {len(values) for values in content["mechanism"].values()} == {2}
    assert "0 units done" in call(*words).output
    shown = call("report", "--out", tmp_path)
    assert shown.exit_code == 0, shown.output
    text = (tmp_path / "report" / "tiny.md").read_text()
    assert "| taught | LeNet | 2 |" in text and "where the features go" in text
    assert (tmp_path / "report" / "tiny.png").exists()


def test_a_dry_run_leaves_nothing(tmp_path):
    shown = call("run", "all", "--dry-run", "--seeds", 10, "--out", tmp_path / "none")
    assert shown.exit_code == 0, shown.output
    assert "Study all, 356 units" in shown.output and "robust-paper-loss" in shown.output
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (
            ["stairs"],
            "`name` must be one of ladder, recipes, controls, circuits, all, but",
        ),
        (["ladder", "--datasets", "x"], "`datasets` must be one of mnist, fashion_mnist, digits"),
        (
            ["ladder", "--variants", "x"],
            "`glob` must match variants of study ladder, but 'x' was given; there are",
        ),
        (["ladder", "--seeds", 0], "`seeds` must be an integer from 1 to 1000, but 0"),
    ],
)
def test_bad_input(arguments, match, tmp_path):
    done = call("run", *arguments, "--out", tmp_path / "none")
    assert isinstance(done.exception, InputError)
    with pytest.raises(InputError, match=match):
        raise done.exception
    assert not (tmp_path / "none").exists()


def test_a_study_joins_the_tables_of_a_folder(tmp_path):
    assert command.settings_of(tmp_path) == Settings("robust")
    tables = Settings("paper-code", alexnet_epochs=1)
    Store.create(tmp_path, tables, ["mnist-0-5-3q-alone"], 2)
    assert command.settings_of(tmp_path) == tables
    store = Store.create(tmp_path, command.settings_of(tmp_path), ["study:ladder"], 1)
    assert store.asked["rows"] == ["mnist-0-5-3q-alone", "study:ladder"]


def test_a_folder_without_a_study(tmp_path):
    Store.create(tmp_path, Settings("robust"), ["mnist-0-5-3q-alone"], 2)
    found = str(call("report", "--out", tmp_path).exception)
    assert "`out` must hold at least one finished line of a study" in found


SHIPPED = Path(__file__).parents[2] / "results" / "studies"


@pytest.mark.skipif(not SHIPPED.exists(), reason="the package is not run from its repository")
def test_the_readme_says_what_the_shipped_studies_say(tmp_path):
    """If this fails: jqkd study report --out results/studies --readme README.md."""
    readme = SHIPPED.parents[1] / "README.md"
    copy = tmp_path / "README.md"
    copy.write_text(readme.read_text(encoding="utf-8"), encoding="utf-8")
    store = Store.open(SHIPPED)
    for name in (row.removeprefix("study:") for row in store.asked["rows"]):
        lines = lines_of(STUDIES[name], store)
        assert lines
        update_readme(copy, STUDIES[name], lines)
    assert copy.read_text(encoding="utf-8") == readme.read_text(encoding="utf-8")
