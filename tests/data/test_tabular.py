"""Tables that scikit-learn carries, against its own scaler; features as a line where drawn."""

from __future__ import annotations

import numpy as np
import pytest

from jqkd.data import load, student_splits, teacher_splits, view
from jqkd.data.drawing import draw_classes, draw_image

datasets = pytest.importorskip("sklearn.datasets")
preprocessing = pytest.importorskip("sklearn.preprocessing")


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
def test_rows_are_scikit_learns_scaled_by_the_train_rows(name):
    published = getattr(datasets, f"load_{name}")()
    data = load(name)
    test = np.zeros(len(published.target), bool)
    for label in range(len(published.target_names)):
        for number, row in enumerate(np.flatnonzero(published.target == label)):
            test[row] = number % 4 == 3
    rows, tested = published.data[~test], published.data[test]
    scaler = preprocessing.MinMaxScaler(clip=True).fit(rows)
    for part, own in (("train", rows), ("test", tested)):
        images, labels = getattr(data, f"{part}_images"), getattr(data, f"{part}_labels")
        np.testing.assert_allclose(images, scaler.transform(own), rtol=0, atol=1e-6)
        np.testing.assert_array_equal(labels, published.target[test == (part == "test")])
    # Some test rows lie beyond all train rows, and are clipped.
    assert (tested > rows.max(0)).any() and data.test_images.max() == 1
    classes = range(len(data.class_names))
    splits, source = student_splits(data, classes), data.source
    least = np.bincount(data.train_labels).min()
    assert len(splits.train) == source.train_per_class * len(classes)
    assert source.train_per_class + source.validation_per_class == least
    assert source.test_per_class == np.bincount(data.test_labels).min()
    assert len(teacher_splits(data, classes).train) > len(splits.train)
    assert view(splits.train, "half-mixup", 1)[0].images.shape == splits.train.images.shape


def test_images_of_every_shape_are_drawn():
    pytest.importorskip("matplotlib")
    figure = draw_classes(load("wine"))
    lines = [axes.lines[0] for axes in figure.axes]
    assert [axes.get_title() for axes in figure.axes] == ["cultivar 1", "cultivar 2", "cultivar 3"]
    first = load("wine").train_images[np.argmax(load("wine").train_labels == 1)]
    np.testing.assert_array_equal(lines[1].get_ydata(), first)
    figure = draw_classes(load("digits"))
    assert len(figure.axes) == 10 and all(axes.images for axes in figure.axes)
    for shape, kept in (((4, 5), (4, 5)), ((4, 5, 1), (4, 5)), ((4, 5, 3), (4, 5, 3))):
        draw_image(figure.axes[0], np.full(shape, 0.5))
        assert figure.axes[0].images[-1].get_array().shape == kept
