"""Wrong calls of configurations, losses, placebos, diagnoses and pictures of a run."""

from __future__ import annotations

import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd.data import Splits, Subset
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.diagnostics import (
    agreement,
    calibration,
    gradient_sizes,
    readout_range,
    saturation,
)
from jqkd.training.feature_losses import (
    hint_regressor,
    hints,
    relational_angle,
    relational_distance,
)
from jqkd.training.figures import curves_figure, demo_figure
from jqkd.training.losses import cross_entropy, distillation
from jqkd.training.placebos import PLACEBOS
from jqkd.training.recipes import RECIPES, decoupled, standardised
from jqkd.training.students import train_students
from tests.edges.wrong import check_refused

NAN, INF = float("nan"), float("inf")
STUDENT = {"dataset": "digits", "classes": "0-3", "qubits": 3}
TEACHER = {"arch": "lenet", "dataset": "digits", "classes": "0-3"}

# --- configurations ---------------------------------------------------------------------------

NO_INTEGERS = ["3", 1.5, 3.0, True, NAN, [3], (3,), 0, -1, -(10**20)]
NO_NUMBERS = ["fast", "0.1", True, NAN, INF, -INF, [0.1], 1j, -1.0, 1e300]
INTEGERS = ["qubits", "shots", "epochs", "batch_size", "per_class", "evaluate_every"]
NUMBERS = ["learning_rate", "temperature", "weight", "label_weight"]
TOO_MANY = {
    "qubits": (
        10**12,
        "`qubits` must be at most 10: a student has one class per outcome, .*bytes of memory",
    ),
    "shots": (2**24 + 1, r"`shots` must be at most 16777216"),
    "epochs": (10**9, "`epochs` must be at most 1000000, but 10{9}"),
    "batch_size": (10**9, "`batch_size` must be at most 65536, but 10{9}"),
    "per_class": (10**12, "`per_class` must be at most 65536"),
    "evaluate_every": (10**400, "`evaluate_every` must be at most 1000000"),
}


@pytest.mark.parametrize("field", INTEGERS)
@pytest.mark.parametrize("value", NO_INTEGERS, ids=repr)
def test_a_students_integers(field, value):
    pattern = f"`{field}` must be an integer of at least 1, but {re.escape(repr(value))}"
    check_refused(lambda: StudentConfig(**(STUDENT | {field: value})), pattern)


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_a_students_numbers(field, value):
    pattern = f"`{field}` must be a finite number .*but {re.escape(repr(value))}"
    check_refused(lambda: StudentConfig(**(STUDENT | {field: value})), pattern)


ONE_TOO_MANY = {
    "qubits": (11, "at most 10"),
    "epochs": (10**6 + 1, "at most 1000000, but 1000001"),
    "batch_size": (2**16 + 1, "at most 65536, but 65537"),
    "per_class": (2**16 + 1, "at most 65536, but 65537"),
}


@pytest.mark.parametrize(
    ("field", "value", "pattern"),
    [(name, *case) for table in (TOO_MANY, ONE_TOO_MANY) for name, case in table.items()],
)
def test_a_student_of_too_many(field, value, pattern):
    check_refused(lambda: StudentConfig(**(STUDENT | {field: value})), pattern)


@pytest.mark.parametrize("field", ["epochs", "batch_size", "learning_rate", "seed"])
@pytest.mark.parametrize("value", [None, "3", True, NAN, [3], -1, 1e300], ids=repr)
def test_a_teachers_numbers(field, value):
    pattern = f"`{field}` must be an? (finite|integer).*but {re.escape(repr(value))}"
    check_refused(lambda: TeacherConfig(**(TEACHER | {field: value})), pattern)


NAMES = ["dataset", "classes", "preset", "readout", "term", "selection", "recipe", "schedule"]


@pytest.mark.parametrize("field", [*NAMES, "augmentation", "placebo"])
@pytest.mark.parametrize("value", [3, ["none"], {"a": 1}, b"none", "", "x" * 10**5], ids=type)
def test_a_students_names(field, value):
    pattern = f"`{field}` must (be|have) "
    check_refused(lambda: StudentConfig(**(STUDENT | {field: value})), pattern)


def student(**changes):
    return lambda: StudentConfig(**(STUDENT | changes))


def teacher(**changes):
    return lambda: TeacherConfig(**(TEACHER | changes))


CONFIGURATIONS = {
    "qubits None": (student(qubits=None), "`qubits` must be an integer .* but None"),
    "qubits an array": (student(qubits=np.array([3])), "`qubits` must be an integer"),
    "too few qubits": (student(qubits=1), "4 classes need at least 2, but 1"),
    "classes a tuple": (student(classes=(0, 1, 2)), r"`classes` must be a text .*\(0, 1, 2\)"),
    "classes open": (student(classes="0-"), "`classes` must be class numbers .* but '0-'"),
    "classes reversed": (student(classes="5-0"), "`classes` must be ranges .*write 0-5"),
    "classes repeated": (student(classes="0,0"), "`classes` must name each class once"),
    "classes beyond": (student(classes="0-10"), "`classes` must stay within 0-9"),
    "cold": (student(temperature=1e-30), "`temperature` must be .*0.001 or more.* but 1e-30"),
    "hot": (student(temperature=1e30), r"`temperature` must be .*at most 1000, but 1e\+30"),
    "huge integer": (student(temperature=10**300), "`temperature` must be a finite number"),
    "light": (student(weight=1e-40), "`weight` must be .*1e-30 or more.* but 1e-40"),
    "slow": (student(learning_rate=1e-300), "`learning_rate` must be .*1e-30 or more.* 1e-300"),
    "shots exact as text": (student(shots="exact"), "`shots` must be an integer .* but 'exact'"),
    "relational": (
        student(preset="robust", recipe="relational", batch_size=2048),
        "`batch_size` must be at most 512 where the recipe is relational",
    ),
    "arch None": (teacher(arch=None), "`arch` must be one of lenet"),
    "arch misspelt": (teacher(arch="alexnett"), "perhaps 'alexnet' is meant"),
    "seed beyond a key": (teacher(seed=2**32), "`seed` must .*4294967295, but 4294967296"),
    "seed a fraction": (teacher(seed=0.5), "`seed` must be an integer"),
    "teacher's batch": (teacher(batch_size=10**9), "`batch_size` must be at most 65536"),
    "teacher's classes": (teacher(classes=["0", "1"]), "`classes` must be a text"),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_wrong_configurations(name):
    check_refused(*CONFIGURATIONS[name])


def test_numbers_of_numpy_are_numbers():
    whole = {"qubits": 3, "shots": 100, "epochs": 2, "batch_size": 4, "per_class": 5}
    real = {"learning_rate": 0.5, "temperature": 2.0, "weight": 0.25, "label_weight": 1.5}
    plain = StudentConfig(**(STUDENT | whole | real), evaluate_every=2)
    for kinds in ((np.int64, np.float64), (np.uint8, np.float32)):
        given = {k: kinds[0](v) for k, v in whole.items()}
        given |= {k: kinds[1](v) for k, v in real.items()}
        other = StudentConfig(**(STUDENT | given), evaluate_every=kinds[0](2))
        assert other == plain and other.digest() == plain.digest()
        assert json.dumps(other.to_json()) == json.dumps(plain.to_json())
        assert {type(value) for value in vars(other).values()} <= {int, float, str, type(None)}
    text = StudentConfig(*map(np.str_, ("digits", "0-3")), np.int64(3))
    assert text.digest() == StudentConfig(**STUDENT).digest()
    taught = TeacherConfig(**TEACHER, epochs=np.int16(10), learning_rate=np.float64(1e-3))
    assert taught.digest() == TeacherConfig(**TEACHER, seed=np.uint32(0)).digest()


def test_a_whole_number_is_the_same_configuration_as_a_fraction_of_its_value():
    assert student(weight=1)() == student(weight=1.0)()
    assert student(weight=1)().digest() == student(weight=1.0)().digest()


def test_the_largest_and_the_smallest_are_allowed():
    least = dict.fromkeys(INTEGERS, 1) | {"qubits": 2, "weight": 0, "temperature": 1e-3}
    most = {"qubits": 10, "shots": 2**24, "epochs": 10**6, "batch_size": 2**16}
    assert student(**least)().weight == 0
    assert student(**most, temperature=1e3)().evaluated_epochs[-1] == 10**6
    assert teacher(seed=2**32 - 1)().seed == 2**32 - 1


# --- losses -----------------------------------------------------------------------------------

S = np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32)
T = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
Y = np.array([0, 1, 2, 3, 0])
ONE_HOT = np.eye(4)[Y]
PRESENT = np.ones(5, bool)


def with_one(array, value):
    array = np.array(array, float)
    array.flat[3] = value
    return array


def on_logits(loss):
    labels = (Y,) if loss is decoupled else ()
    return lambda s=S, t=T, temperature=2.0, classes=4: loss(s, t, *labels, temperature, classes)


LOGIT_LOSSES = {loss.__name__: on_logits(loss) for loss in (distillation, decoupled, standardised)}
LOGIT_ERRORS = {
    "rows": ({"t": T[:4]}, r"`teacher` must have the rows of `student`, .*but shape \(4, 4\)"),
    "student narrower": ({"s": S[:, :3]}, "`teacher` must .* at most its 3 columns"),
    "one image": ({"s": S[0]}, "`teacher` must have the rows of `student`"),
    "a number": ({"t": 1.0}, r"`teacher` must have shape \(any, L\)|`teacher` must have shape"),
    "text": ({"s": "logits"}, "`student` must hold"),
    "None": ({"t": None}, "`teacher` must "),
    "no classes": ({"t": T[:, :0]}, r"`teacher` must have at least one class, but shape \(5, 0\)"),
    "NaN": ({"s": with_one(S, NAN)}, r"`student` must hold finite .* 1 that are not \(nan\)"),
    "infinity": ({"t": with_one(T, -INF)}, r"`teacher` must hold finite .*\(-inf\)"),
    "complex": ({"s": S + 1j}, "`student` must hold .* but dtype complex"),
    "T 0": ({"temperature": 0}, "`temperature` must be a finite number above 0, but 0"),
    "T negative": ({"temperature": -2.0}, "`temperature` must be .*above 0, but -2.0"),
    "T NaN": ({"temperature": NAN}, "`temperature` must .* but nan"),
    "T NaN of NumPy": ({"temperature": np.float32(NAN)}, "`temperature` must .* but nan"),
    "T of JAX": ({"temperature": jnp.float32(-1)}, "`temperature` must .* but -1.0"),
    "T infinite": ({"temperature": INF}, "`temperature` must .* but inf"),
    "T huge": ({"temperature": 1e30}, r"`temperature` must .*at most 1000, but 1e\+30"),
    "T tiny": ({"temperature": 1e-30}, "`temperature` must .*0.001 or more"),
    "T text": ({"temperature": "3"}, "`temperature` must .* but '3'"),
    "T a list": ({"temperature": [3.0]}, r"`temperature` must .* but \[3.0\]"),
    "T an array": ({"temperature": np.ones(5)}, r"`temperature` must .*array of shape \(5,\)"),
    "too many classes": ({"classes": 5}, "`classes` must be an integer from 1 to 4, but 5"),
    "no class": ({"classes": 0}, "`classes` must be .* but 0"),
    "classes a fraction": ({"classes": 4.0}, "`classes` must be an integer .* but 4.0"),
    "classes text": ({"classes": "0-3"}, "`classes` must be an integer .* but '0-3'"),
    "classes a list": ({"classes": [0, 1]}, r"`classes` must be .* but \[0, 1\]"),
}


@pytest.mark.parametrize("loss", LOGIT_LOSSES)
@pytest.mark.parametrize("name", LOGIT_ERRORS)
def test_wrong_arguments_of_losses_on_logits(loss, name):
    change, pattern = LOGIT_ERRORS[name]
    check_refused(lambda: LOGIT_LOSSES[loss](**change), pattern)


KEY = jax.random.key(0)
LOSSES = {
    "targets' rows": (lambda: cross_entropy(S, ONE_HOT[:4]), r"`targets` must have the rows of"),
    "targets wider": (lambda: cross_entropy(T, np.eye(8)[Y]), "`targets` .*at most its 4 columns"),
    "labels for targets": (lambda: cross_entropy(S, Y), "`targets` must have the rows of `logits`"),
    "targets NaN": (lambda: cross_entropy(S, with_one(ONE_HOT, NAN)), "`targets` must hold finite"),
    "logits None": (lambda: cross_entropy(None, ONE_HOT), "`logits` must "),
    "labels beyond": (
        lambda: decoupled(S, T, Y + 1, 2.0, 4),
        "`labels` must lie within 0-3, the classes, but 4",
    ),
    "labels below": (lambda: decoupled(S, T, Y - 1, 2.0, 4), "`labels` must lie .* but -1"),
    "labels no class": (lambda: decoupled(S, T, Y, 2.0, 3), "`labels` must lie within 0-2"),
    "labels one-hot": (lambda: decoupled(S, T, ONE_HOT, 2.0, 4), "`labels` must hold integers"),
    "labels short": (lambda: decoupled(S, T, Y[:2], 2.0, 4), r"`labels` must have shape \(5,\)"),
    "weight text": (
        lambda: decoupled(S, T, Y, 2.0, 4, target_weight="1"),
        "`target_weight` must hold",
    ),
    "weight NaN": (
        lambda: decoupled(S, T, Y, 2.0, 4, rest_weight=NAN),
        "`rest_weight` must hold finite",
    ),
    "hints' sizes": (
        lambda: hints(S, T),
        r"`teacher_features` must have shape \(5, 8\), but shape \(5, 4\)",
    ),
    "hints NaN": (lambda: hints(with_one(S, NAN), S), "`student_features` must hold finite"),
    "hints of nothing": (lambda: hints(S[:, :0], S[:, :0]), "`student_features` must have at lea"),
    "hints text": (lambda: hints("a", "a"), "`student_features` must hold"),
    "regressor 0": (lambda: hint_regressor(0, 4, key=KEY), "`student_size` must be an integer"),
    "regressor text": (lambda: hint_regressor(4, "4", key=KEY), "`teacher_size` must be an int"),
    "regressor huge": (
        lambda: hint_regressor(10**12, 10, key=KEY),
        "`student_size` must times `teacher_size` be at most 16777216, but 10{12} x 10",
    ),
    "regressor's key": (lambda: hint_regressor(4, 4, key=0), "`key` must be one random key, but 0"),
    "regressor's keys": (
        lambda: hint_regressor(4, 4, key=jax.random.split(KEY)),
        r"`key` must be one random key, but an array of keys of shape \(2,\)",
    ),
} | {
    f"{loss.__name__} {name}": (lambda loss=loss, args=args: loss(*args), pattern)
    for loss in (relational_distance, relational_angle)
    for name, (args, pattern) in {
        "rows": ((S[:4], T, PRESENT), r"`student_features` must have shape \(5, F\)"),
        "present of floats": ((S, T, PRESENT * 1.0), "`present` must hold booleans"),
        "present short": ((S, T, PRESENT[:3]), r"`student_features` must have shape \(3, F\)"),
        "present a number": ((S, T, True), r"`present` must have shape \(B,\), but shape \(\)"),
        "NaN in a row": ((S, with_one(T, NAN), PRESENT), "`teacher_features` must hold finite"),
        "no matrix": ((S[0], T, PRESENT), "`student_features` must have shape"),
        "too many rows": (
            (*np.zeros((2, 1000, 2)), np.ones(1000, bool)),
            "`present` must have at most 512 rows, .*choose a smaller batch size",
        ),
    }.items()
}


@pytest.mark.parametrize("name", LOSSES)
def test_wrong_arguments_of_other_losses(name):
    check_refused(*LOSSES[name])


@pytest.mark.parametrize("loss", LOGIT_LOSSES)
def test_losses_take_lists_integers_and_numbers_of_any_kind(loss):
    call = LOGIT_LOSSES[loss]
    wanted = call(S, T, 2.0, 4)
    assert wanted.shape == (5,)
    for change in (
        {"s": S.tolist(), "t": T.tolist()},
        {"s": jnp.asarray(S), "classes": np.int64(4)},
        {"temperature": jnp.float32(2), "classes": jnp.int32(4)},
    ):
        np.testing.assert_allclose(call(**change), wanted, rtol=1e-6)
    whole = call(np.round(9 * S).astype(int), np.round(9 * T).astype(int))
    np.testing.assert_allclose(whole, call(np.round(9 * S), np.round(9 * T)), rtol=1e-6)


def test_under_a_trace_only_shapes_are_looked_at():
    traced = jax.jit(lambda t, c: distillation(S, T, t, c))
    np.testing.assert_allclose(traced(2.0, 4), distillation(S, T, 2.0, 4), rtol=1e-6)
    assert not np.isfinite(traced(0.0, 4)).any()
    check_refused(lambda: jax.jit(distillation)(S, T[:4], 2.0, 4), "`teacher` must have the rows")


# --- teachers that know nothing ---------------------------------------------------------------

MEAN = np.ones((5, 4)) / 4
CONTROL_ERRORS = {
    "targets short": ((T, ONE_HOT[:4]), r"`targets` must have shape \(5, C\)"),
    "labels": ((T, Y), r"`targets` must have shape \(5, C\), but shape \(5,\)"),
    "logits of one image": ((T[0], ONE_HOT[0]), r"`logits` must have shape .*but shape \(4,\)"),
    "NaN": ((with_one(T, NAN), ONE_HOT), "`logits` must hold finite"),
    "infinity": ((with_one(T, INF), ONE_HOT), "`logits` must hold finite"),
    "targets NaN": ((T, with_one(MEAN, NAN)), "`targets` must hold finite"),
    "no shares": ((T, 3 * ONE_HOT), "`targets` must be shares of 0 or more that sum to 1"),
    "negative shares": ((T, 2 * ONE_HOT - MEAN), "`targets` must be shares of 0 or more"),
    "nothing": ((T[:0], ONE_HOT[:0]), "`logits` must hold at least one answer"),
    "None": ((None, ONE_HOT), "`logits` must "),
    "text": (("a", "b"), "`logits` must "),
}


@pytest.mark.parametrize("placebo", PLACEBOS)
@pytest.mark.parametrize("name", CONTROL_ERRORS)
def test_wrong_arguments_of_placebos(placebo, name):
    args, pattern = CONTROL_ERRORS[name]
    check_refused(lambda: PLACEBOS.build(placebo).logits(*args), pattern)


def test_one_image_cannot_get_anothers_answer():
    check_refused(
        lambda: PLACEBOS.build("shuffled").logits(T[:1], MEAN[:1]),
        "`logits` must answer at least 2",
    )


def test_smoothed_labels_are_as_many_as_the_logits():
    check_refused(
        lambda: PLACEBOS.build("smoothed").logits(S, MEAN), r"`targets` must have shape \(5, 8\)"
    )


@pytest.mark.parametrize("placebo", PLACEBOS)
def test_placebos_take_lists(placebo):
    found = PLACEBOS.build(placebo).logits(T.astype(float).tolist(), ONE_HOT.tolist())
    np.testing.assert_allclose(found, PLACEBOS.build(placebo).logits(T.astype(float), ONE_HOT))


# --- diagnoses --------------------------------------------------------------------------------

V, R = np.ones((2, 3, 4)), np.ones(2)
DIAGNOSES = {
    "vectors of two axes": (lambda: gradient_sizes(V[0], R), r"`vectors` must have shape \(R, T"),
    "vectors of text": (lambda: gradient_sizes("a", R), "`vectors` must hold"),
    "weights short": (lambda: gradient_sizes(V, R[:1]), r"`label_weights` must have shape \(2,\)"),
    "weights NaN": (lambda: gradient_sizes(V, R * NAN), "`label_weights` must hold finite"),
    "angles of other rows": (lambda: saturation(V, V[:1]), r"`angles` must have shape \(2, 3, P"),
    "slopes None": (lambda: saturation(None, V), "`slopes` must "),
    "no slopes": (lambda: saturation(V[..., :0], V), "`slopes` must hold at least one number"),
    "no angles": (lambda: saturation(V, V[..., :0]), "`angles` must hold at least one number"),
    "teacher of other images": (lambda: agreement(S, T[:4]), r"`student` must .*4, L\), but"),
    "teacher knows more": (lambda: agreement(T, S), r"`teacher` must .*shape \(5, 8\) beside"),
    "agreement of NaN": (lambda: agreement(with_one(S, NAN), T), "`student` must hold finite"),
    "no images": (lambda: agreement(S[:0], T[:0]), "`teacher` must hold at least one image"),
    "labels of other images": (lambda: calibration(S, Y[:4]), r"`labels` must have shape \(5,\)"),
    "labels of floats": (lambda: calibration(S, Y / 1), "`labels` must hold integers"),
    "labels beyond": (lambda: calibration(T, Y + 2), "`labels` must lie within 0-3, .* 2 to 5"),
    "calibration of NaN": (lambda: calibration(S * NAN, Y), "`logits` must hold finite"),
    "calibration of nothing": (lambda: calibration(S[:0], Y[:0]), "`logits` must hold at least"),
    "a head's name": (lambda: readout_range("softmax"), "`config` must be a StudentConfig"),
}


@pytest.mark.parametrize("name", DIAGNOSES)
def test_wrong_arguments_of_diagnoses(name):
    check_refused(*DIAGNOSES[name])


def test_diagnoses_take_lists():
    assert calibration(S.tolist(), Y.tolist())["error"] == calibration(S, Y)["error"]
    assert agreement(S.tolist(), T.tolist()) == agreement(S, T)
    found = gradient_sizes(V.tolist(), R.tolist())
    np.testing.assert_allclose(found["norm"], 2)


# --- students and their pictures --------------------------------------------------------------

IMAGES = np.random.default_rng(0).random((24, 28, 28), np.float32)
TEST = Subset(IMAGES, np.arange(24) % 4, np.arange(24), "test")
SPLITS = Splits(TEST, TEST, TEST)
CURVES = {"validation_loss": [[1.0, 0.5]], "test_accuracy": [[0.5, 0.9]]}
RESULT = {
    "student": {"epochs": 2, "qubits": 3},
    "seeds": [0],
    "arms": {"alone": {"curves": CURVES}},
}
FEW = Subset(IMAGES[:8], np.arange(8) % 4, np.arange(8), "test")
UNEVEN = Subset(IMAGES, np.arange(24) // 7, np.arange(24), "test")
ENDING = "`path` must end in one of .*.pdf, .*.png, "
RUNS = {
    "a dictionary": (
        lambda: train_students(STUDENT, SPLITS, [0]),
        "`config` must be a StudentConfig, but {'dataset'",
    ),
    "images alone": (
        lambda: train_students(StudentConfig(**STUDENT), IMAGES, [0]),
        r"`splits` must be Splits.*but an array of shape \(24, 28, 28\)",
    ),
    "labels of other classes": (
        lambda: train_students(StudentConfig("digits", "0-1", 2), SPLITS, [0]),
        "`labels` must be at most 1, but 3",
    ),
    "no ending": (lambda: curves_figure(RESULT, "curves"), ENDING + ".*but 'curves'"),
    "unknown ending": (lambda: curves_figure(RESULT, "curves.xyz"), ENDING + ".*but 'curves.xyz'"),
    "a hidden file": (lambda: curves_figure(RESULT, ".png"), ENDING),
    "no path": (lambda: curves_figure(RESULT, None), "`path` must be a path, but None"),
    "no result": (lambda: curves_figure(None, "a.png"), "`result` must be the result of"),
    "half a result": (
        lambda: curves_figure({"arms": {}}, "a.png"),
        "`result` must be the result of .*one without seeds, student",
    ),
    "predictions short": (
        lambda: demo_figure(RESULT, TEST, np.zeros(3, int), "a.png"),
        r"`predicted` must have shape \(24,\), but shape \(3,\)",
    ),
    "predictions of floats": (
        lambda: demo_figure(RESULT, TEST, np.zeros(24), "a.png"),
        "`predicted` must hold integers",
    ),
    "few images": (
        lambda: demo_figure(RESULT, FEW, np.zeros(8, int), "a.png"),
        r"`test` must hold as many images .*24 places.*\[2, 2, 2, 2\]",
    ),
    "uneven images": (
        lambda: demo_figure(RESULT, UNEVEN, np.zeros(24, int), "a.png"),
        r"`test` must hold as many images of every class.*\[7, 7, 7, 3\]",
    ),
    "images for a subset": (
        lambda: demo_figure(RESULT, IMAGES, np.zeros(24, int), "a.png"),
        "`test` must be a Subset",
    ),
    "demo's ending": (lambda: demo_figure(RESULT, TEST, np.zeros(24, int), "a.b"), ENDING),
}


@pytest.mark.parametrize("name", RUNS)
def test_wrong_runs_and_pictures(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_refused(*RUNS[name])
    assert not list(tmp_path.iterdir())


def test_pictures_take_texts_for_paths_and_endings_in_capitals(tmp_path):
    curves_figure(RESULT, str(tmp_path / "curves.PNG"))
    assert [path.name for path in tmp_path.iterdir()] == ["curves.PNG"]


def test_every_recipe_has_a_name_that_a_student_takes():
    for name in RECIPES:
        batch = {"preset": "robust", "batch_size": 16}
        assert StudentConfig(**STUDENT, recipe=name, **batch).recipe == name
