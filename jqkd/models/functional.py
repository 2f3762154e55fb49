"""A module as two pure functions: where NNX ends and the training core begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from flax import nnx
from jax import Array

from jqkd._checks import check_type, fail

Params = dict[str, Any]


class Fitted(nnx.Variable):
    """Numbers that are fitted to the train images once, before training, and never trained."""


class Functional(NamedTuple):
    """``init(key) -> params``, ``module(params) -> module``, ``statistics(module) -> params``.

    Params are a nested dictionary of arrays, so that a stack of them (one per run) is an ordinary
    pytree for ``vmap``, ``scan``, Optax and Orbax. A module's statistics of its batches
    (``nnx.BatchStat``) and what is ``Fitted`` lie among its weights; what a call of the module made
    of the statistics is read with ``statistics``, part of such a dictionary, or ``None`` of a
    module that keeps none.
    """

    init: Callable[[Array], Params]
    module: Callable[[Params], Any]
    statistics: Callable[[Any], Params | None]


def functional(build: Callable[[nnx.Rngs], nnx.Module]) -> Functional:
    """Split a module's construction from its weights.

    Args:
        build: makes the module from its ``Rngs``; all its state must be ``nnx.Param``,
            ``nnx.BatchStat`` or ``Fitted``.

    Raises:
        InputError: no function, or its module keeps something else, such as random keys.

    Example:
        >>> from jqkd.models import build_teacher
        >>> lenet = functional(lambda rngs: build_teacher("lenet", 6, rngs=rngs))
        >>> params = jax.vmap(lenet.init)(jax.random.split(jax.random.key(0), 4))
        >>> params["dense3"]["bias"].shape
        (4, 6)
    """
    check_type("build", build, Callable, "a function from nnx.Rngs to a module")
    kept = nnx.Any(nnx.Param, nnx.BatchStat, Fitted)
    shapes = nnx.eval_shape(lambda: build(nnx.Rngs(0)))
    graph, _, rest = nnx.split(shapes, kept, ...)
    if jax.tree.leaves(rest):
        must = "make a module whose state is of nnx.Param, nnx.BatchStat and Fitted alone"
        advice = "for dropout, use jqkd.models.layers.dropout and the key of the call"
        fail("build", must, f"one that also keeps {', '.join(map(str, rest))}", advice)
    fitted = nnx.to_pure_dict(nnx.state(shapes, Fitted))
    has_statistics = bool(jax.tree.leaves(nnx.state(shapes, nnx.BatchStat)))

    def init(key: Array) -> Params:
        return nnx.to_pure_dict(nnx.state(build(nnx.Rngs(params=key)), kept))

    def module(params: Params) -> nnx.Module:
        # merge takes the state as a nested dictionary of variables or of plain arrays.
        return nnx.merge(graph, nnx.State(_without_slope(params, fitted)))

    def statistics(module: nnx.Module) -> Params | None:
        return nnx.to_pure_dict(nnx.state(module, nnx.BatchStat)) if has_statistics else None

    return Functional(init, module, statistics)


def _without_slope(params: Params, names: Params) -> Params:
    """Params of which those that are named have no gradient."""
    stopped = {
        name: _without_slope(params[name], inside)
        if isinstance(inside, dict)
        else jax.lax.stop_gradient(params[name])
        for name, inside in names.items()
    }
    return params | stopped if stopped else params
