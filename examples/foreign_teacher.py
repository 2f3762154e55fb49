"""A teacher that somebody else trained, in another framework, teaches a 3-qubit student.

The teacher is the CNN for MNIST in PyPI's digit-recognizer-py: a PyTorch state dict in its wheel.

    pip install "jqkd[data]" torch digit-recognizer-py
    python examples/foreign_teacher.py

or, on the command line, the same:

    jqkd teacher answer examples/foreign_teacher.py:logits --dataset mnist --classes 0-5 \
        --name digit-cnn --channels 1-first --mean 0.1307 --std 0.3081
    jqkd student --teacher digit-cnn --seeds 8
"""

from __future__ import annotations

import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import jqkd

# As its authors prepare images.
HOW = {"channels": "1-first", "mean": 0.1307, "std": 0.3081}


@cache
def weights():
    """The state dict; the package itself need not be imported, and no pickle is run."""
    import torch

    folder = Path(find_spec("digit_recognizer").origin).parent
    path = folder / "models" / "handwriting_model.pth"
    state = torch.load(path, weights_only=True, map_location="cpu")
    return {name: array.double() for name, array in state.items()}


def logits(images: np.ndarray) -> np.ndarray:
    """Prepared images (B, 1, 28, 28) to logits (B, 10), layer by layer as digit_recognizer.model.

    In double precision: PyTorch's sums depend on how many images are asked about at a time, and
    single precision would show it.
    """
    import torch
    import torch.nn.functional as F

    w = weights()
    with torch.no_grad():
        x = torch.from_numpy(images).double()
        for name in ("conv_layers.0", "conv_layers.3", "conv_layers.6"):
            x = F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding=1)
            x = F.max_pool2d(F.relu(x), 2)
        x = F.relu(F.linear(x.flatten(1), w["fc_layers.0.weight"], w["fc_layers.0.bias"]))
        return F.linear(x, w["fc_layers.2.weight"], w["fc_layers.2.bias"]).numpy()


def write_logits(path: Path, dataset: str) -> None:
    """What another program would do: answer all images, in any order, with their ids."""
    data, arrays = jqkd.load(dataset), {}
    for part in ("train", "test"):
        images = getattr(data, f"{part}_images").astype(np.float32) / np.float32(255)
        ids = np.random.default_rng(0).permutation(len(images))
        ready = ((images[ids] - np.float32(0.1307)) / np.float32(0.3081))[:, None]
        rows = [logits(ready[first : first + 256]) for first in range(0, len(ids), 256)]
        arrays |= {f"{part}_ids": ids, f"{part}_logits": np.concatenate(rows)}
    np.savez(path, **arrays)


def students(teacher, seeds: int, **student) -> dict:
    """Accuracies of students alone and taught, and the paired gain, said and handed back."""
    config = jqkd.StudentConfig(**student)
    result = jqkd.distill(config, teacher, seeds=range(seeds)).result
    alone, taught = (
        100 * result["arms"][arm]["test_accuracy"]["final"] for arm in ("alone", "distilled")
    )
    gain = jqkd.gain_of(taught, alone)
    own = 100 * result["teacher_result"]["test_accuracy"]["final"]
    print(f"{result['teacher']['arch']} ({own:.2f} %), {result['student']['augmentation']}:")
    print(
        f"  alone {alone.mean():.2f} %, taught {taught.mean():.2f} %, gain {gain.mean:+.2f}", end=""
    )
    low, high = gain.interval or (gain.mean, gain.mean)
    print(f" [{low:+.2f} to {high:+.2f}], p = {gain.p}")
    return result


def main(dataset: str = "mnist", classes: str = "0-5", seeds: int = 8, **student) -> list[dict]:
    """By the function with views of its students, and by both routes with plain images."""
    about = {"dataset": dataset, "classes": classes, "qubits": 3, "preset": "robust", **student}
    config = jqkd.StudentConfig(**about)
    views = {"views": f"{config.augmentation}:{config.epochs}", "per_class": config.per_class}
    function = f"{__file__}:logits"
    asked = jqkd.answer_teacher(function, dataset, classes, name="digit-cnn", **views, **HOW)
    with tempfile.TemporaryDirectory() as folder:
        write_logits(Path(folder) / "logits.npz", dataset)
        file = jqkd.import_teacher("digit-cnn-file", Path(folder) / "logits.npz", dataset)
    plain = about | {"augmentation": "none"}
    return [
        students(asked, seeds, **about),
        students(asked, seeds, **plain),
        students(file, seeds, **plain),
    ]


if __name__ == "__main__":
    main()
