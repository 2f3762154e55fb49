"""Models of other frameworks teach: ONNX, PyTorch by the example, scikit-learn on its own data."""

from __future__ import annotations

import runpy
from importlib.util import find_spec
from pathlib import Path

import jax
import numpy as np
import pytest

import jqkd
from jqkd.data import DATASETS, load
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.teacher_store import obtain_teacher

pytestmark = pytest.mark.quick
EXAMPLE = Path(__file__).parents[2] / "examples/foreign_teacher.py"


@pytest.fixture(autouse=True)
def _shelf(tmp_path, monkeypatch):
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path / "cache"))


def write_onnx(path, matrix, batch):
    """Images (batch, 1, 28, 28) times a matrix (784, C)."""
    onnx = pytest.importorskip("onnx", reason="writes the model")
    make, real = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        make.make_node("Flatten", ["x"], ["flat"]),
        make.make_node("MatMul", ["flat", "w"], "y"),
    ]
    ends = [
        make.make_tensor_value_info("x", real, [batch, 1, 28, 28]),
        make.make_tensor_value_info("y", real, [batch, matrix.shape[1]]),
    ]
    weights = [onnx.numpy_helper.from_array(matrix, "w")]
    graph = make.make_graph(nodes, "linear", ends[:1], ends[1:], weights)
    opset = make.make_opsetid("", 17)
    onnx.save(make.make_model(graph, opset_imports=[opset], ir_version=9), path)


@pytest.mark.parametrize("batch", ["B", 7])
def test_an_onnx_model_answers_as_its_formula(batch, tmp_path):
    """Of any number of images, or exported for seven."""
    pytest.importorskip("onnxruntime", reason='the extra "jqkd[onnx]" reads models')
    data = load("digits")
    means = [data.train_images[data.train_labels == c].mean(0).ravel() for c in range(10)]
    matrix = np.stack(means, 1).astype(np.float32) / 255
    matrix -= matrix.mean(1, keepdims=True)
    write_onnx(tmp_path / "linear.onnx", matrix, batch)
    how = {"channels": "1-first", "mean": 0.2, "std": 0.5, "views": "none"}
    title = jqkd.answer_teacher(tmp_path / "linear.onnx", "digits", "0-3", **how)
    teacher = obtain_teacher(TeacherConfig(title, "digits", "0-3"), data)
    rows = np.flatnonzero(data.test_labels < 4)
    images = (data.test_images[rows] / 255.0 - 0.2) / 0.5
    formula = images.reshape(len(rows), -1) @ matrix.astype(float)
    np.testing.assert_allclose(teacher.logits["test"], formula[:, :4], rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(teacher.ids["test"], rows)


def test_the_example_teaches_by_both_routes_alike():
    """A CNN that others trained in PyTorch; on other digits than its own."""
    if not (find_spec("torch") and find_spec("digit_recognizer")):
        pytest.skip("the example needs torch and digit-recognizer-py")
    small = {"qubits": 2, "epochs": 2, "per_class": 10, "seeds": 1}
    views, by_function, by_file = runpy.run_path(str(EXAMPLE))["main"]("digits", "0-3", **small)
    accuracy = views["teacher_result"]["test_accuracy"]["final"]
    assert accuracy == by_file["teacher_result"]["test_accuracy"]["final"] > 0.9
    assert views["student"]["augmentation"] == "half-mixup"
    same = (by_function["arms"]["distilled"]["curves"], by_file["arms"]["distilled"]["curves"])
    jax.tree.map(np.testing.assert_array_equal, *same)
    assert by_function["digest"] != by_file["digest"]


def test_scikit_learn_teaches_wine():
    """Features, no image: a forest's log-probabilities, by a function that is asked for views."""
    if "wine" not in DATASETS:
        pytest.skip("wine is no data set here")
    from sklearn.ensemble import RandomForestClassifier

    data = load("wine")
    forest = RandomForestClassifier(50, random_state=0)
    scale = 255 if data.train_images.dtype == np.uint8 else 1
    forest.fit(data.train_images / scale, data.train_labels)

    def logits(rows):
        return np.log(np.clip(forest.predict_proba(rows), 1e-3, 1))

    how = {"features": "dense", "epochs": 2, "shots": None, "augmentation": "half-mixup"}
    student = StudentConfig("wine", "0-2", 2, "robust", **how)
    result = jqkd.distill(student, logits, seeds=[0]).result
    right = forest.predict(data.test_images / scale) == data.test_labels
    assert result["teacher_result"]["test_accuracy"]["final"] == pytest.approx(right.mean())
    assert right.mean() > 0.8 and "gain" in result
