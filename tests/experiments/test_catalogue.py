"""The catalogue: the rows against the arithmetic of the paper's own tables, and the studies."""

from __future__ import annotations

import dataclasses
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from flax import nnx

from jqkd._checks import InputError
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.catalogue.rows import ROWS, Row, alone_of
from jqkd.experiments.model import Experiment
from jqkd.experiments.planner import jobs_of
from jqkd.models import count_parameters
from jqkd.training.config import StudentConfig
from jqkd.training.recipes import RECIPES

TABLES = ("mnist", "fashion_mnist")
DISTILLED = [row for row in ROWS if row.is_distilled]
SMALL = ":datasets=digits,classes=0-1,qubits=2"
TEACHING = {"recipe", "temperature", "weight", "label_weight", "placebo", "term"}
# How often students are looked at changes no student.
LOOKS = {"evaluate_every"}


def build(text) -> Experiment:
    return EXPERIMENTS.build(text).experiment()


def changed(one: StudentConfig, other: StudentConfig) -> set[str]:
    a, b = map(dataclasses.asdict, (one, other))
    return {name for name in a if a[name] != b[name]}


# The rows


def kind(row):
    return "teacher" if row.qubits is None else "distilled" if row.teacher else "student"


def test_both_tables_are_whole():
    kinds = Counter((row.dataset, kind(row)) for row in ROWS)
    expected = {"student": 3, "teacher": 6, "distilled": 9}
    assert kinds == {(t, k): n for t in TABLES for k, n in expected.items()}
    assert len({row.name for row in ROWS}) == len(ROWS) == 36


def test_mean_gains_are_those_of_the_papers_rows():
    means = [m for m in build("paper-code").contrasts if m.label.endswith("gain")]
    assert [(round(m.published_rows, 2), m.published) for m in means] == [(0.76, 0.8), (5.4, 5.4)]
    assert [{weight for weight, _, _ in m.terms} for m in means] == [{1 / 9}] * 2
    assert [len(m.terms) for m in means] == [9, 9]


def test_gains_are_differences_of_accuracies():
    # One gain is printed as 0.00 where the accuracies differ by -1.75.
    for row in DISTILLED:
        difference = row.accuracy - alone_of(row).accuracy
        assert abs(max(difference, 0) - row.gain) < 0.015, row.name


def test_accuracies_are_of_whole_images():
    # 150 test images a class; two decimals.
    for row in ROWS:
        images = 900 if row.classes == "0-5" else 1200
        nearest = 100 * round(row.accuracy / 100 * images) / images
        assert row.qubits is None or abs(nearest - row.accuracy) <= 0.0051, row.name


def test_the_notebooks_deviations():
    deviating = {
        r.name: (r.readout, r.term) for r in ROWS if (r.readout, r.term) != ("concat-sigmoid", "kl")
    }
    assert deviating == {
        "fashion_mnist-0-5-3q-alone": ("softmax", "kl"),
        "fashion_mnist-0-7-3q-alone": ("softmax", "kl"),
        "fashion_mnist-0-7-3q-lenet": ("softmax", "kl * 0"),
        "fashion_mnist-0-7-3q-alexnet": ("concat-sigmoid", "kl * 6/8"),
        "mnist-0-7-4q-lenet": ("concat-sigmoid", "constant"),
        "fashion_mnist-0-7-4q-lenet": ("concat-sigmoid", "constant"),
    }
    shots = Counter((r.classes, r.qubits, r.shots) for r in ROWS if r.qubits is not None)
    assert shots == {
        ("0-5", 3, 5000): 8,
        ("0-7", 3, 3000): 7,
        ("0-7", 3, 5000): 1,
        ("0-7", 4, 2000): 8,
    }
    with pytest.raises(InputError, match="has no student trained alone"):
        alone_of(Row("mnist", "0-3", 3, "lenet"))


# The paper's experiments


@pytest.mark.parametrize("name", ["paper-code", "paper-text", "robust"])
def test_every_row_is_an_arm_and_every_gain_a_comparison(name):
    experiment = build(name)
    shown = [arm for arm in experiment.arms if not arm.hidden]
    published = [(arm.name, arm.published) for arm in shown]
    assert published == [(row.name, row.accuracy) for row in ROWS]
    gains = [c for c in experiment.comparisons if c.label == "gain"]
    assert [(c.arm, c.baseline, c.published) for c in gains] == [
        (row.name, alone_of(row).name, row.gain) for row in DISTILLED
    ]
    assert {c.family for c in gains} == {"gain"}
    assert experiment.protocol == ("final" if name == "robust" else "best")
    notes = {arm.name: arm.note for arm in shown if arm.note}
    assert len(notes) == (4 if name == "paper-code" else 0)
    assert "6/8" in notes.get("fashion_mnist-0-7-3q-alexnet", "6/8")
    assert (experiment.published_epochs, experiment.published_protocol) == (10, "best")


def test_rows_follow_their_notebooks():
    experiment = build("paper-code:shots=notebook")
    name = "fashion_mnist-0-7-3q-alexnet"
    pairs = {c.label: c for c in experiment.comparisons if c.arm == name}
    own, alone = (experiment.arm(n).student for n in (name, pairs["gain"].baseline))
    assert (own.readout, own.shots, own.term) == ("concat-sigmoid", 5000, "kl * 6/8")
    assert (alone.readout, alone.shots, alone.term) == ("softmax", 3000, "kl")
    matched = experiment.arm(pairs["one head"].baseline)
    assert matched.hidden and matched.teacher is None
    assert changed(matched.student, own) == {"term"}
    # The paper's gain is printed once; the heads' own difference stands beside both.
    assert (pairs["gain"].published, pairs["one head"].published) == (5.42, None)
    (head,) = (c for c in experiment.comparisons if c.arm == matched.name)
    assert (head.baseline, head.label, head.family) == (pairs["gain"].baseline, "head", "")
    # The LeNet row has the head of its student alone: nothing to match.
    of_lenet = [c for c in experiment.comparisons if c.arm == "fashion_mnist-0-7-3q-lenet"]
    assert [c.label for c in of_lenet] == ["gain"]
    (mean,) = (m for m in experiment.contrasts if m.label.endswith("one head"))
    baselines = dict(mean.pairs)
    assert baselines[name] == f"{name}-matched" and len(baselines) == 9
    assert baselines["fashion_mnist-0-7-3q-lenet"] == "fashion_mnist-0-7-3q-alone"


def test_students_of_the_text_have_one_head():
    experiment = build("paper-text")
    students = [arm.student for arm in experiment.arms if arm.student]
    assert len({jobs_of(arm, [0])[0].name for arm in experiment.arms if arm.student}) == 6 + 18
    assert {(s.term, s.readout) for s in students} == {("kl", "log-probability")}
    assert {c.label for c in experiment.comparisons} == {"gain"}


def test_options_reach_students_and_teachers():
    text = "paper-code:shots=exact,epochs=3,ensemble=joint,lenet_epochs=2,alexnet_epochs=4"
    experiment = build(text)
    students = [arm.student for arm in experiment.arms if arm.student]
    assert {(s.shots, s.epochs) for s in students} == {(None, 3)}
    teachers = {(a.teacher.arch, a.teacher.epochs) for a in experiment.arms if a.teacher}
    assert teachers == {("lenet", 2), ("alexnet", 4), ("joint-ensemble", 4)}
    assert experiment.name == text.replace(":", "-").replace(",", "-")
    assert build("paper-code:shots=70").arms[0].student.shots == 70


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("paper", "`experiment` must be one of .*perhaps 'paper-.*' is meant"),
        (
            "paper-code:shots=many",
            "`shots` must be a whole number, `exact` or `notebook`, but 'many'",
        ),
        ("paper-code:shots=0", "`shots` must .* but 0"),
        (
            "paper-text:shots=notebook",
            "`shots` must be a number or exact where the preset is paper-t",
        ),
        ("paper-code:ensemble=both", "`ensemble` must be one of average, joint, but 'both'"),
        ("paper-code:alexnet_epochs=0", "`alexnet_epochs` must be an integer from 1 to"),
        ("paper-code:epochs=0", "`epochs` must be an integer of at least 1, but 0"),
        (
            "paper-code:epoch=1",
            r"`experiment` must set options that paper-code has \(shots, epochs",
        ),
        ("ladder:datasets=cifar", "`datasets` must be one of mnist"),
        ("ladder:classes=0-99", "`classes` must"),
        ("ladder:qubits=2", "6 classes need at least 3, but 2 was given"),
        ("placebos:teacher=vit", "`arch` must be one of lenet"),
        ("demo:preset=robus", "`preset` must be one of"),
    ],
)
def test_wrong_options(text, match):
    with pytest.raises(InputError, match=match):
        build(text)


# The studies


def line(experiment, name):
    return experiment.arm(f"digits-{name}")


def test_every_step_of_the_ladder_is_one_change():
    ladder = build(f"ladder{SMALL}")
    against = {c.arm: c.baseline for c in ladder.comparisons}
    steps = [arm for arm in ladder.arms if arm.teacher is None]
    steps = steps[: [arm.name for arm in steps].index("digits-robust") + 1]
    assert all(against[arm.name] == before.name for before, arm in pairwise(steps))
    changes = [changed(before.student, arm.student) for before, arm in pairwise(steps)]
    network = [{"readout"}, {"gradient"}, {"features"}, {"encoding"}]
    tuned = [{"batch_size"}, {"learning_rate"}, {"schedule"}, {"augmentation"}]
    assert [names - LOOKS for names in changes[:-1]] == [*network, *tuned]
    # The preset's name too, of what is by then the same student.
    assert changes[-1] - TEACHING - LOOKS == {"epochs", "preset"}


def test_the_ladder_ends_at_robust_and_goes_one_step_back():
    ladder, robust = build(f"ladder{SMALL}"), StudentConfig("digits", "0-1", 2, "robust")
    assert line(ladder, "robust").student == robust
    back = {
        c.arm.removeprefix("digits-robust-"): sorted(changed(robust, ladder.arm(c.arm).student))
        for c in ladder.comparisons
        if c.baseline == "digits-robust" and ladder.arm(c.arm).teacher is None
    }
    assert back == {
        "few-epochs": ["epochs"],
        "exact": ["shots"],
        "paper-head": ["readout"],
        "gradient": ["gradient"],
        "dropout": ["features"],
        "full-turn": ["encoding"],
    }
    paper, loss = StudentConfig("digits", "0-1", 2), line(ladder, "robust-paper-loss").student
    assert all(getattr(loss, n) == getattr(paper, n) for n in ("recipe", "temperature", "weight"))
    assert ladder.shows_mechanism


@pytest.mark.parametrize("name", ["ladder", "recipes", "placebos", "circuits"])
def test_a_taught_line_differs_from_its_student_alone_in_teaching_only(name):
    study = build(f"{name}{SMALL}")
    pairs = {c.arm: c for c in study.comparisons}
    places = [arm.name for arm in study.arms]
    for place, arm in enumerate(study.arms):
        pair = pairs.get(arm.name)
        assert pair is None or pair.baseline in places[:place]
        assert (arm.teacher is not None) == (pair is not None and pair.family == "taught")
        if arm.teacher is not None:
            alone = study.arm(pair.baseline)
            assert alone.teacher is None and changed(alone.student, arm.student) <= TEACHING


def test_recipes_have_their_authors_weights():
    study, own = build(f"recipes{SMALL}"), StudentConfig("digits", "0-1", 2, "robust").recipe
    for name, recipe in RECIPES.items():
        arm = line(study, name)
        assert arm.student.recipe == name
        if name != own:
            assert arm.student.weight == recipe.weight
            assert f"weight {recipe.weight:g}" in arm.label
            assert ("no labels" in arm.label) == (arm.student.label_weight == 0)


def test_what_runs_no_circuit_is_trained_without_shots():
    study = build(f"circuits{SMALL}")
    shots = {a.name.removeprefix("digits-"): a.student.shots for a in study.arms if not a.teacher}
    exact = {"closed-form": None, "classical": None}
    assert shots == exact | {"robust": 5000, "random": 5000, "entangled": 5000}


def test_studies_share_their_students():
    arms = [
        arm for name in ("ladder", "recipes", "placebos", "circuits") for arm in build(name).arms
    ]
    # 16 lines alone and 3 taught; 5, 3 and 4 + 4 more, as robust and robust taught are the same.
    assert len({jobs_of(arm, [0])[0].name for arm in arms}) == 2 * (16 + 3 + 5 + 3 + 4 + 4)


def test_selecting_brings_what_a_taught_line_is_compared_with():
    names = lambda text, *globs: [a.name for a in build(text).select(globs).arms]  # noqa: E731
    assert names(f"placebos{SMALL}", "*-shuffled") == ["digits-alone", "digits-shuffled"]
    assert names(f"ladder{SMALL}", "*ts-head") == ["digits-head"]
    # A row brings its student alone, with its own head too.
    assert names("paper-code", "fashion_mnist-0-5-3q-lenet") == [
        "fashion_mnist-0-5-3q-alone",
        "fashion_mnist-0-5-3q-lenet",
        "fashion_mnist-0-5-3q-alexnet-matched",
    ]
    with pytest.raises(InputError, match="`arms` must match arms of experiment placebos-.* 'x\\*'"):
        build(f"placebos{SMALL}").select(("x*",))
    assert np.isclose(build("paper-code").select(("mnist-*",)).contrasts[0].published, 0.8)


# The second version, and who teaches whom


@pytest.mark.parametrize(("shared", "angles"), [("true", 3), ("false", 12)])
def test_students_of_the_second_version_have_the_published_sizes(shared, angles):
    """784 * 2**Q + 2**Q weights before the circuit, Q * 10 + 10 behind it."""
    experiment = build(f"v2:shared={shared}")
    published = [arm for arm in experiment.arms if arm.published is not None]
    assert len(published) == 28 and len(experiment.arms) == 56
    assert {arm.teacher is None for arm in published} == {True}
    for qubits, before in ((4, 12_560), (8, 200_960)):
        spec = experiment.arm(f"mnist-{qubits}q-original-alone").student.spec
        sizes = nnx.eval_shape(lambda spec=spec: spec.build(rngs=nnx.Rngs(0)))
        own = angles if shared == "true" else 3 * qubits
        assert count_parameters(sizes) == before + own + qubits * 10 + 10
    pooled = experiment.arm("mnist-8q-average-pooling-alone")
    assert pooled.published == 52.3 and "19.2 %" in pooled.note


def test_everybody_teaches_everybody():
    experiment = build("directions")
    taught = {(c.arm, c.baseline) for c in experiment.comparisons}
    assert len(taught) == 20 and ("6q-10q", "6q-alone") in taught
    arch = {arm.teacher.arch for arm in experiment.arms if arm.teacher}
    assert arch == {"lenet", "mlp", "pure", "pure:qubits=10"}
    assert all(arm.student.shots is None for arm in experiment.arms if arm.student)
    assert len(experiment.contrasts) == 10


def test_every_rule_gives_out_shots_to_both():
    experiment = build("shots")
    students = {arm.name: arm.student for arm in experiment.arms}
    assert len(students) == 28 and len(experiment.comparisons) == 14
    assert students["mnist-500-taught"].shots == 500 and students["mnist-500-alone"].shots == 500
    assert students["mnist-gcans-1-alone"].allocation == "gcans:share=0.01"
    assert {student.evaluate_every for student in students.values()} == {1}
    # A ratio for each rule, and for each but the first one against it.
    assert len(experiment.paces) == 2 * (7 + 6)
    assert all(one.goal == one.baseline for one in experiment.paces)


def test_students_learn_and_are_looked_at_on_four_kinds_of_machine():
    experiment = build("noise")
    machines = {arm.name: (arm.student.noise, arm.student.test_noise) for arm in experiment.arms}
    noise = "depolarising:probability=0.1,readout:up=0.1,down=0.1"
    assert len(machines) == 2 * 2 * (1 + 3 * 6)
    assert machines["robust-ideal-ideal-alone"] == (None, None)
    assert machines["robust-0.1-ideal-noisy-taught"] == (None, noise)
    assert machines["robust-0.1-noisy-noisy-taught"] == (noise, None)
    assert machines["robust-0.1-noisy-ideal-alone"] == (noise, "ideal")
    families = Counter(one.family for one in experiment.comparisons)
    assert families == {"taught": 14, "": 24, "learning": 12, "instead": 12}
    for contrast in experiment.contrasts:
        weights = [weight for weight, _, _ in contrast.terms]
        assert len(weights) == 7 and np.isclose(sum(weights), 0)
        # The slope of a gain that grows by a point a step is a point a step.
        assert np.isclose(np.dot(weights, np.arange(7)), 1)


def test_ever_more_angles_beside_their_twins():
    experiment = build("angles")
    students = {arm.name: arm.student for arm in experiment.arms}
    weights = [students[f"{n}l-alone"].spec.circuit.num_weights for n in (1, 2, 4, 8, 16, 32)]
    assert weights == [24, 48, 96, 192, 384, 768] and len(students) == 16
    assert {student.num_images for student in students.values()} == {50_000}
    assert students["squared-map-taught"].stand_in == "squared-map"
