"""Every option has an effect, and the one it names: all that is not training.

Also the list of commands: one that has no table of its options, or an option without an entry,
fails here.
"""

from __future__ import annotations

import dataclasses

import pytest

from tests.cli import option_data
from tests.cli import option_work_facts as facts
from tests.cli.option_facts import TINY, audit_facts, call, job_facts, split
from tests.cli.option_table import BASES as STUDENT_BASES
from tests.cli.option_table import STUDENT, TEACHERS, Case
from tests.cli.option_work_table import BASES as WORK_BASES
from tests.cli.option_work_table import TABLE as WORK_TABLE
from tests.cli.test_options import check
from tests.command_lines import COMMANDS

FACTS = {
    **dict.fromkeys(
        (
            *("run", "init", "search", "status", "report", "list", "verify", "pack"),
            *("tables", "study"),
        ),
        facts.job_facts,
    ),
    "crosscheck": facts.crosscheck_facts,
    "circuit": facts.circuit_facts,
    "teacher": facts.teacher_facts,
    "benchmarks": facts.bench_facts,
    "demo": facts.demo_facts,
    "predict": facts.predict_facts,
    "export": facts.export_facts,
    "data": option_data.data_facts,
}
BASES, TABLE = WORK_BASES | option_data.BASES, WORK_TABLE | option_data.TABLE

# Others, or none.
NOT_OF_AUDIT = ("audit", "track", "out", "json", "plugin")
ALL = TABLE | {
    "student": STUDENT,
    "teacher": TEACHERS,
    "audit": {n: c for n, c in STUDENT.items() if n not in NOT_OF_AUDIT}
    | {"run": [Case("--run run", set())]}
    | {"out": [Case("--out here", set())], "json": [Case("--json -", set())]}
    | {"plugin": STUDENT["plugin"]},
}


def test_every_command_has_its_options_listed():
    assert set(ALL) == set(COMMANDS)


@pytest.mark.parametrize("name", ALL)
def test_every_option_has_an_entry_that_gives_it(name):
    known = {p.name: p for p in COMMANDS[name].params if p.name != "help"}
    assert set(ALL[name]) == set(known)
    for option, cases in ALL[name].items():
        flags = {*known[option].opts, *known[option].secondary_opts}
        if known[option].param_type_name == "option":
            assert cases and all(flags & {*case.words.split()} for case in cases), option


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Facts of a base by its name, each found once."""
    known = {}

    def of(name):
        if name not in known:
            words, how = BASES[name]
            folder = tmp_path_factory.mktemp("base")
            known[name] = FACTS[words.split()[0]](split(words), folder, **how)
        return known[name]

    return of


def cases():
    for command, table in TABLE.items():
        for case in (case for entries in table.values() for case in entries):
            # Where a command has one base only it is called as the command is.
            name = case.base if case.base in BASES else command
            yield pytest.param(name, case, id=f"{command} {case.words} ({name})")


@pytest.mark.parametrize(("name", "case"), [*cases()])
def test_an_option_has_its_effect_and_no_other(base, name, case, tmp_path):
    words, how = BASES[name]
    line = f"{words.replace(case.without, '')} {case.words}"
    after = FACTS[words.split()[0]](split(line), tmp_path, **how)
    check(base(name), after, case)


def audited():
    """A command line of `jqkd student` for each option that an audit has too."""
    for name, (case, *_) in STUDENT.items():
        words, _ = STUDENT_BASES[case.base]
        if name not in NOT_OF_AUDIT:
            yield f"{words.replace(case.without, '')} {case.words}".removeprefix("student ")
    yield f"{TINY} --preset paper-code --readout softmax"


def test_an_audit_looks_at_the_very_students_that_would_be_trained(tmp_path):
    """Of the same options, and after every epoch; what these do to students is tried on them."""
    jobs = set()
    for words in audited():
        trained = job_facts(split(f"student {words}"), tmp_path)
        looked = job_facts(split(f"audit {words}"), tmp_path)
        every = {} if "--evaluate-every" in words else {"evaluate_every": 1}
        config = dataclasses.replace(trained["job"].config, **every)
        assert looked["job"] == dataclasses.replace(trained["job"], config=config), words
        assert looked["data_dir"] == trained["data_dir"], words
        assert looked["audit"] and not trained["audit"]
        jobs.add(looked["job"].digest())
    assert len(jobs) > 20


def test_an_audit_of_a_run_trains_nothing_and_leaves_its_file(tmp_path):
    words = ["audit", *split(TINY), "--teacher", "none"]
    made = audit_facts(words, tmp_path)
    assert (made["exit"], made["trains"], made["folder"], made["files"]) == (0, True, None, [])
    facts.finished_run(tmp_path)
    of_run = audit_facts(["audit", "--run", "finished-run", "--json", "-"], tmp_path)
    assert (of_run["trains"], of_run["folder"], of_run["JSON spoken"]) == (
        False,
        "finished-run",
        True,
    )
    before = of_run["files"]
    kept = audit_facts(["audit", "--run", "finished-run", "--out", "here"], tmp_path)
    assert {*kept["files"]} - {*before} == {"here/audit.json"}


# Where a command's work begins.
WORK = (
    "jqkd.cli.train.run_student",
    "jqkd.cli.teacher.load",
    "jqkd.cli.crosscheck.run_battery",
    "jqkd.cli.crosscheck.load_run",
    "jqkd.cli.audit.load_run",
    "jqkd.cli.predict.load_run",
    "jqkd.cli.experiments.ask",
    "benchmarks.command.run",
)


def began(*given, **named):
    """In the place of work that is not to begin."""
    raise AssertionError("The work has begun.")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("student --recipe hints --temperature 3", "temperature` must not be given where the rec"),
        ("student --recipe hints --temperature 2", "temperature` must not be given with recipe"),
        ("student --recipe relational --term constant", "`term` must not be given where the rec"),
        ("student --recipe decoupled --term kl", "`term` must not be given with recipe decoupled"),
        *(
            (f"student --teacher none --{option}", f"`{option.split()[0].replace('-', '_')}` must")
            for option in (
                "recipe hinton",
                "temperature 2",
                "weight 1",
                "label-weight 1",
                "term kl",
                "placebo none",
                "teacher-epochs 10",
            )
        ),
        ("student --dataset digits --data-dir there", "`data_dir` must not be given with dataset"),
        ("teacher --dataset digits --data-dir there", "`data_dir` must not be given with dataset"),
        ("student --stand-in closed-form --shots 9", "`shots` must be exact"),
        ("student --stand-in closed-form --gradient two-term", "`gradient` must not be given with"),
        ("audit --teacher none --weight 4", "`weight` must not be given with teacher none"),
        ("audit --run there --seeds 2", "`seeds` must not be given with `run`"),
        ("crosscheck --students 1", "`students` must"),
        ("crosscheck --no-noise", "`noise` must"),
        ("crosscheck --noise", "`noise` must"),
        ("crosscheck --run there --quick", "`quick` must"),
        ("crosscheck --run there --no-noise --picture a.png", "`picture` must"),
        ("predict there digits --data-dir a", "`data_dir` must not be given with images digits"),
        ("predict there digits --seed 1", "`seed` must not be given without `shots`"),
        ("run demo --redo --dry-run", "`redo` must not be given with `dry-run`"),
        ("run robust --arms *-alone --teacher-seeds 2", "where no chosen arm is a teacher"),
        ("run robust --arms *-teacher-* --seeds 2", "where all chosen arms are teachers"),
        ("run demo --data-dir there", "all images come with scikit-learn"),
        ("report --out there --no-pictures --data-dir a", "images are only drawn"),
        ("tables run --table demo --data-dir there", "all images come with scikit-learn"),
        ("study run all --redo --dry-run", "`redo` must not be given with `dry-run`"),
        ("study run controls --datasets digits --data-dir a", "all images come with scikit-learn"),
        ("benchmarks --only T2 --rounds 3", "a study measures jqkd alone"),
        ("benchmarks --quick report", "after"),
    ],
)
def test_what_would_have_no_effect_is_refused_before_the_work(
    words, sentence, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for place in WORK:
        monkeypatch.setattr(place, began)
    code, out, err = call(split(words))
    # Options are named as they are typed, or as arguments are.
    plain = err.replace("`--", "`").replace("-", "_")
    assert code == 2 and sentence.replace("-", "_") in plain, err
    assert err.count("\n") == 1 and not out and not [*tmp_path.iterdir()]


def test_what_is_not_given_is_not_refused(tmp_path):
    """Defaults that have no effect are nobody's fault; shots of a student without a circuit too."""
    seen = job_facts(split("student --dataset digits --stand-in closed-form"), tmp_path)
    assert seen["job"].config.shots is None
    seen = job_facts(split("student --dataset digits --recipe hints --weight 3"), tmp_path)
    assert seen["job"].config.weight == 3
    assert (
        job_facts(split("student --dataset digits --teacher none"), tmp_path)["job"].teacher is None
    )
