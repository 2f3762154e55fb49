"""The second source: layers in float64 NumPy and SciPy, one image, channels last."""

from __future__ import annotations

import numpy as np
from flax import nnx
from scipy.signal import correlate


def weights(layer) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias in float64."""
    return np.asarray(layer.kernel[...], float), np.asarray(layer.bias[...], float)


def conv(layer: nnx.Conv, image: np.ndarray, edges: tuple[int, int] = (0, 0)) -> np.ndarray:
    """``(H, W, I)`` -> ``(H', W', O)``: each output is a sum of 2-d correlations."""
    kernel, bias = weights(layer)
    image = np.pad(image, (edges, edges, (0, 0)))
    outputs = [correlate(image, kernel[..., o], "valid")[..., 0] for o in range(kernel.shape[-1])]
    return np.stack(outputs, -1) + bias


def dense(layer: nnx.Linear, x: np.ndarray) -> np.ndarray:
    """x W + b."""
    kernel, bias = weights(layer)
    return x @ kernel + bias


def pool(image: np.ndarray, reduce) -> np.ndarray:
    """``reduce`` over 2x2 windows, window by window; odd ends dropped."""
    height, width, _ = image.shape
    return np.array(
        [
            [reduce(image[i : i + 2, j : j + 2], (0, 1)) for j in range(0, width - 1, 2)]
            for i in range(0, height - 1, 2)
        ]
    )


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0)."""
    return np.maximum(x, 0)


def lenet(model, image: np.ndarray) -> np.ndarray:
    """The paper's 4.3.1: tanh, then the mean of 2x2 windows, twice; three dense layers."""
    x = pool(np.tanh(conv(model.conv1, np.atleast_3d(image))), np.mean)
    x = pool(np.tanh(conv(model.conv2, x)), np.mean).reshape(-1)
    return dense(model.dense3, np.tanh(dense(model.dense2, np.tanh(dense(model.dense1, x)))))


def alexnet_features(model, image: np.ndarray) -> np.ndarray:
    """Three padded convolutions, two maxima: what enters the dense layers."""
    x = pool(relu(conv(model.conv1, np.atleast_3d(image), (1, 1))), np.max)
    x = pool(relu(conv(model.conv2, x, (1, 1))), np.max)
    return relu(conv(model.conv3, x, (1, 1))).reshape(-1)


def alexnet_classes(model, features: np.ndarray, first=1.0, second=1.0) -> np.ndarray:
    """The paper's 4.3.2 from the features on: dropout factors before both hidden layers."""
    x = relu(dense(model.dense1, features * first))
    return dense(model.dense3, relu(dense(model.dense2, x * second)))


def conv_features(model, image: np.ndarray) -> np.ndarray:
    """The notebooks' extractor without dropout."""
    x = relu(pool(conv(model.conv1, image[..., None]), np.max))
    x = relu(pool(conv(model.conv2, x), np.max)).reshape(-1)
    return dense(model.dense2, relu(dense(model.dense1, x)))
