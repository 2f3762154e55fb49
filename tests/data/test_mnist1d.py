"""MNIST-1D against its authors' numbers: their examples, and what their models reach."""

from __future__ import annotations

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.data import DATASETS, load, student_splits, view
from jqkd.data.mnist1d import draw, to_grid


@pytest.fixture(scope="module")
def drawn():
    return draw(5000, 42)


def test_examples_are_the_published_ones(drawn):
    """A few numbers of the file that the authors offer for download, and its class counts."""
    values, labels = drawn
    first = [-0.33200566736939, -0.471910365655724, -0.778697076293495, -1.009740826536704]
    last = [0.447232885142873, 0.659875647089078, 0.877734349752801, 1.193151836835276]
    np.testing.assert_allclose(values[0, :4], first, rtol=0, atol=1e-13)
    np.testing.assert_allclose(values[-1, -4:], last, rtol=0, atol=1e-13)
    assert labels[:12].tolist() == [2, 6, 4, 5, 6, 6, 6, 0, 3, 1, 6, 9]
    assert labels[4000:4012].tolist() == [2, 6, 3, 9, 4, 3, 1, 9, 5, 2, 0, 7]
    counts = [398, 396, 411, 394, 394, 402, 401, 404, 402, 398]
    np.testing.assert_array_equal(np.bincount(labels[:4000]), counts)
    train = values[:4000]
    np.testing.assert_allclose(train.mean(), -0.00032367167421934744, rtol=0, atol=1e-13)
    np.testing.assert_allclose(train.std(), 0.9976479749365885, rtol=0, atol=1e-13)
    means = [train[labels[:4000] == label].mean() for label in range(3)]
    published = [0.4730879783419997, -0.09950718709571207, 0.03052773916268527]
    np.testing.assert_allclose(means, published, rtol=0, atol=1e-13)


def test_the_data_set_is_them_on_a_grid(drawn):
    values, labels = drawn
    data = load("mnist1d")
    assert data.digest == DATASETS["mnist1d"].digest and data.image_shape == (40,)
    images = np.r_[data.train_images, data.test_images].astype(float)
    np.testing.assert_array_equal(np.r_[data.train_labels, data.test_labels], labels)
    # Half a step of the grid; nothing is clipped.
    np.testing.assert_allclose(12 * images - 6, values, rtol=0, atol=12 / 2**12 + 1e-12)
    assert 0 < images.min() and images.max() < 1 and not (images * 2**11 % 1).any()
    # What differs by rounding on another machine has the same bytes.
    other = to_grid(values * (1 + 1e-13) + 1e-14)
    assert other.tobytes() == np.r_[data.train_images, data.test_images].tobytes()


def test_more_and_others():
    data = load("mnist1d:examples=5500,seed=7")
    assert data.name == "mnist1d:examples=5500,seed=7" and len(data.train_images) == 4400
    source = data.source
    assert (source.train_per_class, source.validation_per_class, source.test_per_class) == (
        330,
        55,
        71,
    )
    assert data.digest not in (load("mnist1d").digest, load("mnist1d:examples=5500").digest)
    train = student_splits(data, range(10)).train
    mixed, targets = view(train, "mixup", 0)
    assert mixed.images.shape == (3300, 40) and targets.shape == (3300, 10)
    for options in ("examples=4999", "examples=100001", "seed=-1", "length=3"):
        with pytest.raises(InputError):
            load(f"mnist1d:{options}")


def test_a_linear_model_and_a_perceptron_reach_what_they_reached():
    """32 % and 68 % in table 1 of the paper; 1,000 test examples have a deviation of 1.5 points."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    neural_network = pytest.importorskip("sklearn.neural_network")
    threadpoolctl = pytest.importorskip("threadpoolctl")
    data = load("mnist1d")
    train, test = (12 * a.astype(np.float32) - 6 for a in (data.train_images, data.test_images))
    linear = linear_model.LogisticRegression(max_iter=1000).fit(train, data.train_labels)
    assert linear.score(test, data.test_labels) == pytest.approx(0.32, abs=0.03)
    settings = {"batch_size": 100, "learning_rate_init": 0.005, "alpha": 0.0, "random_state": 0}
    network = neural_network.MLPClassifier((256, 256), max_iter=12, **settings)
    with pytest.warns(match="Maximum iterations"), threadpoolctl.threadpool_limits(1):
        network.fit(train, data.train_labels)
    assert network.score(test, data.test_labels) == pytest.approx(0.68, abs=0.045)


@pytest.mark.slow
def test_a_convolutional_net_reaches_what_it_reached():
    """94 % in table 1: three convolutions of 25 channels with strides, Adam, batches of 100."""
    import jax
    import jax.numpy as jnp
    import optax
    from flax import nnx

    class Net(nnx.Module):
        def __init__(self, rngs):
            sizes = ((1, 5), (25, 3), (25, 3))
            self.convs = nnx.List(
                nnx.Conv(n, 25, (k,), strides=2, padding=[(1, 1)], rngs=rngs) for n, k in sizes
            )
            self.read = nnx.Linear(125, 10, rngs=rngs)

        def __call__(self, x):
            x = x[..., None]
            for conv in self.convs:
                x = jax.nn.relu(conv(x))
            return self.read(x.reshape(len(x), -1))

    data, net = load("mnist1d"), Net(nnx.Rngs(0))
    train, test = (12 * a.astype(np.float32) - 6 for a in (data.train_images, data.test_images))
    batches = (
        jnp.asarray(train.reshape(40, 100, 40)),
        jnp.asarray(data.train_labels.reshape(40, 100)),
    )
    graph, params = nnx.split(net)
    adam = optax.adam(optax.cosine_decay_schedule(1e-2, 6000))

    def step(state, batch):
        def loss(params):
            logits = nnx.merge(graph, params)(batch[0])
            return optax.softmax_cross_entropy_with_integer_labels(logits, batch[1]).mean()

        updates, memory = adam.update(jax.grad(loss)(state[0]), state[1])
        return (optax.apply_updates(state[0], updates), memory), None

    epoch = jax.jit(lambda state: jax.lax.scan(step, state, batches)[0])
    state = params, adam.init(params)
    for _ in range(150):
        state = epoch(state)
    answers = nnx.merge(graph, state[0])(jnp.asarray(test)).argmax(-1)
    assert float((answers == data.test_labels).mean()) == pytest.approx(0.94, abs=0.03)
