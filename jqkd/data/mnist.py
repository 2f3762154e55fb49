"""MNIST and FashionMNIST through tensorflow-datasets, with no TensorFlow installed.

Images come in the order of the published IDX files, which is the order that torchvision and
Keras show and that "the first 150 of a class" refers to. TFDS stores them shuffled by a hash of
that position, so a prepared copy is put back in order.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import logging
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError
from jqkd.common.files import try_to_write
from jqkd.data.cache import Arrays, digest
from jqkd.data.sources import DATASETS, Source

NUMERALS = tuple("0123456789")

_FILES = {
    "train_images": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}
# Of the largest published file: 60,000 images and a header.
_MOST_BYTES = 16 + 60_000 * 28 * 28
_HELP = (
    "set TFDS_DATA_DIR to a folder that has them, connect to the network once, "
    "or use --dataset digits"
)
_log = logging.getLogger(__name__)


class _Published(Source):
    """70,000 grey images of ten classes."""

    image_shape = (28, 28)
    train_images = 6000
    train_per_class = validation_per_class = test_per_class = 150
    needs_data_dir = True

    def read(self, data_dir: Path, cache_dir: Path) -> Arrays:
        """From a prepared copy, else from the downloaded files."""
        return read_mnist(DATASETS.name_of(self), self.digest or "", data_dir, cache_dir)


@DATASETS.register("mnist")
@dataclass(frozen=True)
class MNIST(_Published):
    """Handwritten digits (LeCun et al., Proceedings of the IEEE 86, 1998)."""

    label = "MNIST"
    class_names = NUMERALS
    digest = "12e36daeb4c30174bb818e72f329e8ea6d34a1b9a49e70aaf6035312225ff4fe"


@DATASETS.register("fashion_mnist")
@dataclass(frozen=True)
class FashionMNIST(_Published):
    """Photographs of garments (Xiao et al., arXiv:1708.07747)."""

    label = "FashionMNIST"
    class_names = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip
    digest = "bc7d4233ea2e998fb71e41f434b759f8fcb7727c9b380426153ac15292dc5ef7"


def read_mnist(name: str, expected: str, data_dir: Path, spare_dir: Path) -> Arrays:
    """The four arrays of ``name``: from a prepared copy, else from the downloaded files.

    Args:
        name: ``mnist`` or ``fashion_mnist``.
        expected: digest that the arrays must have.
        data_dir: TFDS's data folder; it may be read-only, or hold a copy in another format.
        spare_dir: where files are downloaded to if ``data_dir`` cannot be written.

    Raises:
        InputError: TFDS is not installed, or there are neither images nor a network.
    """
    try:
        import importlib_resources  # noqa: F401  TFDS needs it and does not declare it
        import tensorflow_datasets as tfds
    except ImportError:
        raise InputError(
            f"Reading {name} needs tensorflow-datasets and importlib_resources, which are not both "
            'installed; run `pip install "jqkd[data]"` or use --dataset digits.'
        ) from None
    with quiet(tfds), tempfile.TemporaryDirectory() as scratch:
        arrays = _read_prepared(tfds, name, data_dir)
        if arrays is None or digest(arrays) != expected:
            folders = [data_dir / "downloads", spare_dir / "downloads", Path(scratch)]
            arrays = _read_files(name, _fetch(tfds, name, folders, Path(scratch)), expected)
        return arrays


@contextlib.contextmanager
def quiet(tfds: Any) -> Generator[None]:
    """No progress bars and no hints from the libraries below, for the time of one load."""
    loggers = [logging.getLogger(name) for name in ("absl", "urllib3")]
    levels = [logger.level for logger in loggers]
    bars = getattr(tfds.core.utils.tqdm_utils, "_active", True)
    tfds.display_progress_bar(False)
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        tfds.display_progress_bar(bars)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _read_prepared(tfds: Any, name: str, data_dir: Path) -> Arrays | None:
    """The prepared copy in ``data_dir``, or None where TFDS cannot read one."""
    arrays: Arrays = {}
    try:
        source = tfds.data_source(name, data_dir=data_dir, download=False)
        for split in ("train", "test"):
            _log.info("Decoding the %s split of %s in %s", split, name, data_dir)
            records = list(source[split])
            order = _tfds_order(split, len(records))
            images = np.empty((len(records), 28, 28), np.uint8)
            labels = np.empty(len(records), np.int32)
            images[order] = np.stack([record["image"] for record in records])[..., 0]
            labels[order] = [record["label"] for record in records]
            arrays |= {f"{split}_images": images, f"{split}_labels": labels}
    except Exception as error:  # no copy, TFRECORD files, a damaged copy: TFDS raises all kinds
        _log.info("No prepared copy of %s was read from %s: %r", name, data_dir, error)
        return None
    return arrays


def _tfds_order(split: str, count: int) -> np.ndarray:
    """Published position of each TFDS record: TFDS sorts by MD5 of split name and position."""
    keys = [hashlib.md5(f"{split}{i}".encode()).digest() for i in range(count)]
    return np.array(sorted(range(count), key=keys.__getitem__), np.int32)


def _fetch(tfds: Any, name: str, folders: list[Path], scratch: Path) -> dict[str, Path]:
    """The four published files, found in one of ``folders`` or downloaded into one by TFDS."""
    infos = _registered_files(tfds, name)
    urls = {part: next(u for u in infos if u.endswith(file)) for part, file in _FILES.items()}
    held = [folder for folder in folders if _is_held(folder, name, infos)]
    try:
        if not held:
            _check_network(urls["train_images"])
            _log.info("Downloading %s", name)
        manager = tfds.download.DownloadManager(
            download_dir=held[0] if held else next(filter(_is_writable, folders)),
            extract_dir=scratch / "extracted",
            url_infos=infos,
            dataset_name=name,
        )
        return {part: Path(path) for part, path in manager.download(urls).items()}
    except Exception as error:  # requests, TFDS and the file system each have their own
        _log.info("Downloading %s failed", name, exc_info=True)
        raise InputError(
            f"The images of {name} are neither prepared in {folders[0].parent} nor downloaded in "
            f"{folders[0]}, and downloading them failed ({type(error).__name__}); {_HELP}."
        ) from None


def _registered_files(tfds: Any, name: str) -> dict[str, Any]:
    """URL -> size and checksum of each published file, as TFDS registers them."""
    return tfds.builder_cls(name).url_infos


def _is_held(folder: Path, name: str, infos: dict[str, Any]) -> bool:
    """All files are in ``folder`` under the names that TFDS's download manager looks for."""
    from tensorflow_datasets.core.download.resource import get_dl_fname

    def lies(where: Path, file: str) -> bool:
        return (where / file).exists() and (where / f"{file}.INFO").exists()

    files = [get_dl_fname(url, info.checksum) for url, info in infos.items()]
    return all(lies(folder / name, file) or lies(folder, file) for file in files)


def _check_network(url: str) -> None:
    """Ask once, for seconds: TFDS itself retries a missing network for minutes."""
    import requests

    requests.head(url, timeout=(5, 10), allow_redirects=True).raise_for_status()


def _is_writable(folder: Path) -> bool:
    """``folder`` exists or can be made, and a file can be put into it."""
    try:
        try_to_write(folder)
        return True
    except OSError:
        return False


def _read_files(name: str, paths: dict[str, Path], expected: str) -> Arrays:
    """The arrays in the four published files; they must have the ``expected`` digest."""
    try:
        arrays = {part: _read_idx(path) for part, path in paths.items()}
        arrays = {p: a if p.endswith("images") else a.astype(np.int32) for p, a in arrays.items()}
        if digest(arrays) == expected:
            return arrays
    except (OSError, EOFError, ValueError, IndexError):  # gzip and a broken header
        pass
    raise InputError(
        f"The downloaded files of {name} in {paths['train_images'].parent} are damaged; "
        "delete them there so that they are downloaded again, or use --dataset digits."
    )


def _read_idx(path: Path) -> np.ndarray:
    """An IDX file of bytes: two zeros, type 8, dimensions, sizes (big-endian), data."""
    with gzip.open(path) as file:
        raw = file.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise ValueError("larger than the published file")
    if raw[:3] != b"\x00\x00\x08":
        raise ValueError("not an IDX file of bytes")
    dimensions = raw[3]
    sizes = np.frombuffer(raw, ">u4", dimensions, offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(sizes)
