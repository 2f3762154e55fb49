"""Every option of every other command, as ``option_table`` has those that train."""

from __future__ import annotations

from dataclasses import replace

from tests.cli.option_table import PLUGIN, Case

DEMO = "run demo --out out --seeds 2 --block 2"
PLACEBOS = "run placebos:datasets=digits,classes=0-1,qubits=2 --out out --seeds 2 --block 2"
_OTHER = "run placebos:datasets=digits,classes=0-1,qubits=1 --out other --seeds 3 --block 2"
_TWO = (PLACEBOS, DEMO, _OTHER)
_OF_STUDY = "--datasets digits --out out --seeds 2 --block 2"
_BENCH = "benchmarks --only W1 --peers numpy --rounds 2 --out out"
_LENETS = "run paper-code --arms mnist-0-5-*lenet --out out --seeds 1 --block 1"
BASES = {
    "run": (DEMO, {}),
    "lenet": (_LENETS, {}),
    "placebos": (PLACEBOS, {}),
    "many": ("run ladder:datasets=digits,classes=0-1,qubits=2 --seeds 1000 --dry-run", {}),
    "init": ("init", {}),
    "search": ("search mine.toml --trials 2 --out out", {"before": ("init mine.toml",)}),
    "damaged": (DEMO, {"before": (DEMO,), "damaged": True}),
    "status": ("status --out out", {"before": _TWO}),
    "report": ("report --out out", {"before": _TWO}),
    "tables demo": ("tables run --table demo --out out --seeds 2 --block 2", {}),
    "tables": ("tables run --out out --seeds 1 --block 1", {}),
    "tables status": ("tables status --out out", {"before": _TWO}),
    "study": (f"study run controls {_OF_STUDY}", {}),
    "verify": ("verify out --sample 2", {"before": _TWO}),
    "pack": ("pack out", {"before": _TWO}),
    "list": ("list", {}),
    "battery": ("crosscheck", {}),
    "certificates": ("crosscheck --run run", {}),
    "circuit": ("circuit --qubits 2", {}),
    "circuit import": ("circuit import own own.qasm", {}),
    "circuit import, again": ("circuit import own own.qasm", {"before": "RZ"}),
    "circuit remove": ("circuit remove own", {"before": "RZ"}),
    "teacher import": ("teacher import own --logits own.npz --dataset mnist", {}),
    "teacher answer": ("teacher answer own.py:logits --dataset mnist", {}),
    "benchmarks": (_BENCH, {}),
    "benchmarks report": (
        "benchmarks report --out out",
        {"before": (_BENCH, _BENCH.replace("--out out", "--out other"))},
    ),
    "demo": ("demo --epochs 2", {}),
    "predict": ("predict run mnist", {}),
    "export": ("export run --to tensorboard", {}),
}


def _teachers(*epochs: tuple[str, int]):
    """Epochs of every teacher that is trained, by its architecture."""
    return lambda value, base: {(one[0], one[3]) for one in value} == set(epochs)


def _all(place: int, wanted):
    """Of how students are trained, one fact of all of them."""
    return lambda value, base: {one[place] for one in value} == {wanted}


def _in_there(value, base):
    return all(name.startswith("there/") for name in value if name != "mine.toml")


PAPER = ("lenet", 10), ("alexnet", 10), ("ensemble", 10)
_WORK = {"jobs", "tasks", "how", "who", "seeds", "blocks", "data"}
_DRY = Case(
    "--dry-run",
    {*_WORK, "planned", "files", "folder", "asked", "teachers", "executor"},
    {"files": [], "planned": True},
    "run",
)
RUN = {
    # An argument: it takes the place of the base's.
    "name": [
        Case(
            "demo:epochs=3",
            {"how", "asked"},
            {"how": _all(1, 3), "asked": [("demo:epochs=3", 2, 1, ())]},
            "run",
            without="demo",
        ),
    ],
    "arms": [
        Case(
            "--arms *-alone",
            {"jobs", "tasks", "how", "who", "asked", "teachers"},
            {"asked": [("demo", 2, 1, ("*-alone",))], "teachers": []},
            "run",
        ),
    ],
    "seeds": [
        Case(
            "--seeds 3",
            {"seeds", "jobs", "tasks", "blocks", "asked"},
            {"seeds": [0, 1, 2], "asked": [("demo", 3, 1, ())]},
            "run",
        ),
    ],
    "teacher_seeds": [
        # Students have the first teacher, however many there are.
        Case(
            "--teacher-seeds 3",
            {"teachers", "jobs", "tasks", "asked"},
            {"teachers": lambda value, base: sorted(one[-1] for one in value) == [0, 1, 2]},
            "lenet",
        ),
    ],
    "out": [Case("--out there", {"folder", "files"}, {"folder": "there"}, "run")],
    "on": [Case("--on processes", {"executor"}, {"executor": "Processes"}, "run")],
    "block": [Case("--block 1", {"blocks", "tasks"}, {"blocks": [1]}, "run")],
    "teachers": [
        Case("--teachers shipped", {"from"}, {"from": ["shipped"]}, "run"),
        Case("--teachers my/results", {"from"}, {"from": ["my/results"]}, "run"),
    ],
    "dry_run": [_DRY],
    "yes": [Case("--yes", {"exit", "planned"}, {"exit": 0, "planned": True}, "many")],
    "redo": [
        Case(
            "--redo",
            {*_WORK, "exit", "executor"},
            {"exit": 0, "jobs": 1},
            "damaged",
        ),
    ],
    "data_dir": [
        Case("--data-dir my/images", {"data"}, {"data": [("mnist", "my/images")]}, "lenet"),
    ],
    "plugin": [Case(PLUGIN, {"files"}, {}, "run")],
}
STATUS = {
    "name": [
        Case(
            "demo",
            set(),
            {"~said": lambda value, base: "placebos" not in value and "placebos" in base["~said"]},
            "status",
        ),
    ],
    "out": [
        Case(
            "--out other",
            set(),
            {"~said": lambda value, base: "other: " in value and "out: demo" in base["~said"]},
            "status",
        ),
    ],
    "plugin": [Case(PLUGIN, {"files"}, {}, "status")],
}
INIT = {
    "file": [Case("other.toml", {"files"}, {"files": ["other.toml"]}, "init")],
}
SEARCH = {
    # An argument: it takes the place of the base's.
    "name": [Case("./mine.toml", set(), {}, "search", without="mine.toml")],
    "trials": [Case("--trials 3", {"jobs", "tasks"}, {"tasks": 5}, "search")],
    "out": [Case("--out there", {"files"}, {"files": _in_there}, "search")],
    "data_dir": [
        Case("--data-dir my/images", {"data"}, {"data": [("digits", "my/images")]}, "search"),
    ],
    "plugin": [Case(PLUGIN, {"files"}, {}, "search")],
}
LIST = {"plugin": [Case(PLUGIN, {"files"}, {}, "list")]}
PACK = {
    # An argument: it takes the place of the base's.
    "folder": [
        Case(
            "other",
            set(),
            {"~said": lambda value, base: "other: " in value and "out: " in base["~said"]},
            "pack",
            without="out",
        ),
    ],
}
VERIFY = {
    # An argument: it takes the place of the base's.
    "folder": [
        Case(
            "other",
            {"replayed"},
            {"~said": lambda value, base: "other: 2" in value and "out: 2" in base["~said"]},
            "verify",
            without="out",
        ),
    ],
    "sample": [Case("--sample 3", {"sample", "replayed"}, {"sample": 3}, "verify")],
    "seed": [Case("--seed 5", {"replayed"}, {}, "verify")],
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
    "plugin": [Case(PLUGIN, {"files"}, {}, "verify")],
}
TABLES_RUN = {
    "table": [
        Case(
            "--table 2",
            {"asked", "teachers", "who", "data", "jobs", "tasks"},
            {"data": [("fashion_mnist", None)]},
            "tables",
        ),
    ],
    "rows": [
        Case(
            "--rows *-0-5-*lenet",
            {"asked", "teachers", "who", "how", "jobs", "tasks"},
            {"asked": [("paper-code", 1, 1, ("*-0-5-*lenet",))]},
            "tables",
        ),
    ],
    "preset": [
        Case(
            "--preset paper-text",
            {"asked", "how", "jobs", "tasks"},
            {"how": _all(0, "paper-text")},
            "tables demo",
        ),
    ],
    "shots": [
        Case("--shots 70", {"asked", "how"}, {"how": _all(2, 70)}, "tables demo"),
        Case("--shots exact", {"asked", "how"}, {"how": _all(2, None)}, "tables demo"),
        # Each row's own; all of the small table's have 5000.
        Case("--shots notebook", {"asked", "how", "jobs", "tasks"}, base="tables"),
    ],
    "epochs": [
        Case("--epochs 3", {"asked", "how"}, {"how": _all(1, 3)}, "tables demo"),
    ],
    "ensemble": [
        Case(
            "--ensemble joint",
            {"asked", "teachers", "who"},
            {"teachers": _teachers(*PAPER[:2], ("joint-ensemble", 10))},
            "tables",
        ),
    ],
    "lenet_epochs": [
        Case(
            "--lenet-epochs 3",
            {"asked", "teachers"},
            {"teachers": _teachers(("lenet", 3))},
            "tables demo",
        ),
    ],
    "alexnet_epochs": [
        Case(
            "--rows *-alexnet --alexnet-epochs 3",
            {"asked", "teachers", "who", "how", "jobs", "tasks"},
            {"teachers": _teachers(("alexnet", 3))},
            "tables",
        ),
    ],
}
_OUT = "placebos-datasets=digits-classes=0-1-qubits=2"
REPORT = {
    "name": [Case("demo", {"drawn"}, {"drawn": ["out/reports/demo"]}, "report")],
    "out": [
        Case(
            "--out other",
            {"files", "drawn"},
            {"files": lambda value, base: "other/reports" in value and "out/reports" not in value},
            "report",
        ),
    ],
    "to": [
        Case(
            "--to there",
            {"files", "drawn"},
            {"drawn": ["there/demo", f"there/{_OUT}"]},
            "report",
        ),
    ],
    "readme": [
        Case(
            "--readme README.md",
            {"readme"},
            {"readme": [f"experiment {_OUT}", "experiment demo"]},
            "report",
        ),
    ],
    "pictures": [Case("--no-pictures", {"drawn", "data"}, {"drawn": []}, "report")],
    "data_dir": [
        Case("--data-dir my/images", {"data"}, {"data": [("digits", "my/images")]}, "report")
    ],
    "plugin": [Case(PLUGIN, {"files"}, {"files": lambda value, base: "loaded" in value}, "report")],
}
TABLES_STATUS = {"out": [Case("--out other", set(), STATUS["out"][0].exact, "tables status")]}
STUDY_RUN = {
    # An argument: it takes the place of the base's.
    "name": [
        Case(
            f"recipes {_OF_STUDY}",
            {"asked", "how", "jobs", "tasks", "answers"},
            {"asked": [("recipes:datasets=digits", 2, 1, ("digits-*",))]},
            "study",
            without=f"controls {_OF_STUDY}",
        ),
    ],
    "datasets": [
        Case(
            "--datasets mnist,fashion_mnist",
            {"asked", "who", "data", "teachers", "jobs", "tasks"},
            {"data": [("fashion_mnist", None), ("mnist", None)]},
            "study",
        ),
    ],
    "variants": [
        Case(
            "--variants shuffled",
            {"asked", "how", "jobs", "tasks"},
            {"how": lambda value, base: {how[-1] for how in value} == {"none", "shuffled"}},
            "study",
        ),
    ],
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
    "plugin": [Case(PLUGIN, {"files"}, {"files": lambda v, base: "loaded" in v}, "battery")],
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
CIRCUIT_IMPORT = {
    "name": [],
    "source": [],
    "data": [
        Case(
            "--data a",
            {"printed", "shelf"},
            {
                "printed": lambda v, base: (
                    "RY(w0)─RX(x0)" in v and "RY(x0)─RX(x1)" in base["printed"]
                )
            },
        ),
    ],
    "weights": [
        Case("--weights b,a", {"printed", "shelf"}, {"printed": lambda v, base: "RX(w1)" in v}),
    ],
    "replace": [
        Case(
            "--replace",
            {"exit", "printed", "shelf"},
            {"exit": 0, "shelf": lambda v, base: len(v) == 1 and v != base["shelf"]},
            "circuit import, again",
        ),
    ],
}
CIRCUIT = {
    "preset": [
        Case("--preset paper-text", {"printed"}, {"printed": lambda v, base: "CX" in v}, "circuit"),
    ],
    "qubits": [
        Case("--qubits 4", {"printed"}, {"printed": lambda v, base: "q3" in v and "q4" not in v}),
    ],
    "encoding": [
        Case("--encoding angle:axis=X", {"printed"}, {"printed": lambda v, base: "RX(x0)" in v}),
    ],
    "ansatz": [
        Case("--ansatz frozen", {"printed"}, {"printed": lambda v, base: "CZ" in v}),
        Case("--ansatz frozen:seed=5", {"printed"}, {"printed": lambda v, base: "CZ" in v}),
    ],
    "plugin": [Case(PLUGIN, {"files", "texts"}, {"files": ["loaded"]})],
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
    "patience": [Case("--patience 7", {"patience"}, {"patience": 7.0})],
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
            {"config.preset", "config.readout", "key"},
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
PREDICT = {
    # Arguments: they take the places of the base's.
    "folder": [],
    "images": [Case("digits", {"read"}, {"read": ("digits", None)}, without="mnist")],
    "shots": [Case("--shots 9", {"drawn"}, {"drawn": (9, 0)})],
    "seed": [Case("--shots 9 --seed 5", {"drawn"}, {"drawn": (9, 5)})],
    "csv_file": [Case("--out c.csv", {"files"}, {"files": lambda v, base: "c.csv" in v})],
    "data_dir": [Case("--data-dir my/images", {"read"}, {"read": ("mnist", "my/images")})],
    "plugin": [Case(PLUGIN, {"files"}, {"files": lambda v, base: "loaded" in v})],
    "json": [
        Case("--json mine.json", {"files"}, {"files": lambda v, base: "mine.json" in v}),
        Case("--json -", {"JSON spoken"}, {"JSON spoken": True}),
    ],
}
EXPORT = {
    "folder": [],
    "tracker": [Case("--to wandb", {"tracker"}, {"tracker": "wandb"}, without="--to tensorboard")],
    "plugin": [Case(PLUGIN, {"files"}, {"files": lambda v, base: "loaded" in v})],
}
_ANY_TEACHER = {
    "dataset": [
        Case("--dataset fashion_mnist", {"dataset"}, {}, without="--dataset mnist"),
    ],
    "classes": [Case("--classes 0-5", {"classes"}, {"classes": "0-5"})],
    "replace": [Case("--replace", {"replace"}, {"replace": "True"})],
    "data_dir": [Case("--data-dir my/images", {"data_dir", "shown"}, {"data_dir": "my/images"})],
    "plugin": [Case(PLUGIN, {"files"}, {"files": ["loaded"]})],
    "json": [
        Case("--json mine.json", {"files"}, {"files": ["mine.json"]}),
        Case("--json -", {"JSON spoken"}, {"JSON spoken": True}),
    ],
}


def _of(command: str):
    return {k: [replace(c, base=command) for c in cases] for k, cases in _ANY_TEACHER.items()}


TEACHER_IMPORT = _of("teacher import") | {
    "name": [],
    "logits": [
        Case("--logits other.npz", {"logits"}, {}, "teacher import", without="--logits own.npz"),
    ],
}
TEACHER_ANSWER = _of("teacher answer") | {
    "model": [],
    "called": [Case("--name mine", {"name"}, {"name": "mine"}, "teacher answer")],
    **{
        name: [Case(f"--{name.replace('_', '-')} {value}", {name}, {name: value}, "teacher answer")]
        for name, value in {
            "resize": "32",
            "channels": "3-first",
            "mean": "0.5,0.25",
            "std": "0.5",
            "views": "mixup:3",
            "per_class": "50",
        }.items()
    },
}
# By the names that a user types.
TABLE = {
    "run": RUN,
    "status": STATUS,
    "report": REPORT,
    "tables report": REPORT,
    "study report": REPORT,
    "list": LIST,
    "init": INIT,
    "search": SEARCH,
    "verify": VERIFY,
    "pack": PACK,
    "tables run": TABLES_RUN,
    "tables status": TABLES_STATUS,
    "study run": STUDY_RUN,
    "crosscheck": CROSSCHECK,
    "circuit": CIRCUIT,
    "circuit import": CIRCUIT_IMPORT,
    "circuit remove": {"name": []},
    "teacher import": TEACHER_IMPORT,
    "teacher answer": TEACHER_ANSWER,
    "benchmarks": BENCH,
    "benchmarks report": BENCH_REPORT,
    "demo": DEMONSTRATION,
    "predict": PREDICT,
    "export": EXPORT,
}
