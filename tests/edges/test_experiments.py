"""Wrong calls of rows, plans, studies and statistics; unusual ones that are right."""

from __future__ import annotations

import re

import numpy as np
import pytest

from jqkd.experiments import statistics as st
from jqkd.experiments import text
from jqkd.experiments.plan import (
    alone_arm,
    answer_unit,
    answers_of,
    arms_of,
    distilled_arm,
    make_arm,
    matched_arm,
    plan_units,
    student_units,
    teacher_unit,
    teachers_of,
)
from jqkd.experiments.presets import (
    Settings,
    TeacherPlan,
    alone_config,
    distilled_config,
    teacher_of,
)
from jqkd.experiments.readme import markers, with_share, write_text
from jqkd.experiments.results import gain_of
from jqkd.experiments.rows import Row, alone_of, select
from jqkd.experiments.studies import STUDIES
from jqkd.experiments.study import (
    DATA,
    Data,
    Study,
    Variant,
    chosen_data,
    images_seen,
    units_of,
)
from jqkd.experiments.study import arms_of as arms_of_studies
from jqkd.experiments.study import teachers_of as teachers_of_arms
from jqkd.training.config import StudentConfig, TeacherConfig
from tests.edges.wrong import check_refused

NAN, INF = float("nan"), float("inf")

# --- statistics -------------------------------------------------------------------------------

OF_RUNS = {
    "spread": (st.spread, "values"),
    "mean_interval": (st.mean_interval, "differences"),
    "sign_flip": (st.sign_flip, "differences"),
    "next_run": (st.next_run, "values"),
    "next_gain alone": (lambda x: st.next_gain(x, [1.0, 2.0]), "alone"),
    "next_gain distilled": (lambda x: st.next_gain([1.0, 2.0], x), "distilled"),
    "collapsed": (lambda x: st.collapsed(x, 6), "accuracies"),
    "holm": (st.holm, "p_values"),
}
NO_RUNS = {
    "NaN": ([NAN, 1.0], r"hold finite numbers, but 1 that are not \(nan\)"),
    "infinity": ([INF, 1.0, 2.0], "hold finite numbers"),
    "text": ("12", "hold|have"),
    "texts": (["1", "2"], "hold integers or real numbers|hold"),
    "None": (None, "hold|have"),
    "a hole": ([1.0, None], "hold|be an array of numbers"),
    "a number": (1.0, r"have shape \(R,\), but shape \(\)"),
    "a table": ([[1.0, 0.5], [0.2, 0.1]], r"have shape \(R,\), but shape \(2, 2\)"),
    "ragged": ([[1.0], [0.5, 0.2]], "be an array of numbers"),
    "complex": ([1j, 1.0], "hold .* but"),
    "flags": ([True, False], "hold .* but"),
    "too many": (np.full(10**6, 0.5), "hold [01] to 1000 numbers, but 1000000"),
    "without end": (range(10**15), "hold [01] to 1000 numbers, but 10{15}"),
}


@pytest.mark.parametrize("function", OF_RUNS)
@pytest.mark.parametrize("name", NO_RUNS)
def test_statistics_of_what_are_no_runs(function, name):
    (call, argument), (value, must) = OF_RUNS[function], NO_RUNS[name]
    check_refused(lambda: call(value), f"`{argument}` must ({must})")


@pytest.mark.parametrize("function", [name for name in OF_RUNS if name != "holm"])
def test_statistics_of_no_runs(function):
    call, argument = OF_RUNS[function]
    check_refused(lambda: call([]), f"`{argument}` must hold 1 to 1000 numbers, but 0")


def judge(published=93.0, interval=(91.0, 95.0), runs=10, widest=5.0):
    return lambda: st.verdict(published, interval, runs, widest)


STATISTICS = {
    "p above 1": (lambda: st.holm([0.1, 1.5]), "`p_values` must lie within 0 to 1, but 1.5"),
    "p below 0": (lambda: st.holm([0.1, -0.1]), "`p_values` must lie within 0 to 1, but -0.1"),
    "more than all right": (lambda: st.next_run([90, 101]), "`values` must .* 0 to 100, but 101"),
    "less than none right": (lambda: st.collapsed([-1], 6), "`accuracies` must lie .* but -1"),
    "gains for accuracies": (lambda: st.next_gain([1, 2], [-1, 2]), "`distilled` must lie within"),
    "one class": (lambda: st.collapsed([50], 1), "`num_classes` must be .*least 2, but 1"),
    "classes of text": (lambda: st.collapsed([50], "6"), "`num_classes` must .* but '6'"),
    "classes a fraction": (lambda: st.collapsed([50], 6.0), "`num_classes` must .* but 6.0"),
    "verdict on NaN": (judge(NAN), "`published` must be a finite number, but nan"),
    "verdict on None": (judge(None), "`published` must be a finite number, but None"),
    "verdict on text": (judge("93"), "`published` must be a finite number, but '93'"),
    "interval of NaN": (judge(interval=(NAN, NAN)), "`interval` must hold finite numbers"),
    "interval reversed": (judge(interval=(95.0, 91.0)), "`interval` must run from low to high"),
    "interval of one": (judge(interval=(95.0,)), r"`interval` must have shape \(2,\)"),
    "interval a number": (judge(interval=95.0), r"`interval` must have shape \(2,\)"),
    "runs below 0": (judge(runs=-1), "`runs` must be an integer of at least 0, but -1"),
    "runs a fraction": (judge(runs=9.5), "`runs` must be an integer"),
    "runs NaN": (judge(runs=NAN), "`runs` must be an integer"),
    "widest NaN": (judge(widest=NAN), "`widest` must be a finite number .* but nan"),
    "widest below 0": (judge(widest=-1), "`widest` must be .* of 0 or more, but -1"),
    "gain NaN": (lambda: st.widest_for_gain(NAN), "`published` must be a finite number"),
    "gain None": (lambda: st.widest_for_gain(None), "`published` must be a finite number"),
    "arms of other lengths": (
        lambda: gain_of([1.0, 2.0], [1.0]),
        "`alone` must have a number for each seed, as many as `distilled`, but 1",
    ),
    "no arms": (lambda: gain_of([], []), "`(alone|distilled)` must"),
    "an arm of NaN": (lambda: gain_of([1.0, NAN], [1.0, 2.0]), "`distilled` must hold finite"),
    "an arm of None": (lambda: gain_of([1.0], [None]), "`alone` must hold|`alone` must be an"),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_wrong_arguments_of_statistics(name):
    check_refused(*STATISTICS[name])


def test_statistics_take_arrays_integers_and_tuples():
    values = [3, 1, 2, 5]
    for given in (tuple(values), np.array(values), np.array(values, np.uint8), np.float32(values)):
        assert st.spread(given) == st.spread(values)
        assert st.mean_interval(given) == st.mean_interval(values)
        assert st.sign_flip(given) == st.sign_flip(values)
        assert st.next_run(given) == st.next_run(values)
        assert st.next_gain(given, given) == st.next_gain(values, values)
        assert st.collapsed(given, np.int64(6)) == 4
    assert st.holm([]) == [] and st.holm((0.0, 1)) == [0.0, 1.0]
    assert st.verdict(np.float32(93), [91, 95], np.int64(10)) == "reproduced"
    assert gain_of(np.array([3.0, 5.0]), (1, 1)).values == [2.0, 4.0]


# --- rows -------------------------------------------------------------------------------------

GOOD = {
    "table": 1,
    "kind": "distilled",
    "dataset": "mnist",
    "classes": "0-5",
    "qubits": 3,
    "teacher": "lenet",
    "accuracy": 90.0,
    "gain": 1.0,
}
ROW = Row(**GOOD)
TEACHER_ROW = Row(1, "teacher", "mnist", "0-5", teacher="lenet")
ALONE = Row(1, "student", "mnist", "0-5", 3)
WRONG_FIELDS = {
    "table": (["1", -1, 1.0, None, True], "be an integer of at least 0, but {}"),
    "kind": (["taught", None, 1, ["student"]], "be one of student, teacher, distilled|be one of"),
    "dataset": (["cifar", None, 0], "be one of mnist, .* but {}"),
    "classes": ([(0, 1), "0-", "5-0", "3", None], "(be|name) .* but {}"),
    "qubits": ([None, "3", 0, 3.0, NAN, True], "be an integer from 1 to 10, but {}"),
    "teacher": ([None, "vgg", 3], "be one of lenet, alexnet, ensemble, but {}"),
    "accuracy": ([NAN, "90", -1, 101, INF, True], "be a finite number of 0 or more.* but {}"),
    "gain": ([NAN, "1", -101, 101, [1]], "be a finite number of -100 or more.* but {}"),
    "head": (["linear", None], "be one of .* but {}"),
    "term": (["kl*0", None, 0], "be one of .* but {}"),
    "shots": ([None, "exact", 0, -5, 1.5, NAN, 2**25], "be .* but {}"),
}


@pytest.mark.parametrize(
    ("field", "value"), [(k, v) for k, (values, _) in WRONG_FIELDS.items() for v in values]
)
def test_wrong_rows(field, value):
    must = WRONG_FIELDS[field][1].replace("{}", re.escape(repr(value)))
    check_refused(lambda: Row(**(GOOD | {field: value})), f"`{field}` must ({must})")


def test_fields_that_a_kind_of_row_does_not_have():
    teacher = {"kind": "teacher", "qubits": None, "gain": None}
    student = {"kind": "student", "teacher": None, "gain": None}
    for kind, field, value in (
        (teacher, "qubits", 3),
        (teacher, "gain", 1.0),
        (student, "teacher", "lenet"),
        (student, "gain", 1.0),
    ):
        check_refused(
            lambda kind=kind, field=field, value=value: Row(**(GOOD | kind | {field: value})),
            f"`{field}` must be None where the row is a {kind['kind']}",
        )


def test_rows_of_numpys_numbers_are_the_same_rows():
    given = {"table": np.int64(1), "qubits": np.uint8(3), "accuracy": np.float64(90), "gain": 1}
    row = Row(**(GOOD | given), shots=np.int32(5000))
    assert row == ROW and {type(v) for v in vars(row).values()} <= {int, float, str}


ROWS = {
    "an unknown table": (lambda: select("3"), "`table` must be one of 1, 2, all, demo, but '3'"),
    "a table's number": (lambda: select(1), "`table` must be one of 1, 2, all, demo, but 1"),
    "a pattern alone": (lambda: select("1", "*"), "`patterns` must be a list of texts.* but '\\*'"),
    "patterns of numbers": (lambda: select("1", [3]), "`patterns` must be a list .*one with 3"),
    "patterns None": (lambda: select("1", None), "`patterns` must be a list"),
    "a pattern of no row": (
        lambda: select("1", ["fashion*"]),
        r"`patterns` must match rows of table 1, but 'fashion\*' was given; they are called mnist",
    ),
    "a long pattern": (lambda: select("1", ["x" * 10**4]), "`patterns` must match .*x [.]{3} was"),
    "rows of texts": (lambda: select("1", [], ["mnist"]), "`rows` must be a list of rows"),
    "a row alone": (lambda: select("1", [], ROW), "`rows` must be a list of rows"),
    "alone of nothing": (lambda: alone_of(None), "`row` must be a Row, but None"),
    "alone of a name": (lambda: alone_of("mnist-0-5-3q-lenet"), "`row` must be a Row, but 'mnist"),
    "none alone": (
        lambda: alone_of(ROW, [ROW]),
        "`row` must have .*mnist-0-5-3q-lenet, which has no student trained alone .*; add that row",
    ),
}

# --- settings and plans -----------------------------------------------------------------------

SET = Settings()
STUDENT = StudentConfig("digits", "0-1", 2)
TAUGHT = TeacherConfig("lenet", "digits", "0-1")
PLAN = TeacherPlan(TAUGHT, (TAUGHT,))
ARM = make_arm(STUDENT, "alone")


def plan(rows=(ALONE,), settings=SET, seeds=2, **others):
    return lambda: plan_units(rows, settings, seeds, **others)


def settings(**changes):
    return lambda: Settings(**changes)


PLANS = {
    "preset": (settings(preset="best"), "`preset` must be one of paper-code, .* but 'best'"),
    "preset None": (settings(preset=None), "`preset` must be one of"),
    "preset a list": (settings(preset=["robust"]), "`preset` must be one of"),
    "shots 0": (settings(shots=0), "`shots` must be an integer of at least 1"),
    "shots text": (settings(shots="many"), "`shots` must be an integer .* but 'many'"),
    "shots a fraction": (settings(shots=1.5), "`shots` must be an integer"),
    "shots too many": (settings(shots=10**12), "`shots` must be at most 16777216"),
    "shots an array": (settings(shots=np.array([1, 2])), "`shots` must be an integer"),
    "shots of no notebook": (
        settings(preset="robust", shots="notebook"),
        "`shots` must be a number where the preset is robust, but `notebook`",
    ),
    "ensemble": (settings(ensemble="both"), "`ensemble` must be one of ensemble, joint-ens"),
    **{
        f"{name} {value!r}": (settings(**{name: value}), f"`{name}` must be an integer of at least")
        for name in ("epochs", "lenet_epochs", "alexnet_epochs")
        for value in (0, "10", 1.5, True, NAN)
    },
    "epochs 10**9": (settings(epochs=10**9), "`epochs` must be at most 1000000, but 10{9}"),
    "teacher's plan of names": (lambda: TeacherPlan("lenet", ()), "`config` must be a TeacherCon"),
    "a plan without members": (lambda: TeacherPlan(TAUGHT, ()), "`members` must name at least one"),
    "a plan of one": (lambda: TeacherPlan(TAUGHT, TAUGHT), "`members` must be a list of Teacher"),
    "teacher of a name": (lambda: teacher_of("mnist", SET), "`row` must be a Row"),
    "teacher of a student": (
        lambda: teacher_of(ALONE, SET),
        "`row` must be a teacher or distilled, but mnist-0-5-3q-alone, a student, was given",
    ),
    "teacher without settings": (lambda: teacher_of(ROW, None), "`settings` must be Settings"),
    "teacher's seed": (lambda: teacher_of(ROW, SET, 2**32), "`seed` must be an integer from 0"),
    "student of a teacher": (
        lambda: alone_config(TEACHER_ROW, SET),
        "`row` must be a student or distilled, but mnist-0-5-teacher-lenet, a teacher,",
    ),
    "distilled alone": (lambda: distilled_config(ALONE, SET), "`row` must be a distilled, but"),
    "seeds NaN": (plan(seeds=NAN), "`seeds` must be an integer of at least 1, but nan"),
    "seeds None": (plan(seeds=None), "`seeds` must be an integer of at least 1, but None"),
    "seeds text": (plan(seeds="10"), "`seeds` must be an integer of at least 1, but '10'"),
    "seeds a list": (plan(seeds=[0, 1]), r"`seeds` must be an integer .* but \[0, 1\]"),
    "seeds 0": (plan(seeds=0), "`seeds` must be an integer of at least 1, but 0"),
    "a million seeds": (plan(seeds=10**6), "`seeds` must be at most 1000, but 1000000"),
    "a seed too many": (plan(seeds=1001), "`seeds` must be at most 1000, but 1001"),
    "a teacher too many": (plan(teacher_seeds=1001), "`teacher_seeds` must be at most 1000"),
    "seeds without end": (plan(seeds=10**400), "`seeds` must be at most 1000"),
    "teacher's seeds 0": (plan(teacher_seeds=0), "`teacher_seeds` must be an integer"),
    "a million teachers": (plan(teacher_seeds=10**6), "`teacher_seeds` must be at most 1000"),
    "block 0": (plan(block=0), "`block` must be an integer of at least 1, but 0"),
    "block infinite": (plan(block=INF), "`block` must be an integer of at least 1, but inf"),
    "block None": (plan(block=None), "`block` must be an integer of at least 1, but None"),
    "what is present": (plan(present={0}), r"`present` must be a function of an arm, but \{0\}"),
    "rows by name": (plan(rows=["mnist-0-5-3q-alone"]), "`rows` must be a list of rows"),
    "rows as text": (plan(rows="all"), "`rows` must be a list of rows, .* but 'all'"),
    "rows None": (plan(rows=None), "`rows` must be a list of rows"),
    "settings None": (plan(settings=None), "`settings` must be Settings, but None"),
    "teachers of teachers": (
        lambda: teachers_of([TEACHER_ROW], SET, NAN),
        "`teacher_seeds` must be an integer",
    ),
    "arms of one row": (lambda: arms_of(ROW, SET), "`rows` must be a list of rows"),
    "unit of a configuration": (lambda: teacher_unit(TAUGHT), "`plan` must be a TeacherPlan"),
    "answers without student": (lambda: answer_unit(PLAN, None), "`config` must be a Student"),
    "answers without plan": (lambda: answer_unit(None, STUDENT), "`plan` must be a TeacherPlan"),
    "answers of a name": (lambda: answers_of(["arm"]), "`arms` must be a list of arms, .*'arm'"),
    "an unknown arm": (lambda: make_arm(STUDENT, "both"), "`arm` must be one of alone, distilled"),
    "an arm of a teacher": (lambda: make_arm(TAUGHT, "alone"), "`config` must be a StudentConfig"),
    "nobody teaches": (
        lambda: make_arm(STUDENT, "distilled"),
        "`teacher` must be a TeacherPlan where the arm is distilled, .* but None",
    ),
    "taught alone": (lambda: make_arm(STUDENT, "alone", PLAN), "`teacher` must .*None where it is"),
    "units without arms": (
        lambda: student_units(None, 1, 1, lambda arm: set()),
        "`arms` must be a list of arms, but None",
    ),
    "units of many": (
        lambda: student_units([ARM], 10**9, 1, lambda arm: set()),
        "`seeds` must be at most 1000",
    ),
    "alone arm": (lambda: alone_arm(TEACHER_ROW, SET), "`row` must be a student or distilled"),
    "matched arm": (lambda: matched_arm(ALONE, SET), "`row` must be a distilled"),
    "distilled arm": (lambda: distilled_arm(None, SET), "`row` must be a Row"),
}

# --- studies ----------------------------------------------------------------------------------

LINE = Variant("a", "a line", "robust")


def variant(**changes):
    return lambda: Variant(**({"name": "a", "label": "b", "preset": "robust"} | changes))


def study(**changes):
    good = {"name": "s", "title": "t", "about": "u", "variants": (LINE,)}
    return lambda: Study(**(good | changes))


def units(arms=(ARM,), seeds=2, **others):
    return lambda: units_of(arms, seeds, **others)


STUDY = {
    "data set": (lambda: Data("cifar", "0-1", 2), "`dataset` must be one of mnist"),
    "data's classes": (lambda: Data("digits", [0, 1], 2), "`classes` must be a text"),
    "data's qubits": (lambda: Data("digits", "0-1", 10**12), "`qubits` must .*from 1 to 10"),
    "data's qubits NaN": (lambda: Data("digits", "0-1", NAN), "`qubits` must .* but nan"),
    "variant's name": (variant(name=3), "`name` must be a text, but 3"),
    "variant's label": (variant(label=None), "`label` must be a text"),
    "variant's preset": (variant(preset="robus"), "`preset` must be .*perhaps 'robust'"),
    "variant's changes": (variant(changes=[("epochs", 3)]), "`changes` must be a dictionary"),
    "variant's field": (variant(changes={"epoch": 3}), "`changes` must .*perhaps 'epochs'"),
    "variant's teacher": (variant(teacher="vgg"), "`teacher` must be one of lenet"),
    "variant's other": (variant(against=LINE), "`against` must be the name of a variant"),
    "variant without data": (lambda: LINE.config(None), "`data` must be a Data"),
    "variant of a name": (lambda: LINE.arm("digits"), "`data` must be a Data, but 'digits'"),
    "variant's wrong value": (
        lambda: Variant("a", "b", "robust", {"epochs": 0}).config(DATA["digits"]),
        "`epochs` must be an integer of at least 1, but 0",
    ),
    "study's name": (study(name=None), "`name` must be a text"),
    "study of one": (study(variants=LINE), "`variants` must be a list of Variants"),
    "study of names": (study(variants=["a"]), "`variants` must be a list of Variants, .*'a'"),
    "study of nothing": (study(variants=()), r"`variants` must be at least one, .* but \[\]"),
    "a line twice": (study(variants=(LINE, LINE)), "`variants` must be at least one, each with"),
    "unknown line": (lambda: study()().variant("b"), "`name` must be one of a, but 'b'"),
    "no line": (lambda: study()().select("x*"), r"`glob` must match .*'x\*' was .*; there are a"),
    "no glob": (lambda: study()().select(None), "`glob` must be a text such as robust"),
    "arms of one study": (
        lambda: arms_of_studies(STUDIES["controls"], [DATA["digits"]]),
        "`studies` must be a list of studies",
    ),
    "arms of a study's name": (
        lambda: arms_of_studies(["controls"], [DATA["digits"]]),
        "`studies` must be a list of studies, but one with 'controls'",
    ),
    "arms without data": (
        lambda: arms_of_studies([STUDIES["controls"]], "digits"),
        "`data` must be a list of Data, but 'digits'",
    ),
    "teachers of names": (lambda: teachers_of_arms(["a"]), "`arms` must be a list of arms"),
    "units' seeds": (units(seeds=0), "`seeds` must be an integer of at least 1, but 0"),
    "units' seeds NaN": (units(seeds=NAN), "`seeds` must be an integer of at least 1, but nan"),
    "a million": (units(seeds=10**6), "`seeds` must be at most 1000, but 1000000"),
    "units' block": (units(block=-1), "`block` must be an integer of at least 1, but -1"),
    "units' arms": (units(arms="arms"), "`arms` must be a list of arms, but 'arms'"),
    "data of a list": (lambda: chosen_data(["digits"]), "`datasets` must be names with commas"),
    "data of nothing": (lambda: chosen_data(""), "`datasets` must be one of .* but ''"),
    "data misspelt": (lambda: chosen_data("mnist,digit"), "perhaps 'digits' is meant"),
    "images of nothing": (lambda: images_seen(None), "`config` must be a StudentConfig"),
}

# --- texts ------------------------------------------------------------------------------------

TEXTS = {
    "number NaN": (lambda: text.number(NAN), "`value` must be a finite number, but nan"),
    "number of text": (lambda: text.number("1"), "`value` must be a finite number, but '1'"),
    "signed None": (lambda: text.signed(None), "`value` must be a finite number, but None"),
    "mean of nothing": (lambda: text.mean_sd([]), "`values` must hold 1 to 1000 numbers"),
    "interval of NaN": (lambda: text.interval_text((NAN, 1.0)), "`interval` must hold finite"),
    "interval of one": (lambda: text.interval_text((1.0,)), r"`interval` must have shape \(2,\)"),
    "gain of numbers": (lambda: text.gain_text(1.0), "`gain` must be a Gain, .*but 1.0"),
    "p above 1": (lambda: text.p_text(1.5), "`p` must be .* at most 1, but 1.5"),
    "p NaN": (lambda: text.p_text(NAN), "`p` must be a finite number"),
    "network": (lambda: text.network_name("vgg"), "`arch` must be one of lenet"),
    "data": (lambda: text.data_name("mnist"), "`row` must be a Row, but 'mnist'"),
    "marker": (lambda: markers(None), "`name` must be a text, but None"),
    "share of no text": (lambda: with_share(None, "a", "b"), "`text` must be a text"),
    "share of a number": (lambda: with_share("a", "a", 3), "`share` must be a text, but 3"),
    "share without place": (
        lambda: with_share("nothing", "a", "b"),
        "`readme` must have a place .* lacks the lines <!-- a: begin --> and .*; add them",
    ),
    "no path": (lambda: write_text(None, "a"), "`path` must be a path, but None"),
    "an empty path": (lambda: write_text("", "a"), "`path` must be a path, but ''"),
    "bytes": (lambda: write_text("a.md", b"a"), "`text` must be a text, but b'a'"),
}


@pytest.mark.parametrize(
    ("call", "pattern"),
    [
        pytest.param(*case, id=f"{table}: {name}")
        for table, cases in {
            "rows": ROWS,
            "plans": PLANS,
            "studies": STUDY,
            "texts": TEXTS,
        }.items()
        for name, case in cases.items()
    ],
)
def test_wrong_calls_are_refused(call, pattern, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_refused(call, pattern)
    assert not list(tmp_path.iterdir())


# --- unusual, and right -----------------------------------------------------------------------


def test_plans_of_numpys_numbers_are_the_same_plans():
    rows = select("demo")
    wanted = [unit.name for unit in plan_units(rows, SET, 3, teacher_seeds=2, block=2)]
    counts = {"teacher_seeds": np.int64(2), "block": np.uint8(2)}
    given = Settings(shots=np.int64(5000), epochs=np.int32(10), lenet_epochs=np.uint8(10))
    assert given == SET and given.digest() == SET.digest()
    units = plan_units(tuple(rows), given, np.int64(3), **counts)
    assert [unit.name for unit in units] == wanted
    assert plan_units([], SET, 1) == []


def test_the_most_seeds_are_planned_soon():
    units = plan_units(select("demo"), SET, st.MOST_RUNS, block=10**9)
    assert max(len(getattr(unit, "seeds", ())) for unit in units) == st.MOST_RUNS


def test_studies_take_lists_and_spaces():
    assert study(variants=[LINE])().variants == (LINE,)
    assert chosen_data(" digits , mnist,digits") == [DATA["digits"], DATA["mnist"]]
    assert Data("digits", "0-1", np.int64(2)) == DATA["digits"]
    config = Variant("a", "b", "robust", {"epochs": np.int64(3)}).config(DATA["digits"])
    assert images_seen(config) == 3 * config.num_images


def test_texts_of_numpys_numbers_and_of_paths(tmp_path):
    assert text.number(np.float32(1)) == text.number(1) == "1.00"
    assert text.p_text(0) == "< 0.001" and text.p_text(np.float64(1)) == "1.000"
    assert write_text(str(tmp_path / "new" / "a.md"), "ä").read_text(encoding="utf-8") == "ä"
