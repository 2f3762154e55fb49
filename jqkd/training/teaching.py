"""What a teacher says of a student's images: of every view of them, once, before students train.

A student whose images are augmented needs its teacher's word on the very same augmented images.
Views are the same for all seeds, so the teacher answers each once, and its weights never sit in a
student's training step.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from jqkd._checks import fail
from jqkd.common.arrays import Most, arrays_digest, read_npz
from jqkd.common.files import DamagedFile, read_json
from jqkd.data import AUGMENTATIONS, Dataset, Subset, view
from jqkd.data.cache import write_cache
from jqkd.models.teachers import average_probabilities
from jqkd.training.config import StudentConfig
from jqkd.training.placebos import PLACEBOS, changes_logits
from jqkd.training.recipes import Output
from jqkd.training.teacher import Teacher
from jqkd.training.teacher_config import TeacherConfig
from jqkd.training.teacher_import import imported_views, lacks_views
from jqkd.training.teacher_store import obtain_teacher, teacher_folder
from jqkd.training.teachers import answer

_log = logging.getLogger(__name__)
# Raised when views or answers come to mean something else.
_VERSION = 1
# Of the digest that lies beside kept answers.
_SEAL = "digest"
# A hidden layer is kept for every view of every image.
_WIDEST = 512


def needs_views(config: StudentConfig) -> bool:
    """Whether a teacher's logits for the plain images are not enough."""
    return config.augmentation != "none" or config.needs_features


def teachable(config: StudentConfig, teacher: TeacherConfig) -> StudentConfig:
    """The student as a teacher can teach it: of plain images, where it has not answered views."""
    lacking = lacks_views(teacher, config)
    if not lacking:
        return config
    _log.warning("%s has answered no such views: all students train on plain images.", lacking)
    return replace(config, augmentation="none")


def answers(
    teacher: Teacher,
    config: StudentConfig,
    dataset: Dataset,
    train: Subset,
    *,
    cache_dir: Path | None = None,
) -> Output:
    """What a teacher says of the views of a student's N train images.

    Args:
        teacher: by ``obtain_teacher``.
        config: the student's: which views, and whether features are needed.
        dataset: where the images come from.
        train: the images.
        cache_dir: in place of the cache folder.

    Returns:
        Logits (N, C); where the student's images are augmented (V, N, C), and features of the same
        leading shape if they are needed. Those of views and features are rounded to half
        precision, as that is how they are kept.

    Raises:
        InputError: features of an ensemble or of a teacher with a wide hidden layer are needed, or
            views that an imported teacher has not answered.
    """
    check_features(teacher.config, config)
    if not needs_views(config):
        return Output(teacher.logits_for(train))
    members = teacher.config.members
    parts = [_of_views(member, config, dataset, train, cache_dir) for member in members]
    if len(parts) == 1:
        return parts[0]
    mean = np.asarray(average_probabilities(*(jnp.asarray(output.logits) for output in parts)))
    return Output(mean.astype(np.float16).astype(np.float32))


def controlled(answered: Output, config: StudentConfig, train: Subset) -> Output:
    """What the student is taught: the teacher's answers, see ``answers``, or those of a placebo.

    Raises:
        InputError: the placebo would leave what the recipe reads as it is.
    """
    if config.placebo == "none":
        return answered
    placebo = PLACEBOS.build(config.placebo)
    targets = [view(train, config.augmentation, number)[1] for number in range(config.views)]
    targets = targets[0] if config.augmentation == "none" else np.stack(targets)
    logits, features = np.asarray(answered.logits), answered.features
    own_logits, own_features = placebo.logits(logits, targets), features
    changed = changes_logits(logits, own_logits)
    if config.needs_features:
        features = np.asarray(features)
        own_features = placebo.features(features, targets)
        changed = not np.array_equal(features, own_features)
    if not changed:
        must = "take something from the teacher"
        given = f"{config.placebo!r}, which leaves its answers to these images as they are,"
        fail("placebo", must, given, "choose another placebo, or more images")
    return Output(own_logits, own_features)


def check_features(teacher: TeacherConfig, config: StudentConfig) -> None:
    """A recipe that compares hidden layers needs a teacher with one that is small enough to keep.

    Raises:
        InputError: it has none, or a wider one.
    """
    size = teacher.part.hidden_size
    if config.needs_features and not 0 < (size or 0) <= _WIDEST:
        must = f"have a hidden layer of at most {_WIDEST} numbers where the recipe is"
        width = f"whose has {size}" if size else "which has none"
        advice = "it compares hidden layers, for every view; choose another recipe"
        fail("teacher", f"{must} {config.recipe}", f"{teacher.arch}, {width},", advice)


def _of_views(
    member: TeacherConfig,
    config: StudentConfig,
    dataset: Dataset,
    train: Subset,
    cache_dir: Path | None,
) -> Output:
    """A member's answers, kept beside its weights, or on the shelf where it was imported."""
    if not member.part.is_trained:
        return imported_views(member, config)
    folder = teacher_folder(member, dataset, cache_dir)
    path = folder / f"answers-{_digest(config, train)}.npz"
    arrays = _kept(path, _weights_name(folder), config, member)
    if arrays is None:
        teacher = obtain_teacher(member, dataset, with_weights=True, cache_dir=cache_dir)
        arrays = _ask(teacher, config, train)
        write_cache(path, arrays | {_SEAL: np.array(_seal(arrays, _weights_name(folder)))})
    # As students read them: no axis of views where there is but one.
    only = config.augmentation == "none"
    read = {name: (a[0] if only else a).astype(np.float32) for name, a in arrays.items()}
    return Output(read["logits"], read.get("features"))


def _ask(teacher: Teacher, config: StudentConfig, train: Subset) -> dict[str, np.ndarray]:
    """A teacher's answers, from its weights, in half precision."""
    ask = partial(answer, teacher.config, teacher.weights or {}, hidden=True)
    views = (view(train, config.augmentation, number)[0] for number in range(config.views))
    parts = [ask(subset) for subset in views]
    names = ("logits", "features") if config.needs_features else ("logits",)
    stacks = {name: np.stack([getattr(part, name) for part in parts]) for name in names}
    return {name: stack.astype(np.float16) for name, stack in stacks.items()}


def _kept(
    path: Path, weights: str, config: StudentConfig, member: TeacherConfig
) -> dict[str, np.ndarray] | None:
    """The answers in a file; ``None`` unless they are whole, and what those weights said."""
    images = config.views * config.num_images
    expected = {"logits": Most("f", images * member.num_classes), _SEAL: Most("U", 4)}
    if config.needs_features:
        expected["features"] = Most("f", images * (member.part.hidden_size or 0))
    try:
        arrays = read_npz(path, expected, "the teacher answers again")
    except (FileNotFoundError, DamagedFile):
        return None
    seal = str(arrays.pop(_SEAL))
    return arrays if seal == _seal(arrays, weights) else None


def _seal(arrays: dict[str, np.ndarray], weights: str) -> str:
    """Names some answers and the weights that gave them."""
    return hashlib.sha256(f"{weights} {arrays_digest(arrays)}".encode()).hexdigest()[:16]


def _weights_name(folder: Path) -> str:
    """The digest of a kept teacher's weights, as its description has it."""
    try:
        return str(read_json(folder / "teacher.json", "it is trained again")["weights_digest"])
    except (FileNotFoundError, DamagedFile, KeyError, TypeError):
        return ""


def _digest(config: StudentConfig, train: Subset) -> str:
    recipe = asdict(AUGMENTATIONS[config.augmentation])
    about = [_VERSION, recipe, config.views, config.needs_features, train.ids.tolist()]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]
