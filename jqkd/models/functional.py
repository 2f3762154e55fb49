"""A module as two pure functions: where NNX ends and the training core begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flax import nnx
from jax import Array

from jqkd._checks import check_type

Params = dict[str, Any]


class Functional(NamedTuple):
    """``init(key) -> params`` and ``module(params) -> module``, both pure.

    Params are a nested dictionary of arrays, so that a stack of them (one per run) is an
    ordinary pytree for ``vmap``, ``scan``, Optax and Orbax.
    """

    init: Callable[[Array], Params]
    module: Callable[[Params], Any]


def functional(build: Callable[[nnx.Rngs], nnx.Module]) -> Functional:
    """Split a module's construction from its weights.

    Args:
        build: makes the module from its ``Rngs``; all its state must be ``nnx.Param``.

    Example:
        >>> import jax
        >>> from jqkd.models import build_teacher
        >>> lenet = functional(lambda rngs: build_teacher("lenet", 6, rngs=rngs))
        >>> params = jax.vmap(lenet.init)(jax.random.split(jax.random.key(0), 4))
        >>> params["dense3"]["bias"].shape
        (4, 6)
    """
    check_type("build", build, Callable, "a function from nnx.Rngs to a module")
    graph, _ = nnx.split(nnx.eval_shape(lambda: build(nnx.Rngs(0))), nnx.Param)

    def init(key: Array) -> Params:
        return nnx.to_pure_dict(nnx.state(build(nnx.Rngs(params=key)), nnx.Param))

    def module(params: Params) -> nnx.Module:
        # merge takes the state as a nested dictionary of variables or of plain arrays.
        return nnx.merge(graph, nnx.State(params))

    return Functional(init, module)
