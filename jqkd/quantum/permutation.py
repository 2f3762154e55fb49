"""Numbers in another order, quick in both directions.

The transpose of a gather is a scatter, to JAX, which adds up one number after another; of a
permutation it is the gather by the inverse. So that autodiff knows, it is a primitive of its own.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Inexact


class Order:
    """A permutation: ``new[i] = old[source[i]]``; one object for one place of use."""

    def __init__(self, source: np.ndarray) -> None:
        self.source = np.asarray(source, np.int32)
        self._inverse: Order | None = None

    @property
    def is_identity(self) -> bool:
        """Whether nothing moves."""
        return bool((self.source == np.arange(len(self.source))).all())

    @property
    def inverse(self) -> Order:
        """What brings all back."""
        if self._inverse is None:
            self._inverse = Order(np.argsort(self.source))
            self._inverse._inverse = self
        return self._inverse


def permute(values: Inexact[Array, "... N"], order: Order) -> Inexact[Array, "... N"]:
    """Values along the last axis in another order.

    Example:
        >>> permute(jnp.array([10.0, 20.0, 30.0]), Order(np.array([2, 0, 1]))).tolist()
        [30.0, 10.0, 20.0]
    """
    return _PERMUTATION.bind(values, order=order)


_PERMUTATION = Primitive("permute")


def _taken(values: Any, *, order: Order) -> Any:
    return jnp.take(values, order.source, axis=-1, mode="clip", unique_indices=True)


def _transposed(cotangent: Any, _: Any, *, order: Order) -> list[Any]:
    if type(cotangent) is ad.Zero:
        return [ad.Zero(cotangent.aval)]
    return [permute(cotangent, order.inverse)]


def _batched(args: tuple[Any], axes: tuple[int], *, order: Order) -> tuple[Any, int]:
    return permute(jnp.moveaxis(args[0], axes[0], 0), order), 0


_PERMUTATION.def_impl(_taken)
_PERMUTATION.def_abstract_eval(lambda values, *, order: values)
mlir.register_lowering(_PERMUTATION, mlir.lower_fun(_taken, multiple_results=False))
ad.deflinear2(_PERMUTATION, _transposed)
batching.primitive_batchers[_PERMUTATION] = _batched
