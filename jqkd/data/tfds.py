"""Image classification sets that tensorflow-datasets has prepared on disk, without TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError, fail
from jqkd.data.arranged import Given
from jqkd.data.cleaned import readable
from jqkd.data.folders import NOT_INSTALLED, Opens, stack
from jqkd.data.mnist import quiet


def read_tfds(
    texts: list[str],
    resize: Sequence[int] | None = None,
    mode: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
) -> Given:
    """A data set that tensorflow-datasets has prepared on disk, in the order of its records."""
    name = texts[0].partition(":")[2]
    try:
        import importlib_resources  # noqa: F401  TFDS needs it and does not declare it
        import tensorflow_datasets as tfds
        from PIL import Image
    except ImportError:
        needs = f"Reading tfds:{name} needs tensorflow-datasets, importlib_resources or Pillow"
        raise InputError(f"{needs}, {NOT_INSTALLED}.") from None
    folder = Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")
    with quiet(tfds), readable(texts[0]):
        builder: Any = tfds.builder(name, data_dir=folder.expanduser())
        if not builder.is_prepared():
            fail("source", f"be a data set that is prepared in {folder}", texts[0])
        features, source = builder.info.features, builder.as_data_source()
        if not {"image", "label"} <= set(features) or not hasattr(features["label"], "names"):
            fail("source", "have an image and a label", f"{texts[0]} with {', '.join(features)}")

        def read(part: str) -> tuple[np.ndarray, np.ndarray]:
            records, labels = source[part], []

            def pictures() -> Iterator[tuple[str, Opens]]:
                for number, record in enumerate(records):
                    labels.append(record["label"])
                    pixels = record["image"]
                    pixels = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
                    yield f"record {number} of {part}", partial(Image.fromarray, pixels)

            return stack(pictures(), len(records), resize, mode), np.array(labels)

        parts = {part: read(part) for part in ("train", "validation", "test") if part in source}
    return Given(parts, features["label"].names, f"{texts[0]} {builder.info.version}")
