"""Wrong commands by table: bad values for every option, from the commands' own signatures."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import cli as benchmarks
from jqkd.cli import (
    audit,
    circuit,
    crosscheck,
    data,
    demo,
    experiments,
    export,
    init,
    pack,
    predict,
    report,
    search,
    study,
    tables,
    teacher,
    train,
    verify,
)
from tests.command_lines import COMMANDS

FUNCTIONS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "teacher": teacher.teacher,
    "teacher import": teacher.import_command,
    "teacher answer": teacher.answer_command,
    "student": train.student,
    "audit": audit.audit,
    "run": experiments.run,
    "init": init.init,
    "search": search.search,
    "status": experiments.status,
    "list": experiments.list_parts,
    "verify": verify.verify,
    "pack": pack.pack,
    "predict": predict.predict,
    "export": export.export,
    "data import": data.import_,
    "data list": data.list_data,
    "data show": data.show,
    "data remove": data.remove,
    **dict.fromkeys(("report", "tables report", "study report"), report.report),
    "tables run": tables.run,
    "tables status": tables.status,
    "study run": study.run,
    "crosscheck": crosscheck.crosscheck,
    "circuit": circuit.circuit,
    "circuit import": circuit.import_,
    "circuit remove": circuit.remove,
    "benchmarks": benchmarks.measure,
    "benchmarks report": benchmarks.report,
}
# What a command needs besides the option that is wrong.
NEEDS = {
    "run": ["demo"],
    "init": ["new.toml"],
    "search": ["search.toml"],
    "study run": ["controls"],
    "verify": ["results"],
    "pack": ["results"],
}
NEEDS |= {"circuit import": ["own", "own.qasm"], "circuit remove": ["own"]}
NEEDS |= {"predict": ["folder", "digits"], "export": ["--to", "tensorboard", "folder"]}
NEEDS |= {"teacher import": ["--logits", "own.npz", "--dataset", "digits", "own"]}
NEEDS |= {"teacher answer": ["--dataset", "digits", "own.py:logits"]}
NEEDS |= {"data import": ["--split", "0.5,0.25,0.25", "own", "own.csv"]}
NEEDS |= {"data show": ["digits"], "data remove": ["digits"]}
_REPORTS = ("report", "tables report", "study report")
NEEDS |= {name: ["--out", "finished", "demo"] for name in ("status", *_REPORTS)}
READS = ("status", "tables status", "benchmarks report", *_REPORTS)

HUGE = "1" + "0" * 12
WHOLE = ("abc", "", "-1", "1.5", "nan", HUGE, "9" * 30)
REAL = ("abc", "", "nan", "inf", "-1", "1e300", "1e-40")
POSITIVE = ("learning_rate", "temperature")
# Seeds start at 0; all other numbers at 1.
FROM_ZERO = ("seed", "first_seed", "split_seed")
NOT_AT_HAND = ("", "file", "loop", "file/below", "x" * 300)
FOLDERS = (*NOT_AT_HAND, "gone", "gone/x", "a/" + "x" * 300, "/proc/nothing/x", "/dev/null/x")
FILES = ("", "folder", "loop", "file/below", "x" * 300, "gone", "/proc/nothing/x", "/dev/null")
PICTURES = (*FILES[:3], "file/x.png", "x.xyz", "x", ".png", "folder.png", "[red]/x.gif7")
TEXTS: dict[str, tuple[str, ...]] = {
    "preset": ("", "[red]", "nonsense", "robust/entangled", "Robust"),
    "dataset": ("", "cifar", "MNIST", "[/red]"),
    "classes": ("", "0-", "5-0", "0-99", "0", "a-b", "0,0", "0-5-7", "-1-5"),
    "teacher": ("", "swin", "lenet "),
    "arch": ("", "swin", "none"),
    "shots": ("", "0", "-5", "1.5", "nan", "all", "1e9", HUGE, "9" * 5000),
    "schedule": ("", "linear"),
    "augmentation": ("", "flip"),
    "recipe": ("", "hint"),
    "term": ("", "all"),
    "placebo": ("", "random"),
    "features": ("", "resnet", "conv:rate=1", "conv:dropout_rate"),
    "encoding": ("", "basis", "angle:turns=2", "angle:turn=x"),
    "ansatz": ("", "ring", "entangling:layers=many", "entangling:depth=2"),
    "readout": ("", "sigmoid", "softmax:scale=2"),
    "gradient": ("", "adjoint"),
    "stand_in": ("", "none", "quantum"),
    "test_noise": ("", "0.1", "depolarising:2", "ideal"),
    "allocation": ("", "fair", "ramp:start=1", "gcans:share=x"),
    "noise": ("", "0.1", "thermal:0.1", "depolarising:2", "readout", "depolarising:0.1,gates=CNOT"),
    "selection": ("", "last"),
    "json": FILES,
    "data": ("", "c", "a,", "a,a", "a,c"),
    "weights": ("", "c", "a,", "a,a"),
    "circuit import name": ("", "paper", "../own", "a b", "[red]", "x" * 65),
    "images": ("", "cifar", "file", "folder", "[red]", "missing.npz", "loop.npz"),
    **dict.fromkeys(
        ("track", "tracker"), ("", "tensorbord", "wandb:colour=1", "mlflow:uri", "[red]")
    ),
    "teacher import name": ("",),
    "model": ("", "own.py"),
    "channels": ("", "2-last", "1"),
    "mean": ("", "grey", "nan", "0,"),
    "std": ("", "grey", "0", "1,-1"),
    "views": ("", "flip:3", "mixup", "mixup:0", "none:3"),
    "called": ("", "../own", "a b", "[red]", "x" * 65),
    "sources": ("", "own.xyz", "missing.npz", "file", "gone.npy", "tfds:nothing"),
    "keys": ("", "x,y"),
    "label_column": ("", "species"),
    "drop": ("", "label,colour", ","),
    "class_names": ("", "a", "a,a", "a,b,", "a,[red]\x1b"),
    "split": ("", "most", "1", "0.5,0.5", "0.7,0.2,0.2", "1,0,0", "nan,0.5,0.5", "0.9,0.05,0.05"),
    "resize": ("", "0,4", "big"),
    "mode": ("", "CMYK"),
    "table": ("", "3", "one"),
    "rows": ("", "cifar*", ",", "[red]"),
    "ensemble": ("", "both"),
    "teachers": ("", "TYPO", "file", "folder", "[red]", "loop"),
    "name": ("", "gibberish", "ladde", "demo:epoch=1", "demo:epochs=no", "no.toml", "[red]"),
    "arms": ("", "cifar*", ",", "[red]"),
    "on": (
        *("", "cluster", "processes:workers=0", "here:workers=2", "slurm:time=long", "slurm"),
        *("dask://", "dask://node:port", "dask://127.0.0.1:9"),
    ),
    "plugin": ("", "missing.py", "no_such_module_at_all", "file", "folder", "binary"),
    "datasets": ("", "cifar", "mnist,", "mnist;digits"),
    "variants": ("", "nonsense*", "[red]"),
    "only": ("", "X9", "W1,", "w1"),
    "peers": ("", "cirq", "none,numpy"),
    "peer_python": ("", "aer", "cirq=python", "aer=/nowhere/python", "aer=", "=python"),
}
# Sentences that name what was given without the option: it can come from only one.
UNNAMED = {
    "sources": "`source`",
    "rows": "`--arms` must match arms",
    "called": "`name` must be",
    "variants": "`--arms` must match arms",
    "datasets": "`--datasets`|`--arms`",
    "on": "`workers`|`address`|There is no Dask scheduler at 127.0.0.1:9, or it cannot be",
    "only": "There is nothing called",
    "peers": "There is no peer",
    "peer_python": "--peer-python|There is no peer",
}


def kind_of(command: str, name: str) -> typing.Any:
    """int, float, str, Path, bool or list, of a parameter."""
    hint = typing.get_type_hints(FUNCTIONS[command])[name]
    parts = [part for part in typing.get_args(hint) if part is not type(None)]
    return parts[0] if parts else hint


def bad_values(command: str, name: str) -> tuple[str, ...]:
    """What an option cannot be."""
    kind = kind_of(command, name)
    if name == "shot_budget":
        # A million million shots is not too many.
        return ("", "0", "-1", "x", "1.5", str(2**63))
    if kind is int:
        return WHOLE if name in FROM_ZERO else (*WHOLE, "0")
    if kind is float:
        return (*REAL, "0") if name in POSITIVE else REAL
    if kind is Path:
        reads = name in ("run", "data_dir") or (name == "out" and command in READS)
        kinds = {
            "config": (*NOT_AT_HAND, "folder", "binary", "missing"),
            "picture": PICTURES,
            "qasm": FILES,
            "source": (*NOT_AT_HAND, "folder", "binary", "missing.qasm", "a.qasm;"),
            "file": (*FILES, "classes.txt", "classes"),
            "readme": (*FILES, "missing.md", "binary"),
            "logits": ("",),
        }
        return NOT_AT_HAND if reads else kinds.get(name, FOLDERS)
    return () if kind is bool else TEXTS.get(f"{command} {name}", TEXTS.get(name, ()))


def families() -> Iterator[tuple[str, list[str], str]]:
    """Identifier, words and what the sentence must match, for every option of every command."""
    for command, described in COMMANDS.items():
        places = [p.name for p in described.params if not p.opts[0].startswith("-")]
        for param in described.params:
            if param.name == "help":
                continue
            option = max(param.opts, key=len)
            is_option = option.startswith("-")
            if (command, param.name) == ("data import", "name"):
                continue  # These are good names; bad ones are tried elsewhere.
            for value in bad_values(command, param.name):
                words = [*command.split(), *NEEDS.get(command, [])]
                if is_option:
                    words += [f"{option}={value}"]
                else:
                    words[len(words) - len(places) + places.index(param.name)] = value
                names = [f"`{option}`" if is_option else f"`({param.name}|NAME)`"]
                names += [UNNAMED[param.name]] if param.name in UNNAMED and value else []
                yield f"{command} {option} {value[:24]}", words, "|".join(names)
        words = [*command.split(), *NEEDS.get(command, [])]
        yield f"{command} unknown", [*words, "--colour", "blue"], "No such option: --colour"
        last = [p.opts[0] for p in described.params if kind_of_or_flag(command, p) is not bool]
        if last:
            yield f"{command} cut short", [*words, last[-1]], f"'{last[-1]}' requires an argument"
        if command not in ("benchmarks", "circuit", "data import", "teacher"):
            yield f"{command} more", [*words, "extra"], r"unexpected extra argument.*\(extra\)"


def kind_of_or_flag(command: str, param: typing.Any) -> typing.Any:
    """``bool`` for what takes no value."""
    if param.name == "help" or not param.opts[0].startswith("-"):
        return bool
    return kind_of(command, param.name)


# What two options, or an option and a folder, make wrong together.
SINGLE = [
    ("studnt", "No such command 'studnt'; perhaps 'student' or"),
    ("tables rum", "No such command 'rum'"),
    ("benchmarks repor", "No such command 'repor'"),
    ("bench --quick", "No such command 'bench'"),
    ("[red]", r"No such command '\[red\]'"),
    ("student --qubit 3", "No such option: --qubit; perhaps --qubits is meant"),
    ("student --classes 0-7 --qubits 2", "8 classes need at least 3, but 2 was given"),
    ("student --first-seed 4294967295 --seeds 2", "`--first-seed` must leave room for all"),
    ("student --batch-size 65536 --qubits 10 --preset paper-text", "`--batch-size` must be so"),
    ("student --epochs 1000000 --per-class 5000", "`--epochs` must be so small that all fits"),
    ("student --stand-in closed-form --shots 10", "`--shots` must be exact"),
    (
        "student --noise thermal-relaxation:t1=1,t2=3",
        "`--noise` holds `t2`, which must be at most 2",
    ),
    (
        "student --noise readout:0.1 --test-noise readout:0.1",
        "`--test-noise` must be another than it learns under",
    ),
    ("student --test-noise depolarising:0.1 --qubits 9", "at most 8 qubits where its density"),
    ("student --shots exact --allocation ramp", "`--allocation` must be left out where no shots"),
    ("student --allocation ramp:first=0", "`first` must be an integer of at least 1, but 0"),
    ("student --allocation gcans:share=-1", "`share` must be a finite number above 0, but -1"),
    ("student --shots 100 --shot-budget 1000", "`--shot-budget` must pay for a step"),
    ("student --noise depolarising:0.1 --qubits 9", "at most 8 qubits where its density matrix"),
    (
        "student --noise readout:0.1 --stand-in closed-form --shots exact",
        "`--noise` must not be given where closed-form takes the circuit's place",
    ),
    ("student --stand-in classical --qubits 11", "`--qubits` must be at most"),
    (
        "student --ansatz ring",
        "`--ansatz` must be one of none, paper, hardware-efficient, entangling.*, but 'ring' was "
        "given; name the file or module that registers it with --plugin.$",
    ),
    ("student --ansatz entanglin", "was given; perhaps 'entangling' is meant.$"),
    ("student --preset own", "`--preset` must be one of .* but 'own' was given.$"),
    ("student --teacher swin", "lenet.* none, but 'swin' was given; name the file .* --plugin.$"),
    ("teacher --dataset cifar", "digits.* but 'cifar' was given; name the file .* --plugin.$"),
    ("run gibberish", "`name` must be one of .* was given; name the file .* --plugin.$"),
    ("student --ansatz entangling:depth=2", r"options that entangling has \(layers\), but depth"),
    ("student --stand-in closed-form --ansatz entangling", "`--stand-in` must be left out where"),
    ("student --plugin broken.py", "`--plugin` must be .* can be imported, .*ZeroDivisionError"),
    ("student --plugin one.py --plugin two.py", "no other ansatz has, but 'mine', which plug-in"),
    (
        "crosscheck --run stranger",
        "from plug-in far.py .*, which is not loaded; name it with --plu",
    ),
    ("audit --run stranger", "from plug-in far.py .*, which is not loaded; name it with --plugin"),
    ("student --config colour.toml", "`field of the file` must be one of .*'colour' was given"),
    (
        "student --config three.toml --epochs 3",
        "`--epochs` must not be given where the file of `--",
    ),
    ("student --config alone.toml", "`--weight` must not be given with teacher none"),
    ("student --config quoted.toml", "`--epochs` must be a number in quoted.toml, but '3' was"),
    ("student --config half.toml", "`--epochs` must be an integer, but '1.5' was given"),
    (
        "student --config list.toml",
        r"`--classes` must be a text or number in list.toml, but \[0, 1",
    ),
    ("student --config nothing.toml", "`--ansatz` must not be empty in nothing.toml"),
    (
        "audit --run stranger --config three.toml",
        "`--(config|epochs)` must not be given with `--ru",
    ),
    ("student --out same --json same", "`--json` must lie elsewhere than `--out`"),
    ("student --out same/x --json same", "`--json` must lie elsewhere than `--out`"),
    ("student --out damaged --dataset digits --classes 0-1 --qubits 1", "checkpoints.* damaged"),
    ("demo --picture same.png --json same.png", "must lie elsewhere than"),
    ("circuit --qasm same.png --picture same.png", "must lie elsewhere than"),
    ("circuit --stand-in classical", "No such option: --stand-in"),
    ("circuit --ansatz frozen:seed=x", "`--ansatz` must have an integer as its option seed"),
    ("circuit --qubits 1000000000000", r"take 2\*\*1000000000003 bytes of memory"),
    ("circuit imprt own own.qasm", "No such command 'imprt'; perhaps 'import' is meant"),
    ("circuit --qubits 2 import own own.qasm", "`--qubits` must not be given before `import`"),
    ("circuit import paper own.qasm", "`NAME|`name` must be a name that no ansatz of jqkd has"),
    ("circuit import ../own own.qasm", "`NAME|`name` must be letters, digits"),
    ("circuit import own measured.qasm", "have no operation after a measurement, but h was"),
    ("circuit import own reset.qasm", "the gate reset was given; measure at the end only"),
    ("circuit import own sine.qasm", "could not be read .*FunctionCall"),
    ("circuit import own wide.qasm", "`circuit` must be at most 10: a student has one class per"),
    ("circuit import own own.qasm --data a --weights b,a", "`--weights` must name .*a twice"),
    ("circuit import own own.qasm --data a --weights a", "`--weights` must name .*neither of b"),
    ("circuit --ansatz own", "`--ansatz` must be one of none, paper"),
    ("circuit --qubits 11", r"take 16\.0 KiB of memory"),
    ("crosscheck --students 2", "`--students` must (not )?be given with"),
    ("crosscheck --no-noise", "`--(no-)?noise` must (not )?be given with"),
    ("crosscheck --run folder --quick", "`--quick` must (not )?be given with"),
    ("crosscheck --run folder --no-noise --picture a.png", "`--picture` must (not )?be given with"),
    ("crosscheck --run folder", "has no result.json"),
    ("crosscheck --run nowhere", "has no result.json"),
    ("crosscheck --run not-json", "is damaged"),
    ("crosscheck --run a-list", "is damaged"),
    ("crosscheck --run null", "is damaged"),
    ("crosscheck --run empty", "is damaged"),
    ("crosscheck --run deep", "is damaged"),
    ("crosscheck --run bytes", "is damaged"),
    ("crosscheck --run other", "is a teacher result"),
    ("crosscheck --run a-folder", "is damaged"),
    ("crosscheck --run texts", "is damaged"),
    ("crosscheck --run older", "was made by version 1 of the algorithm"),
    ("crosscheck --run no-checkpoint", "has no checkpoint"),
    ("audit --run deep", "is damaged"),
    ("audit --run folder --seeds 3", "`--seeds` must not be given with `--run`"),
    ("run", "`NAME` must be given, but is missing"),
    ("run wrong.toml", "`--qubits` must be an integer"),
    ("run grids.toml", r"`--arms` must make at most 10,000 jobs, .*300,000 in all, .* say --yes"),
    ("run ladder --seeds 1000", "`--arms` must make at most 10,000 jobs"),
    ("run empty.toml", "`--temperature` must hold one value or more"),
    ("init search.toml", "`file` must be a new file, but search.toml, which exists, was given"),
    ("init demo.toml", "`name` must be a text .* that no experiment of jqkd has"),
    ("search wrong.toml", "`--qubits` must be an integer"),
    ("search lists.toml", "`search` must be a table of the file"),
    ("run paper-text:shots=notebook", "`--shots` must be a number or exact where"),
    (
        "run demo --teachers shipped",
        "`--teachers` must be train, shipped|There is no lenet digits 0-1|made by version 1 of",
    ),
    ("run demo --out older-store", "made by version 1 of the algorithm, but this is version"),
    ("run demo --out tables", "made by version 1 of the algorithm, in the layout of jqkd 0.1"),
    ("run demo --plugin taken.py", "`--?plugin|`name` must be a name that no other executor has"),
    ("status --out folder", "has no store.json"),
    ("status nothing --out finished", "`name|NAME` must be an experiment that finished was asked"),
    ("report --out folder", "has no store.json"),
    ("report --out finished ladder", "`name|NAME` must be an experiment that finished was asked"),
    ("report --out finished --readme plain.md", "lacks the lines"),
    ("report --out finished --to file", "`--to` must be a folder that can be written"),
    ("report --out finished --no-pictures --data-dir folder", "`--data-dir` must not be given"),
    ("tables report --out tables", "in the layout of jqkd 0.1"),
    ("tables run --preset paper-text --shots notebook", "`--shots` must be a number or exact"),
    ("tables status --out tables", "in the layout of jqkd 0.1"),
    ("verify folder", "has no store.json"),
    ("verify nowhere", "has no store.json"),
    ("verify tables", "made by version 1 of the algorithm, in the layout of jqkd 0.1"),
    ("verify older-store", "made by version 1 of the algorithm, but this is version"),
    ("verify", "`FOLDER` must be given, but is missing"),
    ("pack folder", "has no store.json"),
    ("pack", "`FOLDER` must be given, but is missing"),
    ("predict nowhere digits", "`folder` must be one that .* nowhere has no result.json"),
    ("predict older digits", "was made by version 1 of the algorithm"),
    ("predict stranger digits", "from plug-in far.py .*, which is not loaded; name it with --plug"),
    ("predict no-checkpoint digits", "has no checkpoint"),
    ("predict folder bad.npz", "bad.npz cannot be read or is damaged"),
    (
        "predict folder objects.npz",
        "objects.npz cannot be read or is damaged: images.npy holds object",
    ),
    (
        "predict folder strange.npz",
        "strange.npz .* is damaged: it holds arrays that are not expected",
    ),
    ("predict folder unlike.npz", r"`labels` must have shape \(2,\), but shape \(3,\) was given"),
    ("predict folder missing.npz", "`images` must be a file that exists, or a data set, but"),
    ("predict folder", "`IMAGES` must be given, but is missing"),
    ("predict folder digits --seed 3", "`--seed` must not be given without `--shots`"),
    ("export folder --to tensorboard", "`folder` must be one that .* has no result.json"),
    ("export folder", "`--to` must be given, but is missing"),
    ("export older-store --to tensorboard", "`folder` must be a store with results, but older-sto"),
    ("student --track tensorbord", "`--track` must be one of .*; perhaps 'tensorboard' is meant"),
    ("benchmarks --out x report", "`--out` must (stand after|not be given before) `"),
    ("benchmarks report --out folder", "holds no bench.json"),
    ("benchmarks report --out not-bench", "is damaged"),
]


def cases() -> list[tuple[str, list[str], str]]:
    """All of them."""
    empty = [
        (f"{command} {option} empty", [*command.split(), option, ""], f"`{option}` must not be")
        for command in ("student", "crosscheck", "benchmarks")
        for option in ("--out" if command != "crosscheck" else "--run", "--json")
    ]
    single = [(words, words.split(), pattern) for words, pattern in SINGLE]
    return [*families(), *empty, *single]
