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
from jqkd.data import Dataset, Subset, load, parse_classes, teacher_splits
from jqkd.models.arguments import MOST_CLASSES
from jqkd.models.teachers import TEACHERS, Imported
from jqkd.training.config import StudentConfig
from jqkd.training.recipes import Output
from jqkd.training.teacher import Teacher, of_logits
from jqkd.training.teacher_config import TeacherConfig

# Raised when ids, views or their order come to mean something else.
VERSION = 1
# How often a teacher that guesses passes for one that knows something.
_GUESSES_PASS = 1e-3
# Of a row of probabilities, how far its sum may be from 1.
_ROUNDING = 1e-3
# The largest number in half precision, which answers to views are kept in.
_LARGEST = 65504.0
SPLITS = ("train", "test")
_KEYS = tuple(f"{part}_{what}" for part in SPLITS for what in ("ids", "logits"))
_ADVICE = f"save {', '.join(_KEYS)} with numpy.savez"
Pairs = dict[str, tuple[np.ndarray, np.ndarray]]


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
            an ``.npz`` file of them. An id is the image's position within its split, as in
            ``load(dataset).train_images``; order does not matter. C columns: one for each class of
            the data set, or of ``classes``, in the order of their numbers.
        dataset: whose images were answered.
        classes: such as 0-5, of which all images are answered; by default all.
        replace: take the place of another teacher of that name.
        data_dir: TFDS's data folder.

    Returns:
        ``NAME@DIGEST``, which may stand wherever a teacher's name may, as may ``NAME``.

    Raises:
        InputError: one sentence about the first thing that is wrong with them.

    Example:
        >>> from jqkd.data import load
        >>> data, logits = load("digits"), {}
        >>> for part in ("train", "test"):
        ...     labels = getattr(data, f"{part}_labels")
        ...     logits[f"{part}_ids"] = np.arange(len(labels))
        ...     logits[f"{part}_logits"] = 4.0 * np.eye(10)[labels] - 1
        >>> import_teacher("oracle", logits, "digits").partition("@")[0]
        'oracle'
    """
    answered = Answered.of(load(dataset, data_dir=data_dir), classes)
    arrays = logits if isinstance(logits, Mapping) else _read(logits, answered.dataset)
    lacking = [key for key in _KEYS if key not in arrays]
    if lacking:
        fail("logits", f"have {', '.join(_KEYS)}", f"one without {', '.join(lacking)}", _ADVICE)
    pairs = {part: (arrays[f"{part}_ids"], arrays[f"{part}_logits"]) for part in SPLITS}
    return answered.keep(name, pairs, replace=replace)


def _read(path: str | Path, dataset: Dataset) -> dict[str, np.ndarray]:
    path = check_path("logits", path)
    rows = max(len(dataset.train_labels), len(dataset.test_labels))
    most = {"ids": Most("iu", rows), "logits": Most("f", rows * MOST_CLASSES)}
    try:
        return read_npz(path, {key: most[key.partition("_")[2]] for key in _KEYS}, _ADVICE)
    except FileNotFoundError:
        fail("logits", "be an .npz file that is there", str(path))


@dataclass(frozen=True, eq=False)
class Answered:
    """Some classes of a data set, whose images a teacher has answered."""

    dataset: Dataset
    classes: tuple[int, ...]

    @classmethod
    def of(cls, dataset: Dataset, classes: str | None) -> Answered:
        """By the text of the classes; all without one."""
        number = len(dataset.class_names)
        every = tuple(range(number))
        return cls(dataset, every if classes is None else parse_classes(classes, number))

    def keep(
        self,
        name: str,
        pairs: Pairs,
        *,
        how: Mapping[str, Any] | None = None,
        views: Mapping[str, Any] | None = None,
        of_views: tuple[np.ndarray, Sequence[np.ndarray]] | None = None,
        replace: bool = False,
    ) -> str:
        """Look at ids and logits of both splits, and put them on the shelf.

        Args:
            name: of the teacher.
            pairs: ids and logits.
            how: the model was asked.
            views: which it has answered, see ``views_of``; none by default.
            of_views: ids (N,), and logits (N, C) of each view.
            replace: take the place of another teacher of that name.
        """
        rows = {part: self._in_order(part, *pairs[part]) for part in SPLITS}
        self._check_meaning(np.concatenate([logits for _, logits in rows.values()]))
        kept = {part: logits[:, self.columns(logits)] for part, (_, logits) in rows.items()}
        self._check_knows(rows["test"][0], kept["test"])
        arrays = {f"{part}_ids": ids for part, (ids, _) in rows.items()}
        arrays |= {f"{part}_logits": logits for part, logits in kept.items()}
        ids, every = of_views or (np.empty(0), ())
        facts = {
            **{"version": VERSION, "dataset": self.dataset.name, "classes": self.classes},
            **{"data_digest": self.dataset.digest, "how": how, "views": views if every else None},
        }
        for logits in every:
            check_finite("logits of views", logits, ids)
        if every:
            stack = np.stack(every)[..., self.columns(every[0])]
            arrays |= {"view_ids": ids, "view_logits": stack.astype(np.float16)}
        return TEACHERS.text(TEACHERS.keep(name, facts, arrays, replace=replace))

    def _in_order(self, part: str, ids: Any, logits: Any) -> tuple[np.ndarray, np.ndarray]:
        """Ids of all images of the classes, ascending, and the logits of each, all columns."""
        labels = getattr(self.dataset, f"{part}_labels")
        logits = check_array(f"{part}_logits", logits, ("N", "C"), kinds="f", finite=False)
        ids = check_array(f"{part}_ids", ids, (len(logits),), kinds="iu")
        logits, ids = np.asarray(logits, np.float32), np.asarray(ids)
        self.columns(logits)
        every, count = np.unique(ids, return_counts=True)
        self._check_ids(part, every[(every < 0) | (every >= len(labels))], "that are not its")
        self._check_ids(part, every[count > 1], "that are there twice")
        asked = np.flatnonzero(np.isin(labels, self.classes)).astype(np.int32)
        self._check_ids(part, asked[~np.isin(asked, ids)], "that are missing")
        logits = logits[np.argsort(ids)[np.searchsorted(every, asked)]]
        check_finite(f"{part}_logits", logits, asked)
        return asked, logits

    def _check_ids(self, part: str, wrong: np.ndarray, what: str) -> None:
        if len(wrong):
            number = len(getattr(self.dataset, f"{part}_labels"))
            must = f"name images of the {part} split of {self.dataset.name}, 0 to {number - 1}"
            given = f"{len(wrong)} {what} (the first is {wrong[0]})"
            fail(f"{part}_ids", f"{must}, all of the classes, each once", given)

    def columns(self, logits: np.ndarray) -> np.ndarray:
        """Where the classes stand: of a teacher of all classes by their numbers."""
        known, chosen, number = len(self.dataset.class_names), len(self.classes), logits.shape[-1]
        if number not in (known, chosen):
            must = f"have {known} columns, one for each class of {self.dataset.name}"
            must += f", or {chosen}, one for each that is chosen" if chosen < known else ""
            fail("logits", must, f"{number} columns")
        return np.array(self.classes) if number == known else np.arange(chosen)

    def _check_meaning(self, logits: np.ndarray) -> None:
        """They are numbers of either sign, as what enters a softmax is."""
        if (logits >= 0).all():
            if (abs(logits.sum(1) - 1) < _ROUNDING).all():
                advice = "take their logarithm: np.log(np.clip(p, 1e-9, 1))"
                fail("logits", "be what enters a softmax", "probabilities", advice)
            advice = "take what comes before a ReLU at the end, if there is one"
            given = "none below 0"
            fail("logits", "be what enters a softmax, of either sign", given, advice)

    def _check_knows(self, ids: np.ndarray, logits: np.ndarray) -> None:
        """One-sided binomial test of the right answers against the largest class's share."""
        from scipy.stats import binom

        labels = np.searchsorted(self.classes, self.dataset.test_labels[ids])
        right, count = int((logits.argmax(1) == labels).sum()), len(labels)
        guess = np.bincount(labels).max() / count
        if binom.sf(right - 1, count, guess) > _GUESSES_PASS:
            must = f"be right more often than by guessing ({100 * guess:.1f} %; a guess passes once"
            given = f"a teacher that is right on {right} of {count} test images"
            advice = "look at the order of columns and ids, and at what the images are"
            fail("logits", f"{must} in {1 / _GUESSES_PASS:.0f} times)", given, advice)


def check_finite(name: str, logits: np.ndarray, ids: Sequence[int] | np.ndarray) -> None:
    """No NaN, nothing too large for half precision; says of which image the first is."""
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
    part = imported(config)
    if part.facts["data_digest"] != dataset.digest:
        raise InputError(
            f"{part.title} has answered other images than those of {dataset.name} that are here; "
            "ask it again."
        )
    arrays, splits = part.arrays(), teacher_splits(dataset, config.class_numbers)
    columns = part.columns(config.class_numbers)

    def logits(subset: Subset) -> np.ndarray:
        rows = np.searchsorted(arrays[f"{subset.part}_ids"], subset.ids)
        return arrays[f"{subset.part}_logits"][rows][:, columns]

    return of_logits(config, splits, {name: logits(one) for name, one in vars(splits).items()})


def imported(config: TeacherConfig) -> Imported:
    """What an imported teacher's configuration names."""
    part = config.part
    assert isinstance(part, Imported)
    return part


def views_of(student: StudentConfig) -> dict[str, Any]:
    """Which views of which images a student is trained on."""
    fields = ("augmentation", "per_class", "selection", "views")
    return {name: getattr(student, name) for name in fields}


def lacks_views(teacher: TeacherConfig, student: StudentConfig) -> str:
    """The part of an imported teacher that has no answers to a student's views; "" for none."""
    if student.augmentation == "none":
        return ""
    classes = list(student.class_numbers)
    for member in teacher.members:
        if not member.part.is_trained:
            part, needed = imported(member), views_of(student)
            known = dict(part.facts["views"] or {"views": 0})
            enough = known.pop("views") >= needed.pop("views")
            if not enough or known != needed or classes != part.facts["classes"]:
                return part.title
    return ""


def check_views(teacher: TeacherConfig, student: StudentConfig) -> None:
    """A teacher has answers to a student's views, or can be asked.

    Raises:
        InputError: it has not, and cannot.
    """
    lacking = lacks_views(teacher, student)
    if lacking:
        views = f"{student.augmentation}:{student.views}"
        must = f"be none where the teacher is {lacking}, which has not answered these views"
        advice = f"ask it with `jqkd teacher answer --views {views}`, of these images and classes"
        fail("augmentation", must, student.augmentation, advice)


def imported_views(teacher: TeacherConfig, student: StudentConfig, train: Subset) -> Output:
    """Logits (V, N, C) of a student's views."""
    part = imported(teacher)
    arrays = part.arrays()
    if not np.array_equal(arrays["view_ids"], train.ids):
        raise InputError(f"{part.title} has answered views of other images; ask it again.")
    return Output(arrays["view_logits"][: student.views].astype(np.float32))
