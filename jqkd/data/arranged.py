"""Parts of a source arranged as a data set: disjoint, with the validation images at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import check_list, check_seed, fail, shown
from jqkd.data.cache import PARTS, Arrays, digest
from jqkd.data.cleaned import clean_images, clean_labels, scale
from jqkd.data.sources import Source, describe

# Train images a class by default, and validation images that are held out, at most: the paper's.
_MOST = 150
# Share of the train images that is held out where a source has no validation images.
_HELD_OUT = 0.15
_SPLITS = ("train", "validation", "test")
Rows = dict[str, np.ndarray]


@dataclass(frozen=True)
class Given:
    """What a source holds.

    Attributes:
        parts: images and labels of ``train``, perhaps of ``validation`` and ``test``.
        class_names: where the source has them.
        origin: where all that comes from, for a reader.
    """

    parts: Mapping[str, tuple[Any, Any]]
    class_names: Sequence[str] | None = None
    origin: str = "arrays"


@dataclass(frozen=True, eq=False)
class Arranged(Source):
    """A data set in memory.

    Attributes:
        facts: those of a ``Source``; ``counts``, images of each class by part; how many validation
            images were ``left_out``.
        arrays: the four, and ``minimum`` and ``maximum`` where features were scaled.
        origin: where all that comes from, for a reader.
    """

    facts: Mapping[str, Any]
    arrays: Arrays = field(repr=False)
    origin: str
    is_decoded = True

    def __post_init__(self) -> None:
        describe(self, self.facts)

    def read(self, data_dir: Path, cache_dir: Path) -> Arrays:
        return {part: self.arrays[part] for part in PARTS}


def arrange(
    label: str,
    given: Given,
    *,
    class_names: Sequence[str] | None = None,
    split: Sequence[float] | None = None,
    split_seed: int | None = None,
) -> Arranged:
    """A source as a data set, see ``Dataset.from_arrays``.

    Raises:
        InputError: one sentence about what cannot be one.
    """
    images = clean_images({part: both[0] for part, both in given.parts.items()})
    named = given.class_names if class_names is None else class_names
    labels, names = clean_labels({part: both[1] for part, both in given.parts.items()}, named)
    for part in images:
        if len(images[part]) != len(labels[part]):
            fail(f"{part}_labels", f"be {len(images[part])}, like the images", len(labels[part]))
    origin = given.origin
    if split is not None:
        # Of all images together, where the source has parts of its own.
        all_images, all_labels = (np.concatenate([*one.values()]) for one in (images, labels))
        rows, how = _split(all_labels, names, split, split_seed)
        images = {part: all_images[chosen] for part, chosen in rows.items()}
        labels = {part: all_labels[chosen] for part, chosen in rows.items()}
        origin = f"{origin}, split {how}"
    elif "test" not in images:
        fail("split", "be given where there are no test images", "nothing", "such as 0.7,0.15,0.15")
    elif split_seed is not None:
        fail("split_seed", "be left out without `split`", split_seed)
    counts = {k: np.bincount(v, minlength=len(names)) for k, v in labels.items()}
    for part, count in counts.items():
        if not count.all():
            lacking = int(count.argmin())
            fail(f"{part}_labels", "hold every class", f"none of {lacking} ({names[lacking]})")
    images, limits = scale(images)
    held_out, left_out = _hold_out(images, labels, counts)
    arrays = {name: {"images": images, "labels": labels}[name[-6:]][name[:-7]] for name in PARTS}
    facts = {
        "label": label,
        "class_names": list(names),
        "image_shape": list(images["train"].shape[1:]),
        "train_images": -(-len(labels["train"]) // len(names)),
        "train_per_class": min(int(counts["train"].min()), _MOST),
        "validation_per_class": held_out,
        "test_per_class": int(counts["test"].min()),
        "digest": digest(arrays),
        "counts": {part: counts[part].tolist() for part in _SPLITS},
        "left_out": left_out,
        "is_scaled": bool(limits),
    }
    return Arranged(facts, arrays | limits, origin)


def _split(
    labels: np.ndarray, names: Sequence[str], split: Any, split_seed: int | None
) -> tuple[Rows, str]:
    """Which rows go where, every class in the same shares; and how, for a reader."""
    seed = check_seed("split_seed", 0 if split_seed is None else split_seed)
    shares = check_list("split", split, (int, float), "three numbers")
    if len(shares) != 3 or not all(0 < one < 1 for one in shares) or abs(sum(shares) - 1) > 1e-9:
        must = "be three shares above 0 that sum to 1, of train, validation and test images"
        fail("split", must, shown(shares), "such as 0.7,0.15,0.15")
    rows: dict[str, list[np.ndarray]] = {part: [] for part in _SPLITS}
    for label, name in enumerate(names):
        # A seed of its own for each class: what others hold does not matter.
        own = np.random.default_rng((seed, label)).permutation(np.flatnonzero(labels == label))
        cuts = np.round(np.cumsum(shares[:2]) * len(own)).astype(int)
        for part, chosen in zip(rows, np.split(own, cuts), strict=True):
            if not len(chosen):
                given = f"{shown(shares)} of {len(own)} of class {label} ({name})"
                fail("split", f"leave {part} images of every class", given)
            rows[part].append(chosen)
    how = f"{','.join(f'{one:g}' for one in shares)} by seed {seed}"
    return {part: np.sort(np.concatenate(chosen)) for part, chosen in rows.items()}, how


def _hold_out(images: Arrays, labels: Arrays, counts: Rows) -> tuple[int, int]:
    """Put the validation images last; how many of each class, and how many are left out."""
    each, left_out = min(_MOST, max(1, round(_HELD_OUT * int(counts["train"].min())))), 0
    if "validation" in images:
        each = int(counts["validation"].min())
        left_out = int(counts["validation"].sum()) - each * len(counts["train"])
        own = labels["validation"]
        rows = [np.flatnonzero(own == label)[:each] for label in range(len(counts["train"]))]
        chosen = np.sort(np.concatenate(rows))
        for arrays in (images, labels):
            arrays["train"] = np.concatenate([arrays["train"], arrays["validation"][chosen]])
    else:
        counts["train"] = counts["train"] - each
    if counts["train"].min() < 1:
        fail("train_images", "be two of every class or more, of which one is for validation", "one")
    counts["validation"] = np.full_like(counts["train"], each)
    return each, left_out
