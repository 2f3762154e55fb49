"""Every option of every other command, as ``option_table`` has those that train."""

from __future__ import annotations

from tests.cli.option_table import Case

DEMO = "tables run --table demo --out out --seeds 2 --block 2"
STUDY = "study run controls --datasets digits --out out --seeds 2 --block 2"
# Other numbers beside them, which a report may be asked for instead.
_TWO = (DEMO, DEMO.replace("--out out --seeds 2", "--out other --seeds 3"))
_STUDIES = (STUDY, STUDY.replace("controls", "recipes").replace("--out out", "--out other"))
_BENCH = "benchmarks --only W1 --peers numpy --rounds 2 --out out"
BASES = {
    "tables": (DEMO, {}),
    "table 1": ("tables run --table 1 --out out --seeds 1 --block 1", {}),
    "lenet": ("tables run --table 1 --rows *-0-5-*lenet --out out --seeds 1 --block 1", {}),
    "damaged": (DEMO, {"before": (DEMO,), "damaged": True}),
    "status": ("tables status --out out", {"before": _TWO}),
    "report": ("tables report --out out", {"before": _TWO}),
    "study": (STUDY, {}),
    "damaged study": (STUDY, {"before": (STUDY,), "damaged": True}),
    "study report": ("study report --out out", {"before": _STUDIES}),
    "verify": ("verify out --sample 2", {"before": _STUDIES}),
    "battery": ("crosscheck", {}),
    "certificates": ("crosscheck --run run", {}),
    "circuit": ("circuit --qubits 2", {}),
    "benchmarks": (_BENCH, {}),
    "benchmarks report": (
        "benchmarks report --out out",
        {"before": (_BENCH, _BENCH.replace("--out out", "--out other"))},
    ),
    "demo": ("demo --epochs 2", {}),
}


def _names(part: str):
    """All rows, and some, have a part in their names."""
    return lambda value, base: bool(value) and all(part in name for name in value)


def _teachers(*epochs: tuple[str, int]):
    """Epochs of every teacher that is trained, by its architecture."""
    return lambda value, base: {(one[0], one[3]) for one in value} == set(epochs)


PAPER = ("lenet", 10), ("alexnet", 10), ("ensemble", 10)
ROWS = {"rows", "units", "teachers", "who"}
TABLES_RUN = {
    "table": [
        Case(
            "--table 2",
            {"rows", "teachers", "who", "data", "how", "units"},
            {"rows": _names("fashion_mnist-"), "data": [("fashion_mnist", None)]},
            "table 1",
        ),
    ],
    "rows": [
        Case(
            "--rows *-0-5-*lenet",
            {*ROWS, "how"},
            {"rows": ["mnist-0-5-teacher-lenet", "mnist-0-5-3q-lenet"]},
            "table 1",
        ),
    ],
    "preset": [
        Case(
            "--preset paper-text",
            {"settings.preset", "how", "units"},
            {"how": lambda value, base: {how[0] for how in value} == {"paper-text"}},
            "tables",
        ),
    ],
    "seeds": [
        Case("--seeds 3", {"seeds", "units", "blocks"}, {"seeds": [0, 1, 2]}, "tables"),
    ],
    "shots": [
        Case(
            "--shots 70",
            {"settings.shots", "how"},
            {"how": lambda value, base: {how[2] for how in value} == {70}},
            "tables",
        ),
        Case("--shots exact", {"settings.shots", "how"}, {"settings.shots": None}, "tables"),
        # Each row's own; all of the small table's have 5000.
        Case("--shots notebook", {"settings.shots", "how"}, base="table 1"),
    ],
    "out": [Case("--out there", {"folder", "files"}, {"folder": "there"}, "tables")],
    "dry_run": [
        Case(
            "--dry-run",
            {"planned", "units", "folder", "files", "rows", "teachers", "who", "how", "seeds"}
            | {"blocks", "data"}
            | {f"settings.{name}" for name in ("preset", "shots", "epochs", "ensemble", "schema")}
            | {"settings.lenet_epochs", "settings.alexnet_epochs"},
            {"files": ["README.md"], "planned": True},
            "tables",
        ),
    ],
    "epochs": [
        Case(
            "--epochs 3",
            {"settings.epochs", "how"},
            {"how": lambda value, base: {how[1] for how in value} == {3}},
            "tables",
        ),
    ],
    "ensemble": [
        Case(
            "--ensemble joint",
            {"settings.ensemble", "teachers", "who"},
            {"teachers": _teachers(*PAPER[:2], ("joint-ensemble", 10))},
            "table 1",
        ),
    ],
    "lenet_epochs": [
        Case(
            "--lenet-epochs 3",
            {"settings.lenet_epochs", "teachers"},
            {"teachers": _teachers(("lenet", 3), *PAPER[1:])},
            "table 1",
        ),
    ],
    "alexnet_epochs": [
        Case(
            "--alexnet-epochs 3",
            {"settings.alexnet_epochs", "teachers"},
            {"teachers": _teachers(("alexnet", 3), PAPER[0], ("ensemble", 3))},
            "table 1",
        ),
    ],
    "teacher_seeds": [
        # Students have the first teacher, however many there are.
        Case(
            "--teacher-seeds 3",
            {"teachers", "units"},
            {"teachers": lambda value, base: sorted(one[-1] for one in value) == [0, 1, 2]},
            "lenet",
        ),
    ],
    "teachers": [
        Case("--teachers shipped", {"from"}, {"from": ["shipped"]}, "tables"),
        Case("--teachers my/results", {"from"}, {"from": ["my/results"]}, "tables"),
    ],
    "block": [Case("--block 1", {"blocks", "units"}, {"blocks": [1]}, "tables")],
    "redo_damaged": [
        Case(
            "--redo",
            {"exit", "units", "who", "how", "seeds", "blocks", "data"},
            {"exit": 0, "units": 1},
            "damaged",
        ),
    ],
    "data_dir": [
        Case("--data-dir my/images", {"data"}, {"data": [("mnist", "my/images")]}, "lenet"),
    ],
}
TABLES_STATUS = {
    "out": [
        Case(
            "--out other",
            set(),
            {"~said": lambda value, base: "other: preset" in value and "out: " in base["~said"]},
            "status",
        ),
    ],
}
VERIFY = {
    # An argument: it takes the place of the base's.
    "folder": [
        Case(
            "other",
            {"how", "seeds"},
            {"~said": lambda value, base: "other: 2" in value and "out: 2" in base["~said"]},
            "verify",
            without="out",
        ),
    ],
    "sample": [Case("--sample 3", {"units", "how"}, {"units": 3}, "verify")],
    "seed": [Case("--seed 5", {"how", "seeds"}, {}, "verify")],
    "data_dir": [
        Case("--data-dir my/images", {"data"}, {"data": [("digits", "my/images")]}, "verify"),
    ],
    "json": [
        Case(
            "--json mine.json",
            {"files"},
            {"files": lambda value, base: {*value} - {*base["files"]} == {"mine.json"}},
            "verify",
        )
    ],
}
TABLES_REPORT = {
    "out": [
        Case(
            "--out other",
            {"files"},
            {"files": lambda value, base: "other/report" in value and "out/report" not in value},
            "report",
        ),
    ],
    "to": [
        Case(
            "--to there",
            {"files", "drawn"},
            {"files": lambda value, base: "there/report.csv" in value, "drawn": ["there"]},
            "report",
        ),
    ],
    "readme": [
        Case("--readme README.md", {"readme"}, {"readme": ["tables paper-code"]}, "report"),
    ],
    "pictures": [Case("--no-pictures", {"drawn", "data"}, {"drawn": []}, "report")],
    "data_dir": [
        Case("--data-dir my/images", {"data"}, {"data": [("mnist", "my/images")]}, "report"),
    ],
}
STUDY_RUN = {
    # An argument: it takes the place of the base's.
    "name": [
        Case(
            "recipes",
            {"rows", "how", "units"},
            {"rows": ["study:recipes"]},
            "study",
            without="controls",
        ),
    ],
    "seeds": [
        Case("--seeds 3", {"seeds", "units", "blocks"}, {"seeds": [0, 1, 2]}, "study"),
    ],
    "out": [Case("--out there", {"folder", "files"}, {"folder": "there"}, "study")],
    "teachers": [
        Case("--teachers shipped", {"from", "answers"}, {"from": ["shipped"]}, "study"),
    ],
    "datasets": [
        Case(
            "--datasets mnist,fashion_mnist",
            {"who", "data", "teachers", "units"},
            {"data": [("fashion_mnist", None), ("mnist", None)]},
            "study",
        ),
    ],
    "variants": [
        Case(
            "--variants shuffled",
            {"how", "units"},
            {"how": lambda value, base: {how[-1] for how in value} == {"none", "shuffled"}},
            "study",
        ),
    ],
    "dry_run": [
        Case(
            "--dry-run",
            {"planned", "units", "files", "folder", "rows", "teachers", "answers", "who", "how"}
            | {"seeds", "blocks", "data"}
            | {f"settings.{name}" for name in ("preset", "shots", "epochs", "ensemble", "schema")}
            | {"settings.lenet_epochs", "settings.alexnet_epochs"},
            {"files": ["README.md"], "planned": True},
            "study",
        ),
    ],
    "block": [Case("--block 1", {"blocks", "units"}, {"blocks": [1]}, "study")],
    "redo_damaged": [
        Case(
            "--redo",
            {"exit", "units", "who", "how", "seeds", "blocks", "data"},
            {"exit": 0, "units": 1},
            "damaged study",
        ),
    ],
    "data_dir": [
        Case(
            "--datasets mnist --data-dir my/images",
            {"data", "who", "teachers"},
            {"data": [("mnist", "my/images")]},
            "study",
        ),
    ],
}
STUDY_REPORT = {
    "out": [
        Case(
            "--out other",
            {"files", "drawn"},
            {"files": lambda value, base: "other/report" in value, "drawn": ["recipes"]},
            "study report",
        ),
    ],
    "to": [
        Case(
            "--to there",
            {"files"},
            {"files": lambda value, base: "there/controls.csv" in value},
            "study report",
        ),
    ],
    "readme": [
        Case("--readme README.md", {"readme"}, {"readme": ["study controls"]}, "study report"),
    ],
    "pictures": [Case("--no-pictures", {"drawn"}, {"drawn": []}, "study report")],
}
CROSSCHECK = {
    "run": [
        Case(
            "--run run",
            {"battery", "certified", "of", "files"},
            {
                "battery": None,
                "of": "run",
                "certified": [("seed 0", 0, True)],
                "files": lambda value, base: (
                    {*value} - {*base["files"]} == {"run/certificate.json", "run/noise.png"}
                ),
            },
            "battery",
        ),
    ],
    "quick": [Case("--quick", {"battery"}, {"battery": {"quick": True, "seed": 0}}, "battery")],
    "seed": [
        Case("--seed 5", {"battery"}, {"battery": {"quick": False, "seed": 5}}, "battery"),
        Case("--seed 5", {"certified"}, {"certified": [("seed 0", 5, True)]}, "certificates"),
    ],
    "students": [
        Case(
            "--students 2",
            {"certified"},
            {"certified": [("seed 0", 0, True), ("seed 1", 0, True)]},
            "certificates",
        ),
    ],
    "noise": [
        Case(
            "--no-noise",
            {"certified", "files"},
            {
                "certified": [("seed 0", 0, False)],
                "files": lambda value, base: "run/noise.png" not in value,
            },
            "certificates",
        ),
    ],
    "picture": [
        Case(
            "--picture there.png",
            {"files"},
            {"files": lambda value, base: "there.png" in value and "run/noise.png" not in value},
            "certificates",
        ),
        Case(
            "--picture there.png",
            {"files"},
            {"files": lambda value, base: "there.png" in value},
            "battery",
        ),
    ],
    "json": [
        Case(
            "--json mine.json",
            {"files"},
            {"files": lambda value, base: "mine.json" in value},
            "battery",
        ),
        Case("--json -", {"JSON spoken"}, {"JSON spoken": True}, "certificates"),
    ],
}
CIRCUIT = {
    "preset": [
        Case("--preset paper-text", {"printed"}, {"printed": lambda v, base: "CX" in v}, "circuit"),
    ],
    "qubits": [
        Case("--qubits 4", {"printed"}, {"printed": lambda v, base: "q3" in v and "q4" not in v}),
    ],
    "qasm": [
        Case("--qasm c.qasm", {"files", "texts"}, {"texts": {"c.qasm": "2 qubits, 2 angles"}}),
    ],
    "picture": [
        Case(
            "--picture c.png",
            {"files", "texts"},
            {"texts": {"c.png": "picture of 2 qubits, 2 angles"}},
        ),
    ],
    "json": [
        Case("--json mine.json", {"files"}, {"files": ["mine.json"]}),
        Case("--json -", {"JSON spoken", "printed"}, {"JSON spoken": True}),
    ],
}
BENCH = {
    "quick": [Case("--quick", {"cells"}, {"cells": lambda value, base: value < base["cells"]})],
    "only": [
        Case("--only W2", {"workloads"}, {"workloads": ["W2"]}),
        Case("--only W1,T2", {"studies"}, {"studies": ["T2"]}),
    ],
    "peers": [Case("--peers none", {"peers", "pythons"}, {"peers": ["jqkd"]})],
    "peer_python": [
        Case(
            "--peer-python numpy=/bin/sh",
            {"pythons"},
            {"pythons": lambda value, base: value == base["pythons"] | {"numpy": "/bin/sh"}},
        ),
    ],
    "rounds": [Case("--rounds 3", {"turns"}, {"turns": 3})],
    "out": [
        Case("--out there", {"files"}, {"files": lambda v, base: "there/bench.json" in v}),
    ],
    "json": [
        Case("--json mine.json", {"files"}, {"files": lambda v, base: "mine.json" in v}),
        Case("--json -", {"JSON spoken"}),
    ],
}
# What was reported before the second call is not reported anew: its file is older.
BENCH_REPORT = {
    "out": [
        Case(
            "--out other",
            set(),
            {"~said": lambda value, base: "other/bench.md" in value},
        ),
    ],
    "readme": [Case("--readme README.md", {"readme"}, {"readme": ["bench"]})],
    "pictures": [
        Case(
            "--no-pictures", set(), {"~said": lambda v, b: "png" not in v and "png" in b["~said"]}
        ),
    ],
}
DEMONSTRATION = {
    "seeds": [Case("--seeds 2", {"seeds", "key"}, {"seeds": [0, 1]})],
    "preset": [
        Case(
            "--preset paper-text",
            {"config.preset", "config.head", "key"},
            {"config.preset": "paper-text"},
        ),
    ],
    "epochs": [Case("--epochs 3", {"config.epochs", "key"}, {"config.epochs": 3})],
    "picture": [Case("--picture there.png", {"files"}, {"files": ["there.png"]})],
    "json": [
        Case("--json mine.json", {"files"}, {"files": ["demo.png", "mine.json"]}),
        Case("--json -", {"JSON spoken"}),
    ],
}
# By the names that a user types.
TABLE = {
    "tables run": TABLES_RUN,
    "tables status": TABLES_STATUS,
    "verify": VERIFY,
    "tables report": TABLES_REPORT,
    "study run": STUDY_RUN,
    "study report": STUDY_REPORT,
    "crosscheck": CROSSCHECK,
    "circuit": CIRCUIT,
    "benchmarks": BENCH,
    "benchmarks report": BENCH_REPORT,
    "demo": DEMONSTRATION,
}
