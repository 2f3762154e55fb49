"""Sources and cache: the same bytes by every way, and a sentence where there is no way."""

from __future__ import annotations

import gzip
import os
import shutil
import socket
import subprocess
import sys
import threading
import warnings
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from jqkd._checks import InputError
from jqkd.data import DATASETS, CacheWarning, load
from jqkd.data.cache import PARTS, digest
from jqkd.data.digits import enlarge

TFDS_FOLDER = os.environ.get("TFDS_DATA_DIR")
needs_data = pytest.mark.skipif(
    not TFDS_FOLDER or not (Path(TFDS_FOLDER) / "downloads").is_dir(),
    reason="TFDS_DATA_DIR names no folder with downloaded MNIST and FashionMNIST files",
)
NAMES = ("mnist", "fashion_mnist")


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args):
        pass


@pytest.fixture
def offline(monkeypatch):
    """No name is resolved and no connection opened."""

    def refuse(*args, **kwargs):
        raise OSError("blocked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def downloads_only(tmp_path):
    """A data folder with the downloaded files and no prepared copy."""
    folder = tmp_path / "tfds"
    folder.mkdir()
    (folder / "downloads").symlink_to(Path(TFDS_FOLDER) / "downloads")
    return folder


def published(kind: str, name: str) -> bytes:
    """The decompressed IDX file of ``name``."""
    source = "fashion-mnist" if name == "fashion_mnist" else "cvdf"
    (path,) = (Path(TFDS_FOLDER) / "downloads").glob(f"{source}*{kind}*.gz")
    return gzip.decompress(path.read_bytes())


@needs_data
@pytest.mark.parametrize("name", NAMES)
def test_the_download_path_gives_the_published_images(name, offline, downloads_only, tmp_path):
    dataset = load(name, data_dir=downloads_only, cache_dir=tmp_path / "cache")
    for part, file in (("train", "train"), ("test", "t10k")):
        images, labels = getattr(dataset, f"{part}_images"), getattr(dataset, f"{part}_labels")
        # The headers have 16 and 8 bytes; the rest is the images one after another.
        assert images.tobytes() == published(f"{file}-images", name)[16:]
        assert labels.astype(np.uint8).tobytes() == published(f"{file}-labels", name)[8:]
        assert images.dtype == np.uint8 and labels.dtype == np.int32
    assert dataset.train_images.shape == (60000, 28, 28)
    assert dataset.test_images.shape == (10000, 28, 28)


@needs_data
@pytest.mark.parametrize("name", NAMES)
def test_tfds_records_are_put_back_in_published_order(name, offline, downloads_only, tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")
    from jqkd.data.mnist import _tfds_order

    dataset = load(name, data_dir=downloads_only, cache_dir=tmp_path / "cache")
    source = tfds.data_source(name, data_dir=TFDS_FOLDER, download=False)
    for split, count in (("train", 60000), ("test", 10000)):
        order = _tfds_order(split, count)
        images, labels = getattr(dataset, f"{split}_images"), getattr(dataset, f"{split}_labels")
        for i in range(0, count, count // 200):
            record = source[split][i]
            np.testing.assert_array_equal(record["image"][..., 0], images[order[i]])
            assert record["label"] == labels[order[i]]


@needs_data
def test_a_prepared_copy_alone_is_enough(offline, tmp_path):
    folder = tmp_path / "tfds"
    folder.mkdir()
    (folder / "mnist").symlink_to(Path(TFDS_FOLDER) / "mnist")
    dataset = load("mnist", data_dir=folder, cache_dir=tmp_path / "cache")
    assert digest({part: getattr(dataset, part) for part in PARTS}) == dataset.digest
    # Class counts as published with MNIST.
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    np.testing.assert_array_equal(np.bincount(dataset.train_labels), counts)
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    np.testing.assert_array_equal(np.bincount(dataset.test_labels), counts)


@needs_data
def test_fashion_mnist_class_counts(offline, downloads_only, tmp_path):
    dataset = load("fashion_mnist", data_dir=downloads_only, cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(np.bincount(dataset.train_labels), [6000] * 10)
    np.testing.assert_array_equal(np.bincount(dataset.test_labels), [1000] * 10)


@needs_data
def test_a_real_download_over_http(monkeypatch, tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")
    from jqkd.data import mnist

    site = tmp_path / "site"
    site.mkdir()
    registered = tfds.builder_cls("mnist").url_infos
    for path in (Path(TFDS_FOLDER) / "downloads").glob("cvdf*.gz"):
        (url,) = [u for u in registered if u.rsplit("/", 1)[1][:-3] in path.name]
        (site / url.rsplit("/", 1)[1]).symlink_to(path)
    handler = partial(QuietHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}/"
        moved = {root + url.rsplit("/", 1)[1]: info for url, info in registered.items()}
        monkeypatch.setattr(mnist, "_registered_files", lambda tfds, name: moved)
        dataset = load("mnist", data_dir=tmp_path / "new", cache_dir=tmp_path / "cache")
        server.shutdown()
    assert len(dataset.train_labels) == 60000
    assert len(list((tmp_path / "new" / "downloads").rglob("*.gz"))) == 4


@needs_data
def test_a_tfrecord_copy_does_not_stop_the_download(offline, downloads_only, tmp_path):
    version = downloads_only / "mnist" / "3.0.1"
    version.mkdir(parents=True)
    stock = Path(TFDS_FOLDER) / "mnist" / "3.0.1"
    shutil.copyfile(stock / "features.json", version / "features.json")
    info = (stock / "dataset_info.json").read_text().replace("array_record", "tfrecord")
    (version / "dataset_info.json").write_text(info)
    dataset = load("mnist", data_dir=downloads_only, cache_dir=tmp_path / "cache")
    assert len(dataset.test_labels) == 10000


@needs_data
def test_files_already_downloaded_into_the_cache_folder_are_found(offline, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "downloads").symlink_to(Path(TFDS_FOLDER) / "downloads")
    (tmp_path / "file").write_text("a file where a folder should be")
    dataset = load("mnist", data_dir=tmp_path / "file", cache_dir=tmp_path / "cache")
    assert len(dataset.train_labels) == 60000


@needs_data
def test_damaged_downloads_are_named(offline, tmp_path):
    folder = tmp_path / "tfds" / "downloads"
    folder.mkdir(parents=True)
    for path in (Path(TFDS_FOLDER) / "downloads").glob("cvdf*"):
        contents = path.read_bytes()
        cut = len(contents) // 2 if "t10k-images" in path.name and path.suffix == ".gz" else None
        (folder / path.name).write_bytes(contents[:cut])
    with pytest.raises(InputError, match="downloaded files of mnist in .* are damaged; delete"):
        load("mnist", data_dir=tmp_path / "tfds", cache_dir=tmp_path / "cache")


def test_no_images_and_no_network(offline, tmp_path):
    pytest.importorskip("tensorflow_datasets")
    with pytest.raises(InputError, match="neither prepared in .*nowhere nor .* set TFDS_DATA_DIR"):
        load("mnist", data_dir=tmp_path / "nowhere", cache_dir=tmp_path / "cache")


def test_without_tfds_there_is_a_way_out(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(InputError, match=r'pip install "jqkd\[data\]"'):
        load("mnist", cache_dir=tmp_path)


def test_unknown_name(tmp_path):
    with pytest.raises(InputError, match="mnist, fashion_mnist, digits"):
        load("cifar10", cache_dir=tmp_path)


def test_a_cached_file_needs_no_source(monkeypatch, tmp_path):
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path))
    first = load("digits")
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    second = load("digits")
    assert all((getattr(first, part) == getattr(second, part)).all() for part in PARTS)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["digits.npz"]


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped", "another"])
def test_a_damaged_cache_file_is_rebuilt_and_said(damage, tmp_path):
    good = load("digits", cache_dir=tmp_path)
    path = tmp_path / "data" / "digits.npz"
    contents = bytearray(path.read_bytes())
    if damage == "truncated":
        path.write_bytes(contents[: len(contents) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "flipped":
        contents[len(contents) // 2] ^= 1
        path.write_bytes(contents)
    else:  # a sound file, but with other pixels than the data set's
        arrays = {part: getattr(good, part) for part in PARTS}
        np.savez(path, **(arrays | {"test_images": 255 - good.test_images}))
    with pytest.warns(CacheWarning, match="damaged: .* rebuilt"):
        again = load("digits", cache_dir=tmp_path)
    assert (again.test_images == good.test_images).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load("digits", cache_dir=tmp_path)


def test_an_unwritable_cache_folder_is_only_a_warning(tmp_path):
    (tmp_path / "file").write_text("a file where a folder should be")
    with pytest.warns(CacheWarning, match="cannot be written .* set JQKD_CACHE") as caught:
        dataset = load("digits", cache_dir=tmp_path / "file")
    assert len(caught) == 1
    assert len(dataset.test_labels) == 500


def test_digits_hold_what_the_table_promises(tmp_path):
    dataset, facts = load("digits", cache_dir=tmp_path), DATASETS["digits"]
    needed = facts.train_per_class + facts.validation_per_class
    assert np.bincount(dataset.train_labels).min() >= needed
    assert (np.bincount(dataset.test_labels) == facts.test_per_class).all()
    assert len(dataset.train_labels) + len(dataset.test_labels) == 1797


def test_enlarged_digits_agree_with_scipy():
    small = np.random.default_rng(0).integers(0, 17, (4, 8, 8))
    framed = np.pad(small, ((0, 0), (1, 1), (1, 1)))
    scaled = framed / 16 * 255
    zoomed = ndimage.zoom(scaled, (1, 3, 3), order=1, grid_mode=True, mode="grid-constant")
    expected = np.pad(zoomed[:, 3:-3, 3:-3], ((0, 0), (2, 2), (2, 2)))
    large = enlarge(small)
    assert large.shape == (4, 28, 28) and large.dtype == np.uint8
    np.testing.assert_allclose(large, expected, atol=0.5 + 1e-9)


def test_import_loads_no_heavy_library():
    code = (
        "import sys, jqkd.data; "
        "print([m for m in ('tensorflow_datasets', 'sklearn', 'platformdirs') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
