"""Data sets of a user's own: the same by every way, split without overlap, and then ordinary."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest

import jqkd
from jqkd.common.digests import json_digest
from jqkd.data import DATASETS, Dataset, import_data, load, student_splits, teacher_splits
from jqkd.data.cache import PARTS, digest
from jqkd.data.imported import shelf
from jqkd.training.config import StudentConfig, TeacherConfig
from tests.data.own import SHAPE, labelled, pictures, table

TRAIN, VALIDATION, TEST = (labelled(n, seed=n) for n in (30, 9, 12))
MEDMNIST = dict(zip(("train", "val", "test"), (TRAIN, VALIDATION, TEST), strict=True))


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path / "cache"))


def arrays_of(name):
    dataset = load(name)
    return {part: getattr(dataset, part) for part in PARTS}


def counts_of(name):
    """Images of each class: train, validation and test."""
    data, each = load(name), load(name).source.validation_per_class
    train, test = (np.bincount(labels).tolist() for labels in (data.train_labels, data.test_labels))
    return [[count - each for count in train], [each] * len(train), test]


def medmnist(path, **changes):
    arrays = {}
    for part, (images, labels) in MEDMNIST.items():
        arrays |= {f"{part}_images": images, f"{part}_labels": labels[:, None].astype(np.uint8)}
    np.savez_compressed(path, **arrays | changes)
    return path


def test_six_keys_of_medmnist_with_the_validation_images_last(tmp_path):
    title = import_data("med", medmnist(tmp_path / "medmnist.npz"))
    arrays = arrays_of("med")
    np.testing.assert_array_equal(arrays["train_images"], np.r_[TRAIN[0], VALIDATION[0]])
    np.testing.assert_array_equal(arrays["train_labels"], np.r_[TRAIN[1], VALIDATION[1]])
    np.testing.assert_array_equal(arrays["test_images"], TEST[0])
    source = DATASETS[title]
    assert (source.class_names, source.image_shape) == (("0", "1", "2"), SHAPE)
    assert (source.train_per_class, source.validation_per_class, source.test_per_class) == (
        10,
        3,
        4,
    )
    splits = student_splits(load("med"), (0, 2))
    for part, (images, labels) in zip(
        ("train", "validation", "test"), MEDMNIST.values(), strict=True
    ):
        chosen = labels != 1
        own = getattr(splits, part)
        np.testing.assert_array_equal(np.round(255 * own.images), images[chosen])
        np.testing.assert_array_equal(own.labels, labels[chosen] // 2)
    taught = teacher_splits(load("med"), (0, 2))
    np.testing.assert_array_equal(taught.validation.ids, splits.validation.ids)
    assert shelf().origin(title) == "medmnist.npz"


def test_larger_classes_leave_validation_images_out(tmp_path):
    images, labels = VALIDATION
    kept = np.r_[0:5, 6:9]  # Three of classes 0 and 1, two of class 2.
    path = medmnist(tmp_path / "x.npz", val_images=images[kept], val_labels=labels[kept])
    import_data("med", path)
    source = load("med").source
    assert source.validation_per_class == 2
    assert counts_of("med") == [[10] * 3, [2] * 3, [4] * 3]
    last = load("med").train_images[30:]
    first = [np.flatnonzero(labels[kept] == label)[:2] for label in range(3)]
    np.testing.assert_array_equal(last, images[kept][np.sort(np.concatenate(first))])


def test_every_door_leads_to_the_same_data_set(tmp_path):
    (train, train_labels), (test, test_labels) = TRAIN, TEST
    keras = {"x_train": train, "y_train": train_labels, "x_test": test, "y_test": test_labels}
    np.savez(tmp_path / "keras.npz", **keras)
    np.savez(
        tmp_path / "own.npz", **dict(zip("pqrs", keras.values(), strict=True)), names=np.eye(2)
    )
    channel = {"x_train": train[..., None].astype(int), "x_test": test[..., None].astype(int)}
    np.savez(tmp_path / "channel.npz", **keras | channel)
    for key, array in keras.items():
        np.save(tmp_path / f"{key}.npy", array)
    names = ("0", "1", "2")
    for part, (images, labels) in {"train": TRAIN, "test": TEST}.items():
        pictures(tmp_path / "folder" / part, images, labels, names)
    titles = [
        import_data("a", tmp_path / "keras.npz"),
        import_data("a", str(tmp_path / "own.npz"), keys=["p", "q", "r", "s"]),
        import_data("a", tmp_path / "channel.npz"),
        import_data("a", *(tmp_path / f"{key}.npy" for key in keras)),
        Dataset.from_arrays("a", TRAIN, TEST).keep(),
        Dataset.from_arrays(
            "a", (train, train_labels.astype("U1")), (test, test_labels.astype("U1"))
        ).keep(),
    ]
    assert len(set(titles)) == 1 and shelf().titles() == titles[:1]
    # A folder's images stand class by class.
    import_data("folder", tmp_path / "folder")
    order = np.argsort(train_labels, kind="stable")
    np.testing.assert_array_equal(load("folder").train_images, train[order])
    np.testing.assert_array_equal(load("folder").train_labels, np.sort(train_labels))
    np.testing.assert_array_equal(load("folder").test_labels, np.sort(test_labels))


def test_a_split_is_stratified_disjoint_and_drawn_by_its_seed(tmp_path):
    images, _ = labelled(200)
    labels = np.r_[np.zeros(40, int), np.ones(160, int)]
    np.savez(tmp_path / "one.npz", images=images, labels=labels)
    seen = []
    for seed in (0, 1, 0):
        title = import_data(
            "one", tmp_path / "one.npz", split=[0.5, 0.2, 0.3], split_seed=seed, replace=True
        )
        arrays = arrays_of(title)
        # Of the larger class 32 were drawn for validation, of which 8 are kept.
        assert counts_of(title) == [[20, 80], [8, 8], [12, 48]]
        rows = [row.tobytes() for part in ("train", "test") for row in arrays[f"{part}_images"]]
        assert len(set(rows)) == len(rows) == 100 + 16 + 60 and set(rows) <= {
            one.tobytes() for one in images
        }
        seen.append(title)
    assert seen[0] == seen[2] != seen[1] and shelf().titles() == seen[:1]
    assert shelf().origin(seen[0]) == "one.npz, split 0.5,0.2,0.3 by seed 0"


def test_features_are_scaled_by_the_train_rows(tmp_path):
    rng = np.random.default_rng(0)
    rows, test = rng.normal(3, 5, (30, 4)), rng.normal(3, 9, (12, 4))
    rows[:, 2] = 7.0
    names = np.array(["b", "a10", "a"])
    train = table(tmp_path / "train.csv", rows, names[TRAIN[1]], "kind")
    tested = table(tmp_path / "test.csv", test, names[TEST[1]], "kind")
    title = import_data("rows", train, tested, label_column="kind")
    data, low, high = load("rows"), rows.min(0), rows.max(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.nan_to_num(np.clip((test - low) / (high - low), 0, 1), nan=0, posinf=0)
    expected[:, 2] = 0
    np.testing.assert_allclose(data.test_images, expected, atol=1e-7)
    varied = [0, 1, 3]
    assert data.train_images[:, varied].min() == 0 and data.train_images[:, varied].max() == 1
    assert data.test_images.dtype == np.float32 and data.class_names == ("a", "a10", "b")
    assert data.source.minimum == tuple(low) and data.source.maximum == tuple(high)
    assert shelf().facts(title)["maximum"] == high.tolist() and data.image_shape == (4,)
    # What lies in [0, 1] already stays, and bytes are bytes.
    for images in (rng.random((30, 4)), rng.integers(0, 256, (30, 4), dtype=np.uint8)):
        kept = Dataset.from_arrays("kept", (images, TRAIN[1]), split=(0.6, 0.2, 0.2))
        assert set(kept.train_images.ravel()) <= set(images.astype(kept.train_images.dtype).ravel())


def test_columns_are_dropped_and_numbers_are_names_in_their_order(tmp_path):
    rows, labels = np.arange(60.0).reshape(30, 2), np.array([10, 9, 2])[TRAIN[1]]
    path = table(tmp_path / "one.csv", rows, labels)
    import_data("rows", path, drop=["x1"], split=(0.6, 0.2, 0.2))
    assert load("rows").class_names == ("2", "9", "10") and load("rows").image_shape == (1,)


def test_pictures_are_brought_to_one_size_and_mode(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="needs the data extra")
    images, labels = labelled(12, classes=2, shape=(8, 6, 3))
    root = pictures(tmp_path / "own", images, labels, ("cat", "dog"))
    pictures(root, *labelled(4, 2, (9, 7)), ("cat", "dog"), ".jpg")
    import_data("own", root, resize=(4, 3), mode="L", split=(0.5, 0.25, 0.25))
    data = load("own")
    assert data.image_shape == (4, 3) and data.class_names == ("cat", "dog")
    first = np.asarray(
        image.fromarray(images[0]).convert("L").resize((3, 4), image.Resampling.BILINEAR)
    )
    every = np.r_[data.train_images, data.test_images]
    assert sum(np.array_equal(one, first) for one in every) == 1


def test_the_title_stands_in_every_key_and_follows_the_contents(tmp_path):
    def keyed(**changes):
        train, labels = changes.get("train", TRAIN[0]), TRAIN[1]
        data = Dataset.from_arrays("own", (train, labels), TEST, class_names=changes.get("names"))
        title = data.keep(replace=True)
        student = StudentConfig("own", "0-2", 2, "robust")
        teacher = TeacherConfig("lenet", "own", "0-2")
        assert student.dataset == teacher.dataset == title and title.startswith("own@")
        assert student.digest() == StudentConfig(title, "0-2", 2, "robust").digest()
        return title, student.digest(), teacher.digest()

    flipped = TRAIN[0].copy()
    flipped[3, 2, 1] ^= 1
    keys = [keyed(), keyed(train=flipped), keyed(names=["a", "b", "c"])]
    assert all(len(set(column)) == 3 for column in zip(*keys, strict=True))
    assert keyed() == keys[0]


def test_it_is_kept_once_and_loaded_as_it_was():
    data = Dataset.from_arrays("own", TRAIN, TEST)
    title = jqkd.Dataset.keep(data)
    kept = load("own")
    assert (kept.name, kept.digest) == (title, data.digest)
    assert digest(arrays_of("own")) == data.digest
    assert not any(array.flags.writeable for array in arrays_of("own").values())
    facts = json.loads(shelf().files(title)[-1].read_text())
    assert title.partition("@")[2] == json_digest([facts["facts"], facts["arrays_digest"]], 12)
    # Not a second time, beside the decoded ones of others.
    assert not (shelf().folder.parent.parent / "data").exists()
    with pytest.raises(jqkd.InputError, match="`name` must be new, as own@.* has other contents"):
        Dataset.from_arrays("own", TRAIN, VALIDATION).keep()
    assert shelf().titles() == [title]


def test_the_default_counts_fit_any_class_sizes():
    """At random: students, teachers and defaults take their images without a word."""
    rng = np.random.default_rng(5)
    for number in range(20):
        classes = int(rng.integers(2, 5))
        labels = [np.repeat(np.arange(classes), rng.integers(2, 400, classes)) for _ in range(3)]
        parts = [(np.zeros((len(one), 3), np.uint8), rng.permutation(one)) for one in labels]
        own = None if number % 2 else parts[1]
        data = Dataset.from_arrays("own", parts[0], parts[2], validation=own)
        splits = student_splits(data, range(classes))
        sizes = [len(getattr(splits, part)) // classes for part in ("train", "validation", "test")]
        least = [np.bincount(labels[k]).min() for k in (0, 1, 2)]
        held_out = data.source.validation_per_class
        if own is not None:
            assert sizes == [min(150, least[0]), least[1], least[2]]
            assert splits.validation.ids.min() >= len(labels[0])
        else:
            assert held_out == min(150, max(1, round(0.15 * least[0])))
            assert sizes == [min(150, least[0] - held_out), held_out, least[2]]
        assert len(teacher_splits(data, range(classes)).train) >= len(splits.train)


def test_what_tensorflow_datasets_prepared_is_read_record_by_record(monkeypatch):
    """A stand-in for its builder: encoded pictures, decoded by Pillow one after the other."""
    tfds = pytest.importorskip("tensorflow_datasets", reason="needs the data extra")
    image = pytest.importorskip("PIL.Image", reason="needs the data extra")

    def records(images, labels):
        for pixels, label in zip(images, labels, strict=True):
            file = io.BytesIO()
            image.fromarray(pixels).save(file, "PNG")
            yield {"image": file.getvalue(), "label": int(label)}

    names = ["cat", "dog", "owl"]
    info = SimpleNamespace(version="1.0.0")
    info.features = {"image": None, "label": SimpleNamespace(names=names)}
    parts = {"train": [*records(*TRAIN)], "test": [*records(*TEST)], "other": []}
    builder = SimpleNamespace(
        info=info, is_prepared=lambda: True, as_data_source=lambda decoders: parts
    )
    monkeypatch.setattr(tfds, "builder", lambda name, data_dir: builder)
    title = import_data("own", "tfds:pets", data_dir="somewhere")
    direct = Dataset.from_arrays("own", TRAIN, TEST, class_names=names)
    assert load("own").digest == direct.digest and load("own").class_names == tuple(names)
    assert shelf().origin(title) == "tfds:pets 1.0.0"
    del info.features["label"]
    with pytest.raises(jqkd.InputError, match="have an image and a label, but tfds:pets with im"):
        import_data("other", "tfds:pets")
