"""Models that exist already are asked about a data set's images, once; their answers are kept.

A model's code runs here and only here, because the user names it. What is kept are arrays, and in
words how they came about.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jqkd._checks import InputError, check_path, fail, shown
from jqkd.common.arrays import arrays_digest
from jqkd.common.options import check_fields, choice, integer, option
from jqkd.common.plugins import load_function
from jqkd.data import AUGMENTATIONS, student_splits, teacher_splits, view
from jqkd.data.views import check_moves
from jqkd.models import PRESETS
from jqkd.models.teachers.architecture import SHELF
from jqkd.training.base_config import IMAGES
from jqkd.training.teacher_import import Answered, views_of

# Images that a model is shown at a time.
_CHUNK = 256
# How far an answer may move with the images beside it: rounding, and no more.
_ROUNDING = 1e-2
_ROBUST = PRESETS["robust"].training
Model = Callable[[np.ndarray], Any]


def _numbers(name: str, value: Any) -> str:
    """One number, or one a channel, as text."""
    try:
        numbers = np.atleast_1d(value.split(",") if isinstance(value, str) else value).astype(float)
    except (TypeError, ValueError):
        numbers = np.array([np.nan])
    if not np.isfinite(numbers).all() or (name == "std" and numbers.min() <= 0):
        more = " above 0" if name == "std" else ""
        must = f"be a finite number{more}, or one for each channel, such as 0.5,0.4"
        fail(name, must, shown(value))
    return ",".join(f"{number:g}" for number in numbers)


def _views(name: str, value: Any) -> str:
    augmentation, _, epochs = str(value).partition(":")
    moving = [one for one in AUGMENTATIONS if one != "none"]
    if value != "none" and not (augmentation in moving and re.fullmatch("[1-9][0-9]{0,5}", epochs)):
        must = "be none, or AUGMENTATION:EPOCHS, such as half-mixup:40, with one of "
        fail(name, must + ", ".join(moving), shown(value))
    return value


@dataclass(frozen=True)
class Asking:
    """How a model is asked; what is done to images of [0, 1] stands in the order it is done in.

    Example:
        >>> Asking(resize=32, mean=(0.5, 0.4, 0.4), channels="3-first").mean
        '0.5,0.4,0.4'
    """

    resize: int | None = option(
        None, "Pixels of either axis (default: as they are).", integer(1, 9999)
    )
    channels: str | None = option(
        None,
        "1 or 3 channels, as first or last axis of an image (default: as they are).",
        choice(("1-first", "3-first", "1-last", "3-last")),
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

    def prepare(self, images: np.ndarray) -> np.ndarray:
        """Images (B, ...) as the model reads them; resized linearly, smoothed where they shrink."""
        number, _, axis = (self.channels or "").partition("-")
        if images.ndim == 2 and (self.resize or axis):
            fail("resize", "be left out, as `channels`, where images are features", "it")
        x = images[..., None] if images.ndim == 3 else images
        if self.resize:
            size = (len(x), self.resize, self.resize, x.shape[-1])
            x = np.asarray(jax.image.resize(x, size, "linear"))
        if axis and int(number) != x.shape[-1]:
            x = np.repeat(x.mean(-1, keepdims=True), int(number), -1)
        for name, apply in (("mean", np.subtract), ("std", np.divide)):
            numbers = np.array(getattr(self, name).split(","), np.float32)
            if len(numbers) not in (1, x.shape[-1]):
                fail(name, f"be one number or {x.shape[-1]}, one a channel", getattr(self, name))
            x = apply(x, numbers)
        x = np.moveaxis(x, -1, 1) if axis == "first" else x
        return x[..., 0] if images.ndim == 3 and not axis else x


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
        **how: fields of ``Asking``.

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
        SHELF.check_name(name)
    asking, asked = Asking(**how), load_model(model)
    answered = Answered.of(dataset, classes, data_dir)
    splits = teacher_splits(answered.data, answered.classes)
    augmentation, _, epochs = asking.views.partition(":")
    check_moves(augmentation, answered.data.image_shape)
    own = student_splits(answered.data, answered.classes, per_class=asking.per_class).train
    plain, views = [*vars(splits).values()], int(epochs or 0)
    total, logits = sum(map(len, plain)) + views * len(own), []
    asked.check_steady(asking.prepare(plain[0].images[:_CHUNK]))
    for subset in (*plain, *(view(own, augmentation, number)[0] for number in range(views))):
        rows = range(0, len(subset), _CHUNK)
        chunks = (asking.prepare(subset.images[row : row + _CHUNK]) for row in rows)
        logits.append(np.concatenate([asked.logits(chunk) for chunk in chunks]))
        on_images(sum(map(len, logits)), total)
    train, validation, test, *of_views = logits
    arrays = {
        "train_ids": np.concatenate([splits.train.ids, splits.validation.ids]),
        "train_logits": np.concatenate([train, validation]),
        "test_ids": splits.test.ids,
        "test_logits": test,
    }
    facts = {"model": asked.text, "source": asked.source, "how": asdict(asking), "views": None}
    if views:
        arrays |= {"view_ids": own.ids, "view_logits": np.stack(of_views)}
        about = {"augmentation": augmentation, "per_class": len(own) // len(answered.classes)}
        facts["views"] = views_of(answered.classes, views, **about)
    return answered.keep(name or asked.name(arrays), arrays, replace=replace, **facts)


@dataclass(frozen=True)
class Asked:
    """A model: its name, the digest of its source if there is a file of it, and a function."""

    text: str
    source: str | None
    function: Model

    def name(self, arrays: dict[str, np.ndarray]) -> str:
        """Its own, and six digits of all that it answered: never another teacher's."""
        stem = re.sub("[^A-Za-z0-9._-]", "-", self.text.removesuffix(".onnx").rpartition(":")[2])
        return f"{stem.strip('-._')[:40] or 'teacher'}-{arrays_digest(arrays)[:6]}"

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Of some prepared images."""
        must = f"answer images of shape {images.shape} with logits ({len(images)}, C)"
        advice = "see `resize` and `channels` if it reads another shape"
        try:
            logits = np.asarray(self.function(images), np.float32)
        except Exception as error:  # Of a model: any.
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            fail("model", must, f"{self.text}, which raises {reason},", advice)
        if logits.ndim != 2 or len(logits) != len(images):
            fail("model", must, f"{self.text}, which answers with {shown(logits)},", advice)
        return logits

    def check_steady(self, images: np.ndarray) -> None:
        """The same whatever images lie beside: nothing of training is on."""
        some = images[: len(images) // 2 + 1]
        together, apart = self.logits(images)[: len(some)], self.logits(some)
        if not np.allclose(together, apart, _ROUNDING, _ROUNDING, equal_nan=True):
            must = "answer an image alike whatever images lie beside it"
            advice = "switch dropout and batch statistics off, as PyTorch's model.eval() does"
            fail("model", must, f"{self.text}, which does not,", advice)


def load_model(model: str | Path | Model) -> Asked:
    """By a file's name, a function's place, or of a function itself."""
    if callable(model):
        name = getattr(model, "__qualname__", type(model).__name__)
        return Asked(f"{model.__module__}:{name}", None, model)
    path = check_path("model", model)
    if path.suffix == ".onnx":
        return _onnx(path)
    place, _, name = str(model).rpartition(":")
    if not place or not name:
        fail("model", "be an .onnx file, module:function or file.py:function", shown(str(model)))
    function, plugin = load_function("model", str(model))
    return Asked(f"{plugin.name}:{name}", plugin.digest, function)


def _onnx(path: Path) -> Asked:
    """A model by onnxruntime, which reads one array of images; its first output are the logits."""
    try:
        import onnxruntime
    except ImportError:
        raise InputError(
            'ONNX models need onnxruntime, which is not installed; run `pip install "jqkd[onnx]"`.'
        ) from None
    try:
        source = path.read_bytes()
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own have no common base.
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        fail("model", "be an ONNX model that onnxruntime reads", f"{path} ({reason})")
    first = session.get_inputs()[0]

    def model(images: np.ndarray) -> np.ndarray:
        # Some models were exported for a fixed number of images.
        size = first.shape[0] if isinstance(first.shape[0], int) else len(images)
        filled = np.concatenate([images, np.repeat(images[:1], -len(images) % size, 0)])
        parts = np.split(filled, len(filled) // size)
        answers = [np.asarray(session.run(None, {first.name: part})[0]) for part in parts]
        return np.concatenate(answers)[: len(images)]

    return Asked(path.name, hashlib.sha256(source).hexdigest()[:16], model)
