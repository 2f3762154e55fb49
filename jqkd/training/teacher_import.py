"""Teachers of which the logits are there: looked at, put in order, kept, and read for students.

A logit's name is its image's id, the position within the split, as ``load`` gives the images; in
which order the ids come does not matter. All images of the classes are to be answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError, check_array, check_path, fail
from jqkd.common.arrays import Most, read_npz
from jqkd.data import DATASETS, Dataset, Subset, load, parse_classes, teacher_splits
from jqkd.models.arguments import MOST_CLASSES
from jqkd.models.teachers import TEACHERS
from jqkd.training.config import StudentConfig
from jqkd.training.recipes import Output
from jqkd.training.teacher import Teacher, of_logits
from jqkd.training.teacher_config import TeacherConfig

# Raised when ids, views or their order come to mean something else.
VERSION = 1
# How often a teacher that guesses passes for one that knows something.
_GUESSES_PASS = 1e-3
# The largest number in half precision, which answers to views are kept in.
_LARGEST = 65504.0
_KEYS = ("train_ids", "train_logits", "test_ids", "test_logits")
_SHARES = "probabilities, which sum to 1,", "take their logarithm, np.log(np.clip(p, 1e-9, 1))"
_ADVICE = f"save {', '.join(_KEYS)} with numpy.savez"


def import_teacher(
    name: str,
    logits: str | Path | Mapping[str, Any],
    dataset: str,
    classes: str | None = None,
    *,
    replace: bool = False,
    data_dir: str | Path | None = None,
) -> str:
    """Keep the logits of a teacher that exists already, under a name that students call it by.

    Args:
        name: letters, digits, ``.``, ``_`` and ``-``.
        logits: ``train_ids`` (N,), ``train_logits`` (N, C), ``test_ids`` and ``test_logits``, or
            an ``.npz`` file of them. An id is the image's position in ``load(dataset)``'s
            ``train_images``; order does not matter. One column for each class of the data set, or
            of ``classes``.
        dataset: whose images were answered.
        classes: such as 0-5, of which all images are answered; by default all.
        replace: take the place of another teacher of that name.
        data_dir: TFDS's data folder.

    Returns:
        ``NAME@DIGEST``, which may stand wherever a teacher's name may, as may ``NAME``.

    Raises:
        InputError: one sentence about the first thing that is wrong with them.

    Example:
        >>> data, logits = load("digits"), {}
        >>> for part in ("train", "test"):
        ...     labels = getattr(data, f"{part}_labels")
        ...     logits[f"{part}_ids"] = np.arange(len(labels))
        ...     logits[f"{part}_logits"] = 4.0 * np.eye(10)[labels] - 1
        >>> import_teacher("oracle", logits, "digits").partition("@")[0]
        'oracle'
    """
    answered = Answered.of(dataset, classes, data_dir)
    arrays = logits if isinstance(logits, Mapping) else _read(logits, answered.data)
    lacking = [key for key in _KEYS if key not in arrays]
    if lacking:
        fail("logits", f"have {', '.join(_KEYS)}", f"one without {', '.join(lacking)}", _ADVICE)
    arrays = {key: arrays[key] for key in _KEYS}
    return answered.keep(name, arrays, replace=replace, views=None)


def _read(path: str | Path, data: Dataset) -> dict[str, np.ndarray]:
    path = check_path("logits", path)
    rows = max(len(data.train_labels), len(data.test_labels))
    most = {"ids": Most("iu", rows), "logits": Most("f", rows * MOST_CLASSES)}
    try:
        return read_npz(path, {key: most[key.partition("_")[2]] for key in _KEYS}, _ADVICE)
    except FileNotFoundError:
        fail("logits", "be an .npz file that is there", str(path))


@dataclass(frozen=True, eq=False)
class Answered:
    """Some classes of a data set, whose images a teacher has answered."""

    data: Dataset
    classes: tuple[int, ...]

    @classmethod
    def of(cls, dataset: str, classes: str | None, data_dir: str | Path | None) -> Answered:
        """By the text of the classes; all without one."""
        number = DATASETS.build(dataset).num_classes
        chosen = parse_classes(f"0-{number - 1}" if classes is None else classes, number)
        return cls(load(dataset, data_dir=data_dir), chosen)

    def keep(self, name: str, arrays: Mapping[str, Any], *, replace: bool, **facts: Any) -> str:
        """Look at ids and logits of both splits, and put them on the shelf.

        Args:
            name: of the teacher.
            arrays: see ``import_teacher``; with ``view_ids`` (N,) and ``view_logits`` (V, N, C) if
                it has answered views.
            replace: take the place of another teacher of that name.
            **facts: ``views`` that it has answered, and how it was asked.
        """
        kept = {}
        for part in ("train", "test"):
            ids, logits = self._in_order(part, arrays[f"{part}_ids"], arrays[f"{part}_logits"])
            kept |= {f"{part}_ids": ids, f"{part}_logits": logits}
        self._check_knows(kept["test_ids"], kept["test_logits"])
        if "view_ids" in arrays:
            logits = arrays["view_logits"]
            _check_finite("view_logits", logits, np.tile(arrays["view_ids"], len(logits)))
            logits = logits[..., self._columns(logits)].astype(np.float16)
            kept |= {"view_ids": arrays["view_ids"], "view_logits": logits}
        facts |= {"version": VERSION, "dataset": self.data.name, "classes": self.classes}
        facts |= {"data_digest": self.data.digest}
        return TEACHERS.text(TEACHERS.keep(name, facts, kept, replace=replace))

    def _in_order(self, part: str, ids: Any, logits: Any) -> tuple[np.ndarray, np.ndarray]:
        """Ids of all images of the classes, ascending, and the logits of each for the classes."""
        labels = getattr(self.data, f"{part}_labels")
        logits = check_array(f"{part}_logits", logits, ("N", "C"), kinds="f", finite=False)
        ids = np.asarray(check_array(f"{part}_ids", ids, (len(logits),), kinds="iu"))
        columns = self._columns(logits)
        every, first, count = np.unique(ids, return_index=True, return_counts=True)
        asked = np.flatnonzero(np.isin(labels, self.classes)).astype(np.int32)
        outside = every[(every < 0) | (every >= len(labels))]
        wrong = {"that it has not": outside, "given twice": every[count > 1]}
        for what, some in (wrong | {"missing": np.setdiff1d(asked, every)}).items():
            if len(some):
                must = f"name {self.data.name}'s {part} images, 0 to {len(labels) - 1}"
                given = f"{len(some)} {what} (the first is {some[0]})"
                fail(f"{part}_ids", f"{must}, all of the classes, each once", given)
        logits = np.asarray(logits, np.float32)[first[np.searchsorted(every, asked)]]
        _check_finite(f"{part}_logits", logits, asked)
        if (logits >= 0).all():
            given, advice = "no number below 0", "take what comes before a ReLU at the end"
            if np.allclose(logits.sum(1), 1, atol=1e-3):
                given, advice = _SHARES
            fail(f"{part}_logits", "be what enters a softmax, of either sign", given, advice)
        return asked, logits[:, columns]

    def _columns(self, logits: np.ndarray) -> np.ndarray:
        """Where the classes stand: of a teacher of all classes by their numbers."""
        known, chosen, number = len(self.data.class_names), len(self.classes), logits.shape[-1]
        if number not in (known, chosen):
            must = f"have {known} columns, one for each class of {self.data.name}"
            must += f", or {chosen}, one for each that is chosen" if chosen < known else ""
            fail("logits", must, f"{number} columns")
        return np.array(self.classes) if number == known else np.arange(chosen)

    def _check_knows(self, ids: np.ndarray, logits: np.ndarray) -> None:
        """One-sided binomial test of the right answers against the largest class's share."""
        from scipy.stats import binom

        labels = np.searchsorted(self.classes, self.data.test_labels[ids])
        right, count = int((logits.argmax(1) == labels).sum()), len(labels)
        guess = np.bincount(labels).max() / count
        if binom.sf(right - 1, count, guess) > _GUESSES_PASS:
            must = f"be right more often than by guessing ({100 * guess:.1f} %; a guess passes once"
            given = f"a teacher that is right on {right} of {count} test images"
            advice = "look at the order of columns and ids, and at what the images are"
            fail("logits", f"{must} in {1 / _GUESSES_PASS:.0f} times)", given, advice)


def _check_finite(name: str, logits: np.ndarray, ids: np.ndarray) -> None:
    """No NaN, nothing too large for half precision; says of which image the first is."""
    logits = logits.reshape(len(ids), -1)
    bad = ~(abs(logits) <= _LARGEST)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        advice = "clip probabilities before their logarithm is taken"
        given = f"{logits[row, column]} for image {ids[row]} ({bad.sum()} such numbers in all)"
        fail(name, f"be finite and at most {_LARGEST:.0f}", given, advice)


def imported_teacher(config: TeacherConfig, dataset: Dataset) -> Teacher:
    """A teacher from the shelf, as far as the configuration's classes go.

    Raises:
        InputError: it has answered other images.
    """
    part: Any = config.part
    if part.facts["data_digest"] != dataset.digest:
        raise InputError(f"{part.title} has answered other images of {dataset.name}; ask it again.")
    arrays, splits = part.arrays(), teacher_splits(dataset, config.class_numbers)
    columns = np.searchsorted(part.facts["classes"], config.class_numbers)

    def logits(subset: Subset) -> np.ndarray:
        rows = np.searchsorted(arrays[f"{subset.part}_ids"], subset.ids)
        return arrays[f"{subset.part}_logits"][rows][:, columns]

    return of_logits(config, splits, {name: logits(one) for name, one in vars(splits).items()})


def views_of(classes: Sequence[int], views: int, **about: Any) -> dict[str, Any]:
    """Which views of which images students are trained on, as facts have it."""
    return {"classes": list(classes), "views": views, "selection": "first"} | about


def lacks_views(teacher: TeacherConfig, student: StudentConfig) -> str:
    """The imported part of a teacher that has no answers to a student's views; "" for none."""
    about = {name: getattr(student, name) for name in ("augmentation", "per_class", "selection")}
    needed = views_of(student.class_numbers, student.views, **about)
    for member in teacher.members if student.augmentation != "none" else ():
        part: Any = member.part
        known = needed if part.is_trained else part.facts["views"] or {"views": 0}
        if known["views"] < student.views or known | {"views": student.views} != needed:
            return part.title
    return ""


def check_views(teacher: TeacherConfig, student: StudentConfig) -> None:
    """A teacher has answered a student's views, or can be asked; else ``InputError``."""
    lacking = lacks_views(teacher, student)
    if lacking:
        views = f"{student.augmentation}:{student.views}"
        must = f"be none where the teacher is {lacking}, which has not answered these views"
        advice = f"ask it with `jqkd teacher answer --views {views}`, of these images and classes"
        fail("augmentation", must, student.augmentation, advice)


def imported_views(teacher: TeacherConfig, student: StudentConfig) -> Output:
    """Logits (V, N, C) of a student's views, see ``check_views``."""
    check_views(teacher, student)
    part: Any = teacher.part
    return Output(part.arrays()["view_logits"][: student.views].astype(np.float32))
