"""Models that exist already are asked about a data set's images, once; their answers are kept.

A model's code runs here and only here, because the user names it. What is kept are arrays, and in
words how they came about.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jqkd._checks import InputError, check_path, fail, shown
from jqkd.common.arrays import arrays_digest
from jqkd.common.options import check_fields, choice, option
from jqkd.common.plugins import load_function
from jqkd.data import AUGMENTATIONS, Subset, load, student_splits, teacher_splits, view
from jqkd.data.views import check_moves
from jqkd.models import PRESETS
from jqkd.models.teachers.architecture import shelf
from jqkd.training.base_config import IMAGES
from jqkd.training.teacher_import import Answered

# Images that a model is shown at a time.
_CHUNK = 256
# How far an answer may move with the images beside it: rounding, and no more.
_ROUNDING = 1e-2
# How many, and where; none: those that an image has, last.
_CHANNELS = {
    "none": (0, -1),
    "1-first": (1, 1),
    "3-first": (3, 1),
    "1-last": (1, -1),
    "3-last": (3, -1),
}
_LARGEST = 2048
_ROBUST = PRESETS["robust"].training
Model = Callable[[np.ndarray], Any]


def _numbers(name: str, value: Any) -> str:
    """One number, or one a channel, as text."""
    parts = value.split(",") if isinstance(value, str) else np.atleast_1d(value).tolist()
    try:
        numbers = [float(part) for part in parts]
    except (TypeError, ValueError):
        numbers = [np.nan]
    if not np.isfinite(numbers).all() or (name == "std" and min(numbers) <= 0):
        more = " above 0" if name == "std" else ""
        fail(
            name,
            f"be a finite number{more}, or one for each channel, such as 0.5,0.4",
            shown(value),
        )
    return ",".join(f"{number:g}" for number in numbers)


def _size(name: str, value: Any) -> str:
    """Height and width, or one number for both."""
    match = re.fullmatch(r"([0-9]{1,4})(?:x([0-9]{1,4}))?", str(value))
    size = [int(number or match[1]) for number in match.groups()] if match else [0]
    if not 1 <= min(size) <= max(size) <= _LARGEST:
        fail(name, f"be pixels, 1 to {_LARGEST}, such as 32 or 32x48", shown(value))
    return "x".join(map(str, size))


def _views(name: str, value: Any) -> str:
    augmentation, _, number = str(value).partition(":")
    known = augmentation in AUGMENTATIONS and re.fullmatch("[1-9][0-9]{0,5}", number)
    if value != "none" and (not known or augmentation == "none"):
        must = f"be none, or AUGMENTATION:EPOCHS with one of {', '.join(AUGMENTATIONS)}"
        fail(name, must, shown(value), "for example half-mixup:40")
    return value


@dataclass(frozen=True)
class Asking:
    """How a model is asked; what is done to images of [0, 1] stands in the order it is done in.

    Each field is described where it stands.

    Example:
        >>> Asking(resize=32, mean=(0.5, 0.4, 0.4), channels="3-first").mean
        '0.5,0.4,0.4'
    """

    resize: str | None = option(
        None, "Pixels, such as 32 or 32x48, by jax.image.resize: linear, smoothed.", _size
    )
    channels: str = option(
        "none", "1 or 3 channels, as first or last axis of an image.", choice(_CHANNELS)
    )
    mean: str = option("0", "Subtracted then: a number, or one for each channel.", _numbers)
    std: str = option("1", "Divided by then: a number, or one for each channel.", _numbers)
    views: str = option(
        f"{_ROBUST['augmentation']}:{_ROBUST['epochs']}",
        "Views of train images to answer too, AUGMENTATION:EPOCHS of the students (or none).",
        _views,
    )
    per_class: int | None = option(
        None, "Train images a class that the students have (default: the data set's own).", IMAGES
    )

    def __post_init__(self) -> None:
        check_fields(self)
        if self.views == "none" and self.per_class is not None:
            fail("per_class", "not be given where `views` is none", self.per_class, "leave it out")

    def recipe(self) -> dict[str, Any]:
        """What is done to an image."""
        return {name: getattr(self, name) for name in ("resize", "channels", "mean", "std")}

    def prepare(self, images: np.ndarray) -> np.ndarray:
        """Images (B, ...) as the model reads them."""
        if images.ndim == 2 and (self.resize or self.channels != "none"):
            fail("resize", "be left out, as `channels`, where images are features", "it")
        x = images[..., None] if images.ndim == 3 else images
        if self.resize:
            size = (len(x), *map(int, self.resize.split("x")), x.shape[-1])
            x = np.asarray(jax.image.resize(x, size, "linear"))
        number, axis = _CHANNELS[self.channels]
        if number and number != x.shape[-1]:
            x = np.repeat(x.mean(-1, keepdims=True), number, -1)
        for name, apply in (("mean", np.subtract), ("std", np.divide)):
            numbers = np.array(getattr(self, name).split(","), np.float32)
            if len(numbers) not in (1, x.shape[-1]):
                fail(name, f"be one number or {x.shape[-1]}, one a channel", getattr(self, name))
            x = apply(x, numbers)
        return x[..., 0] if images.ndim == 3 and not number else np.moveaxis(x, -1, axis)


def answer_teacher(
    model: str | Path | Model,
    dataset: str,
    classes: str | None = None,
    *,
    name: str | None = None,
    replace: bool = False,
    data_dir: str | Path | None = None,
    on_images: Callable[[int, int], None] = lambda done, total: None,
    **how: Any,
) -> str:
    """Ask a model about all images of some classes, and keep what it says as a teacher.

    Args:
        model: an ``.onnx`` file, ``module:function``, ``file.py:function``, or a function: images
            (B, *shape) in [0, 1], prepared as ``how`` says, to logits (B, C).
        dataset: whose images.
        classes: such as 0-5; by default all.
        name: what the teacher is called; by default as the model, with six digits.
        replace: take the place of another teacher of that name.
        data_dir: TFDS's data folder.
        on_images: called with how many images are answered, of how many.
        **how: fields of ``Asking``: ``resize``, ``channels``, ``mean``, ``std``, ``views``,
            ``per_class``.

    Returns:
        ``NAME@DIGEST``, which may stand wherever a teacher's name may, as may ``NAME``.

    Raises:
        InputError: one sentence about a model that cannot be had or asked, or about what is wrong
            with its answers, see ``import_teacher``.

    Example:
        >>> def hole(images):
        ...     ink = images[:, 10:18, 10:18].mean((1, 2)) - 0.4
        ...     return 20 * np.stack([-ink, ink], 1)
        >>> answer_teacher(hole, "digits", "0-1", name="hole", views="none").partition("@")[0]
        'hole'
    """
    if name is not None:
        shelf().check_name(name)
    asking, answered = Asking(**how), Answered.of(load(dataset, data_dir=data_dir), classes)
    text, source, function = load_model(model)
    splits, (views, shown_in) = (
        teacher_splits(answered.dataset, answered.classes),
        _views_of(asking, answered),
    )
    _check_steady(function, text, asking.prepare(splits.train.images[:_CHUNK]), answered)
    subsets = [*vars(splits).values(), *[shown_in] * views["views"]]
    total, logits = sum(map(len, subsets)), []
    for number, subset in enumerate(subsets, -3):
        seen = subset if number < 0 else view(subset, views["augmentation"], number)[0]
        logits.append(_ask(function, text, asking, seen.images))
        on_images(sum(map(len, logits)), total)
    train, validation, test, *of_views = logits
    ids = np.concatenate([splits.train.ids, splits.validation.ids])
    pairs = {"train": (ids, np.concatenate([train, validation])), "test": (splits.test.ids, test)}
    about = {"model": text, "source": source} | asking.recipe()
    kept = {"how": about, "views": views, "of_views": (shown_in.ids, of_views)}
    return answered.keep(name or _name(text, logits), pairs, replace=replace, **kept)


def _views_of(asking: Asking, answered: Answered) -> tuple[dict[str, Any], Subset]:
    """Which views of which images, see ``StudentConfig.shown``, and the images."""
    augmentation, _, number = asking.views.partition(":")
    check_moves(augmentation, answered.dataset.image_shape)
    train = student_splits(answered.dataset, answered.classes, per_class=asking.per_class).train
    each = len(train) // len(answered.classes)
    facts = {"augmentation": augmentation, "per_class": each, "selection": "first"}
    return facts | {"views": int(number or 0)}, train


def _name(text: str, logits: list[np.ndarray]) -> str:
    """A model's own name, and six digits of all that it answered: never another teacher's."""
    stem = re.sub("[^A-Za-z0-9._-]", "-", text.removesuffix(".onnx").rpartition(":")[2])
    digest = arrays_digest({str(number): one for number, one in enumerate(logits)})
    return f"{stem.strip('-._')[:40] or 'teacher'}-{digest[:6]}"


def _ask(model: Model, text: str, asking: Asking, images: np.ndarray) -> np.ndarray:
    chunks = (images[first : first + _CHUNK] for first in range(0, len(images), _CHUNK))
    return np.concatenate([_logits(model, text, asking.prepare(chunk)) for chunk in chunks])


def _logits(model: Model, text: str, images: np.ndarray) -> np.ndarray:
    """Of some prepared images."""
    must = f"answer images of shape {images.shape} with logits ({len(images)}, C)"
    try:
        logits = np.asarray(model(images), np.float32)
    except InputError:
        raise
    except Exception as error:  # Of a model: any.
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        fail("model", must, f"{text}, which raises {reason},")
    if logits.ndim != 2 or len(logits) != len(images):
        fail("model", must, f"{text}, which answers with an array of shape {logits.shape},")
    return logits


def _check_steady(model: Model, text: str, images: np.ndarray, answered: Answered) -> None:
    """Of so many classes, and the same whatever images lie beside: nothing of training is on."""
    some = images[: len(images) // 2 + 1]
    together, apart = _logits(model, text, images), _logits(model, text, some)
    answered.columns(together)
    if not np.allclose(together[: len(some)], apart, _ROUNDING, _ROUNDING, equal_nan=True):
        must = "answer an image alike whatever images lie beside it"
        advice = "switch dropout and batch statistics off, as PyTorch's model.eval() does"
        fail("model", must, f"{text}, which does not,", advice)


def load_model(model: Any) -> tuple[str, str | None, Model]:
    """A model as text, the digest of its source if there is a file of it, and as a function."""
    if callable(model):
        return (
            f"{model.__module__}:{getattr(model, '__qualname__', type(model).__name__)}",
            None,
            model,
        )
    text = str(model)
    if text.endswith(".onnx"):
        return _onnx(check_path("model", model))
    if not all(text.rpartition(":")):
        must = "be an .onnx file, module:function or file.py:function"
        fail("model", must, shown(text), "a function takes images (B, *shape) to logits (B, C)")
    function, plugin = load_function("model", text)
    return f"{plugin.name}:{text.rpartition(':')[2]}", plugin.digest, function


def _onnx(path: Path) -> tuple[str, str, Model]:
    """A model by onnxruntime, which reads one array of images; its first output are the logits."""
    try:
        source = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        fail("model", "be a file that can be read", f"{path} ({error.strerror})")
    try:
        import onnxruntime
    except ImportError:
        raise InputError(
            'ONNX models need onnxruntime, which is not installed; run `pip install "jqkd[onnx]"`.'
        ) from None
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own have no common base.
        reason = " ".join(str(error).split())[:200]
        fail("model", "be an ONNX model that onnxruntime reads", f"{path} ({reason})")
    first, *others = session.get_inputs()
    shape = tuple(size if isinstance(size, int) else "B" for size in first.shape)

    def model(images: np.ndarray) -> np.ndarray:
        fits = [a in ("B", b) for a, b in zip(shape[1:], images.shape[1:], strict=False)]
        if others or len(shape) != images.ndim or not all(fits) or first.type != "tensor(float)":
            reads = f"{path.name}, which reads {first.type} {shape}{' and more' * bool(others)},"
            must = f"read images of shape (B, {', '.join(map(str, images.shape[1:]))}) alone"
            fail("model", must, reads, "see --resize and --channels")
        # Some models were exported for a fixed number of images.
        size = len(images) if shape[0] == "B" else shape[0]
        spare = np.repeat(images[:1], -len(images) % size, 0)
        filled = np.concatenate([images, spare]).reshape(-1, size, *images.shape[1:])
        parts = [np.asarray(session.run(None, {first.name: part})[0]) for part in filled]
        return np.concatenate(parts)[: len(images)]

    return path.name, source, model
