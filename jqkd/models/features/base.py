"""What a feature extractor is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from flax import nnx

from jqkd.common.registry import Registry


class Features:
    """A part that makes feature extractors; a frozen dataclass, its fields are its options.

    A subclass says in ``build`` what is made, and in ``hidden_size`` how wide its last hidden layer
    is, where it has one; the module then has ``with_hidden(images, key)`` too.
    """

    def build(
        self, image_shape: tuple[int, ...], num_features: int, *, rngs: nnx.Rngs
    ) -> nnx.Module:
        """A module that is called as ``module(images, key)``.

        Args:
            image_shape: (H, W), (H, W, channels) or (F,).
            num_features: F, which the encoding reads.
            rngs: initial weights.

        Returns:
            The module: images ``(B, *image_shape)`` and a dropout key, or ``None`` outside of
            training, to features ``(B, num_features)``.

        Raises:
            InputError: images of that shape cannot be read, or so many features not be made.
        """
        raise NotImplementedError

    def hidden_size(self, image_shape: tuple[int, ...]) -> int | None:
        """Width of the module's last hidden layer; ``None`` where there is none to be taught."""
        return None

    def fit(self, images: np.ndarray, num_features: int) -> Mapping[str, np.ndarray]:
        """What the module's ``Fitted`` variables hold, from the train images alone.

        Args:
            images: the student's train images, ``(N, *image_shape)``.
            num_features: F.

        Returns:
            Values of the ``Fitted`` attributes of the module, by name; none by default.
        """
        return {}


FEATURES: Registry[Features] = Registry("features", Features)
