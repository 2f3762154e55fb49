"""Wrong teachers: each one sentence, exit code 2, and nothing left behind."""

from __future__ import annotations

import re

import numpy as np
import pytest

from jqkd.data import load
from jqkd.training.teacher_import import import_teacher
from tests.cli.test_wrong_commands import listing

pytestmark = pytest.mark.quick
FUNCTIONS = """
import numpy as np

known = 10


def raises(images):
    raise KeyError("no such\\nlayer")


def flat(images):
    return np.zeros(len(images))


def ragged(images):
    return [[0.0], [0.0, 1.0]]


def few(images):
    return np.zeros((len(images) // 2, 10))


def wide(images):
    return np.zeros((len(images), 7))


def nan(images):
    return np.full((len(images), 10), np.nan)


def alike(images):
    return np.tile(np.arange(10.0) - 5, (len(images), 1))


def shares(images):
    return np.full((len(images), 10), 0.1)


def batch(images):
    return images.reshape(len(images), -1)[:, 300:310] - images.mean() * len(images)
"""


def arrays(**changes):
    """A teacher that is right: what a file holds, but for some changes."""
    data, made = load("digits"), {}
    for part in ("train", "test"):
        labels = getattr(data, f"{part}_labels")
        made[f"{part}_ids"] = np.arange(len(labels))
        made[f"{part}_logits"] = 4 * np.eye(10, dtype=np.float32)[labels] - 1
    return made | {key: change(made) for key, change in changes.items()}


def with_number(key, number):
    def change(made):
        changed = made[key].copy()
        changed[7, ..., :1] = number
        return changed

    return change


def with_id(key, row, number):
    return lambda made: np.where(np.arange(len(made[key])) == row, number, made[key])


def softmax(made):
    shares = np.exp(made["train_logits"])
    return shares / shares.sum(1, keepdims=True)


FILES = {
    "nan": arrays(train_logits=with_number("train_logits", np.nan)),
    "inf": arrays(test_logits=with_number("test_logits", -np.inf)),
    "huge": arrays(test_logits=with_number("test_logits", 1e9)),
    "unknown": arrays(test_ids=with_id("test_ids", 3, 90_000)),
    "negative": arrays(train_ids=with_id("train_ids", 3, -1)),
    "twice": arrays(train_ids=with_id("train_ids", 3, 4)),
    "short": {k: a[:-2] if "train" in k else a for k, a in arrays().items()},
    "shares": arrays(train_logits=softmax),
    "relu": arrays(train_logits=lambda made: np.maximum(made["train_logits"], 0)),
    "shuffled": arrays(test_ids=lambda made: np.roll(made["test_ids"], 1)),
    "wide": {k: np.tile(a, 2) if "logits" in k else a for k, a in arrays().items()},
    "floats": arrays(test_ids=lambda made: made["test_ids"] / 2),
    "integers": arrays(test_logits=lambda made: made["test_logits"].astype(int)),
    "other-length": arrays(test_ids=lambda made: made["test_ids"][1:]),
    "cube": arrays(test_logits=lambda made: made["test_logits"][:, None]),
    "good": arrays(),
    "louder": arrays(test_logits=lambda made: 2 * made["test_logits"]),
    "lacks": {k: a for k, a in arrays().items() if k != "test_ids"},
    "more": arrays() | {"extra": np.zeros(2)},
    "objects": arrays(test_logits=lambda made: made["test_logits"].astype(object)),
    "bomb": arrays(test_logits=lambda made: np.zeros((5000, 1000), np.float32)),
}
IMPORT = "teacher import new --dataset digits --logits"
ANSWER = "teacher answer --dataset digits"
# Command -> what its sentence says.
WRONG = {
    f"{IMPORT} nowhere.npz": "`--logits` must be an .npz file that is there, but nowhere.npz",
    f"{IMPORT} functions.py": "functions.py .*zip.*; save train_ids, train_logits",
    f"{IMPORT} cut.npz": "cut.npz",
    f"{IMPORT} lacks.npz": "lacks test_ids; save",
    f"{IMPORT} more.npz": "arrays that are not expected",
    f"{IMPORT} objects.npz": "test_logits.npy holds object",
    f"{IMPORT} bomb.npz": "too large",
    f"{IMPORT} nan.npz": "`train_logits` must be finite .*but nan for image 7 .1 such",
    f"{IMPORT} inf.npz": "`test_logits` must be finite .*but -inf for image 7",
    f"{IMPORT} huge.npz": "at most 65504, but 1000000000.0 for image 7",
    f"{IMPORT} unknown.npz": r"`test_ids` must name digits's test .*that it has not .*90000",
    f"{IMPORT} negative.npz": r"`train_ids` must name .*1 that it has not \(the first is -1\)",
    f"{IMPORT} twice.npz": r"`train_ids` .*1 given twice \(the first is 4\)",
    f"{IMPORT} short.npz": "`train_ids` .*2 missing",
    f"{IMPORT} shares.npz": r"but probabilities, .*; take their logarithm, np.log\(np.clip",
    f"{IMPORT} relu.npz": "`train_logits` must be .*but no number below 0 was given; .*ReLU",
    f"{IMPORT} shuffled.npz": "right more often than by guessing .*right on .* of .* test images",
    f"{IMPORT} wide.npz": "must have 10 columns, one for each class of digits, but 20 columns",
    f"{IMPORT} wide.npz --classes 0-5": "have 10 columns, .*, or 6, one for each that is chosen",
    f"{IMPORT} floats.npz": "test_ids.npy holds float64",
    f"{IMPORT} integers.npz": "test_logits.npy holds int64",
    f"{IMPORT} other-length.npz": r"`test_ids` must have shape",
    f"{IMPORT} cube.npz": r"`test_logits` must have shape \(N, C\)",
    f"{IMPORT} good.npz --classes 0-10": "`--classes` must",
    f"{IMPORT} good.npz --data-dir .": "`--data-dir` must not be given with dataset digits",
    f"{IMPORT} good.npz --json .": "`--json` must",
    "teacher import ../new --dataset digits --logits good.npz": "must be letters, digits",
    "teacher import lenet --dataset digits --logits good.npz": "no teacher of jqkd has",
    "teacher import mine --dataset digits --logits louder.npz": "must be new, as mine@",
    "teacher import new --dataset cifar --logits good.npz": "`--dataset` must be one of",
    "teacher import new --logits good.npz": "--dataset",
    "teacher import new --dataset digits": "--logits",
    "teacher --epochs 3 import new --dataset digits --logits good.npz": (
        "`--epochs` must not be given before `import`, which trains nothing"
    ),
    f"{ANSWER} functions.py": "must be an .onnx file, module:function or file.py:function",
    f"{ANSWER} functions.py:": "must be an .onnx file, module:function or file.py:function",
    f"{ANSWER} nowhere.py:logits": "`model` must be a file that can be read, but nowhere.py",
    f"{ANSWER} no.such.module:logits": "`model` must be a file or module that can be imported",
    f"{ANSWER} broken.py:logits": "imported, but broken.py .ZeroDivisionError",
    f"{ANSWER} functions.py:other": "`model` must name a function of functions.py, but 'other'",
    f"{ANSWER} functions.py:known": "`model` must name a function of functions.py, but 'known'",
    f"{ANSWER} functions.py:raises": "raises KeyError: 'no such",
    f"{ANSWER} functions.py:flat": r"with logits \(\d+, C\), but functions.py:flat, which answers",
    f"{ANSWER} functions.py:ragged": "functions.py:ragged, which raises ValueError",
    f"{ANSWER} functions.py:few": "functions.py:few, which answers with",
    f"{ANSWER} functions.py:wide": "must have 10 columns, .* but 7 columns",
    f"{ANSWER} functions.py:nan": "must be finite .* but nan for image 0",
    f"{ANSWER} functions.py:alike": "right more often than by guessing",
    f"{ANSWER} functions.py:shares": "but probabilities, .* take their logarithm",
    f"{ANSWER} functions.py:batch": "answer an image alike .* dropout and batch statistics off",
    f"{ANSWER} functions.py:flat --name a/b": "`name` must be letters, digits",
    f"{ANSWER} functions.py:flat --mean grey": "`--mean` must be a finite number, or one for each",
    f"{ANSWER} functions.py:flat --std 0.5,0": "`--std` must be a finite number above 0",
    f"{ANSWER} functions.py:flat --mean 1,2,3": "`--mean` must be one number or 1, one a channel",
    f"{ANSWER} functions.py:flat --resize 0": "`--resize` must be an integer",
    f"{ANSWER} functions.py:flat --channels 2-last": "`--channels` must be one of 1-first",
    f"{ANSWER} functions.py:flat --views flip:3": "`--views` must be none, or AUGMENTATION:EPOCHS",
    f"{ANSWER} functions.py:flat --views mixup": "`--views` must be none, or AUGMENTATION:EPOCHS",
    f"{ANSWER} functions.py:flat --views none --per-class 9": "given where `--views` is none",
    f"{ANSWER} functions.py:flat --per-class 9999": "`--per-class` must be",
    f"{ANSWER} nowhere.onnx": "onnx.* but nowhere.onnx .No such file",
    f"{ANSWER} damaged.onnx": "be an ONNX model that onnxruntime reads, but damaged.onnx",
    f"{ANSWER} square.onnx": "answer images .* square.onnx, which raises .* see `--resize`",
    "teacher --arch mine --dataset digits --epochs 3": (
        "`--epochs` must not be given with arch mine, which is imported and not trained"
    ),
    "teacher --arch mine": "must have answered mnist, classes 0,1,2,3,4,5, but mine@",
    "student --teacher mine": "must have answered mnist, .*which has answered digits, classes 0",
    "student --teacher mine --dataset digits --teacher-epochs 3": "imported and not trained",
    "student --teacher mine:depth=1 --dataset digits": "no options where it is imported",
    "student --teacher mine@0123456789ab --dataset digits": "`--teacher` must be one of",
    "student --teacher mine --dataset digits --recipe hints": "have a hidden layer",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("teachers")
    for name, content in FILES.items():
        save = np.savez_compressed if name == "bomb" else np.savez
        save(root / f"{name}.npz", **content)
    (root / "cut.npz").write_bytes((root / "good.npz").read_bytes()[:5000])
    (root / "functions.py").write_text(FUNCTIONS)
    (root / "broken.py").write_text("1 / 0\n")
    (root / "damaged.onnx").write_bytes(b"\x08\x07damaged")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JQKD_CACHE", str(root / "cache"))
        import_teacher("mine", FILES["good"], "digits")
        yield root


def square(path):
    """An ONNX model of images (B, 1, 32, 32)."""
    onnx = pytest.importorskip("onnx", reason="writes the model")
    make = onnx.helper
    shapes = (("x", ["B", 1, 32, 32]), ("y", ["B", 1024]))
    ends = [make.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in shapes]
    graph = make.make_graph([make.make_node("Flatten", ["x"], ["y"])], "g", ends[:1], ends[1:])
    opset = make.make_opsetid("", 17)
    onnx.save(make.make_model(graph, opset_imports=[opset], ir_version=9), path)


@pytest.mark.parametrize("command", WRONG)
def test_a_wrong_teacher(run, place, monkeypatch, command):
    monkeypatch.chdir(place)
    if ".onnx" in command:
        pytest.importorskip("onnxruntime", reason="the extra onnx reads models")
        square(place / "square.onnx")
    before = {entry for entry in listing(place) if "compiled" not in entry[0]}
    code, out, err = run(*command.split())
    assert code == 2, out + err
    assert err.startswith("jqkd: ") and err.endswith(".\n") and err.count("\n") == 1, err
    assert "Traceback" not in out + err
    assert re.search(WRONG[command], err), err
    after = {entry for entry in listing(place) if "compiled" not in entry[0]}
    assert {path for path, _ in after ^ before if "__pycache__" not in path} == set()


def test_there_are_more_than_sixty():
    assert len(WRONG) > 60
