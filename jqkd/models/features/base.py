"""What a feature extractor is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from flax import nnx

from jqkd.common.registry import Registry


class Features:
    """A part that makes feature extractors; a frozen dataclass, its fields are its options.

    A subclass says in ``build`` what is made, and in ``hidden_size`` how wide its last hidden layer
    is, where it has one; the module then has ``with_hidden(images, key)`` too.

    Attributes:
        is_trained: whether the module has weights.
    """

    is_trained: ClassVar[bool] = True

    def build(
        self, image_shape: tuple[int, ...], num_features: int, *, rngs: nnx.Rngs
    ) -> nnx.Module:
        """A module that is called as ``module(images, key)``.

        From images ``(B, *image_shape)`` and a dropout key, ``None`` outside of training, come
        features ``(B, num_features)``, which the encoding reads.

        Raises:
            InputError: images of that shape cannot be read, or so many features not be made.
        """
        raise NotImplementedError

    def hidden_size(self, image_shape: tuple[int, ...]) -> int | None:
        """Width of the module's last hidden layer; ``None`` where there is none to be taught."""
        return None

    def fit(self, images: np.ndarray, num_features: int) -> Mapping[str, np.ndarray]:
        """What the module's ``Fitted`` attributes hold, by name; none by default.

        It is computed of the student's train images alone, ``(N, *image_shape)``.
        """
        return {}


FEATURES: Registry[Features] = Registry("features", Features)
