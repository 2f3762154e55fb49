"""Bad configurations, one sentence each; digests."""

import dataclasses
from functools import partial

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.data import load, student_splits
from jqkd.models import PRESETS
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.recipes import RECIPES
from jqkd.training.runs import Run
from jqkd.training.student_run import StudentJob
from jqkd.training.students import Block, train_students

GOOD = {"dataset": "mnist", "classes": "0-5", "qubits": 3}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"dataset": "cifar"}, "`dataset` must be one of mnist, fashion_mnist, digits"),
        ({"classes": "5-0"}, "`classes` must be ranges from low to high.*write 0-5"),
        ({"classes": "0-99"}, "`classes` must stay within 0-9"),
        ({"classes": "0-7", "qubits": 2}, "8 classes need at least 3, but 2 was given"),
        ({"qubits": 0}, "`qubits` must be an integer of at least 1"),
        ({"shots": 0}, "`shots` must be an integer of at least 1.*exact"),
        ({"shots": -1}, "`shots` must be an integer of at least 1"),
        ({"temperature": 0}, "`temperature` must be a finite number above 0"),
        ({"weight": -0.1}, "`weight` must be a finite number of 0 or more"),
        ({"learning_rate": float("nan")}, "`learning_rate` must be a finite number above 0"),
        ({"preset": "mine"}, "`preset` must be one of paper-code, paper-text, robust"),
        ({"readout": "linear"}, "`readout` must be one of concat-sigmoid, softmax"),
        (
            {"readout": "softmax:scale=1"},
            "`readout` must set options that softmax has .it has none",
        ),
        ({"features": "conv:dropout_rate=2"}, "`dropout_rate` must be a probability below 1"),
        ({"encoding": "angle:turn=0"}, "`turn` must be a finite number above 0, but 0.0 was given"),
        ({"ansatz": "entangling:layers=two"}, "`ansatz` must have an integer as its option layers"),
        ({"ansatz": 3}, "`ansatz` must be one of none, paper.*but 3 was given"),
        ({"gradient": "three-term"}, "`gradient` must be one of two-term, notebook"),
        ({"stand_in": "classical"}, "`shots` must be exact .None. where classical takes the"),
        (
            {"stand_in": "closed-form", "shots": None, "ansatz": "entangling"},
            "`stand_in` must be left out where the circuit is not H and RY alone",
        ),
        (
            {"stand_in": "classical", "shots": None, "encoding": "amplitude"},
            "`stand_in` must be left out where the circuit does not read one number a qubit",
        ),
        ({"epochs": 0}, "`epochs` must be an integer of at least 1"),
        ({"recipe": "magic"}, "`recipe` must be one of hinton, decoupled"),
        ({"schedule": "warm"}, "`schedule` must be one of constant, cosine"),
        ({"augmentation": "flip"}, "`augmentation` must be one of none, shift"),
        ({"placebo": "noise"}, "`placebo` must be one of none, shuffled"),
        ({"label_weight": -1}, "`label_weight` must be a finite number of 0 or more"),
        ({"preset": "paper-text", "recipe": "hints"}, "features dense have no hidden layer"),
        ({"selection": "last"}, "`selection` must be one of first, random"),
        ({"recipe": "hints", "temperature": 5.0}, "`temperature` must not be given where the rec"),
        ({"recipe": "relational", "term": "kl * 0"}, "`term` must not be given where the recipe"),
        ({"recipe": "decoupled", "term": "constant"}, "which does not read it"),
    ],
)
def test_a_bad_student_is_one_sentence(change, sentence):
    with pytest.raises(InputError, match=sentence):
        StudentConfig(**(GOOD | change))


def test_a_bad_teacher_is_one_sentence():
    with pytest.raises(InputError, match="`arch` must be one of lenet, alexnet"):
        TeacherConfig("swin", "mnist", "0-5")
    with pytest.raises(InputError, match="`batch_size` must be an integer of at least 1"):
        TeacherConfig("lenet", "mnist", "0-5", batch_size=0)


@pytest.mark.parametrize(
    ("seeds", "sentence"),
    [
        ((), r"`seeds` must be at least one seed, none twice, but \(\) "),
        ((1, 1), r"`seeds` must be at least one seed, none twice, but \(1, 1\) "),
        ((-1,), r"`seeds\[0\]` must be an integer from 0 to 4294967295, but -1 "),
        ((0, 2**32), r"`seeds\[1\]` must be an integer from 0 to 4294967295, but 4294967296 "),
        ((0, 1.0), r"`seeds\[1\]` must be an integer from 0 to 4294967295, but 1\.0 "),
        (3, r"`seeds` must be a sequence of integers, but 3 "),
        ("01", r"`seeds` must be a sequence of integers, but '01' "),
    ],
)
def test_a_job_needs_different_seeds_that_a_key_can_tell_apart(seeds, sentence):
    """Seed 2**32 would be seed 0, bit for bit."""
    config = StudentConfig(**(GOOD | {"dataset": "digits", "classes": "0-1"}))
    with pytest.raises(InputError, match=sentence):
        StudentJob(config, None, seeds)
    with pytest.raises(InputError, match=sentence):
        train_students(config, student_splits(load("digits"), (0, 1), per_class=2), seeds)


def test_a_seed_has_32_bits_and_a_block_no_run_twice():
    splits = student_splits(load("digits"), (0, 1), per_class=2)
    config = StudentConfig("digits", "0-1", 2)
    for make in (partial(Run, arm="alone"), partial(TeacherConfig, "lenet", "mnist", "0-5")):
        assert make(seed=2**32 - 1).seed == 2**32 - 1
        for seed in (2**32, -1, True, "0"):
            with pytest.raises(InputError, match="`seed` must be an integer from 0 to 4294967295"):
                make(seed=seed)
    assert type(Run(np.int64(3), "alone").seed) is int
    with pytest.raises(InputError, match="`arm` must be one of alone, distilled, but 'Alone'"):
        Run(0, "Alone")
    with pytest.raises(InputError, match="`runs` must name no run twice"):
        Block(config, splits, [Run(0, "alone"), Run(np.int32(0), "alone")])


def test_a_job_refuses_a_teacher_of_other_classes():
    with pytest.raises(InputError, match=r"know the student's classes, mnist 0-5"):
        StudentJob(StudentConfig(**GOOD), TeacherConfig("lenet", "mnist", "0-7"), (0,))


def test_every_field_but_the_presets_name_changes_the_digest():
    base = StudentConfig(**GOOD)
    changes = {
        "dataset": "fashion_mnist", "classes": "0-4", "qubits": 4, "shots": None,
        "features": "conv:dropout_rate=0.25", "encoding": "angle:turn=0.5",
        "ansatz": "entangling", "readout": "softmax", "gradient": "two-term",
        "epochs": 3, "batch_size": 2, "learning_rate": 0.1, "temperature": 2.0,
        "weight": 0.1, "term": "constant", "per_class": 5, "selection": "random",
        "recipe": "decoupled", "label_weight": 0.5, "schedule": "cosine", "augmentation": "shift",
        "placebo": "shuffled", "evaluate_every": 2, "noise": "readout:0.1",
        "test_noise": "readout:0.2", "allocation": "ramp", "shot_budget": 10**9,
    }  # fmt: skip
    exact = dataclasses.replace(base, shots=None)
    others = [dataclasses.replace(exact, stand_in="closed-form"), exact]
    assert {*changes, "preset", "stand_in"} == {field.name for field in dataclasses.fields(base)}
    others += [dataclasses.replace(base, **{name: value}) for name, value in changes.items()]
    digests = {config.digest() for config in [base, *others]}
    # Exact is there twice.
    assert len(digests) == len(others)


def test_one_student_has_one_digest_whichever_preset_it_is_made_from():
    robust = StudentConfig(**GOOD, preset="robust")
    same = dataclasses.replace(robust, preset="paper-code")
    assert same.preset == "paper-code" and same.digest() == robust.digest()
    assert StudentConfig(**GOOD, preset="robust", per_class=150).digest() == robust.digest()
    assert StudentConfig(**GOOD, preset="robust", features="conv:dropout-rate=0") == robust
    assert StudentConfig(**GOOD, recipe="hinton").digest() == StudentConfig(**GOOD).digest()


def test_without_a_teacher_only_what_is_read_counts():
    plain = StudentConfig(**GOOD, preset="robust")
    taught = dataclasses.replace(plain, recipe="decoupled:rest_weight=2", placebo="constant")
    assert taught != plain and taught.alone() == plain
    assert dataclasses.replace(plain, weight=3.0, term="constant", epochs=2).alone().epochs == 2


def test_a_preset_and_a_recipe_bring_their_own_settings():
    robust = StudentConfig(**GOOD, preset="robust")
    own = {**PRESETS["robust"].parts, **PRESETS["robust"].training}
    assert {name: getattr(robust, name) for name in own} == own
    other = StudentConfig(**GOOD, preset="robust", recipe="function-matching", epochs=3)
    chosen = RECIPES["function-matching"]
    assert (other.weight, other.temperature) == (chosen.weight, chosen.temperature)
    assert (other.label_weight, other.epochs) == (0.0, 3)
    mine = StudentConfig(**GOOD, preset="robust", recipe="function-matching", weight=7.0)
    assert mine.weight == 7.0


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_configuration_that_is_read_back_is_the_same(recipe):
    """With all its fields given: those without an effect have the values they had."""
    config = StudentConfig(**GOOD, preset="robust", recipe=recipe)
    assert StudentConfig(**dataclasses.asdict(config)) == config
