"""Shots given out step by step, counted, and stopped where a budget ends; traced throughout."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jqkd.models.functional import Params
from jqkd.training.allocations import Allocation, Spread

# Of the running means: a step counts a tenth.
_DECAY = 0.9
# Images whose derivatives tell how the weights see an angle.
CHAINED = 8
# Fields that are an epoch's sums.
SUMS = ("losses", "right", "images")
# Whole numbers up to here are float32.
_EXACT = 2.0**24


class Spending(NamedTuple):
    """Where a run stands with its shots.

    Attributes:
        spread: running means, see ``Spread``; sums that are still to be divided by ``weight``.
        weight: how much of these means is known: 1 - 0.9^steps.
        left: of the budget at the start of an epoch, in units; infinite without one.
        unit: shots, a power of two, so that ``left`` is exact.
        first: the epoch's first step.
        losses: sum over the images of the epoch so far.
        right: how many of these were classified rightly.
        images: how many there were.
    """

    spread: Spread
    weight: Float[ArrayLike, ""]
    left: Float[ArrayLike, ""]
    unit: Float[ArrayLike, ""]
    first: Int[ArrayLike, ""]
    losses: Float[ArrayLike, ""]
    right: Float[ArrayLike, ""]
    images: Float[ArrayLike, ""]


@dataclass(frozen=True)
class Spender:
    """Gives out the shots of a training program; its static part.

    Args:
        allocation: the rule.
        num_slots: P, of the circuit.
        angles: (params, image) -> the circuit's angles ``(P,)``.
    """

    allocation: Allocation
    num_slots: int
    angles: Callable[[Params, Array], Array]

    def start(self) -> Spending:
        """Before the first step."""
        none = jnp.float32(0)
        spread = Spread(jnp.zeros(self.num_slots + 1, jnp.float32), none)
        left, unit, zero = jnp.float32(jnp.inf), jnp.float32(1), jnp.int32(0)
        return Spending(spread, none, left, unit, zero, none, none, none)

    def chain(self, params: Params, images: Float[Array, "B ..."]) -> Float[Array, " P"]:
        r"""$\sum_w (\partial \theta_k / \partial w)^2$ of slots, mean over images; no shots."""
        if not self.allocation.needs_spread:
            return jnp.ones(self.num_slots)
        return jax.vmap(lambda image: squared_slopes(self.angles, params, image))(
            images[:CHAINED]
        ).mean(0)

    def shots(self, state: Any, most: ArrayLike, steps: ArrayLike) -> Float[Array, " circuits"]:
        """Of the next step's circuits, of so many steps in all; whole numbers up to ``most``."""
        spending, progress = state.spending, state.step / steps
        sums, known = spending.spread, jnp.maximum(spending.weight, 1 - _DECAY)
        spread = Spread(sums.variances / known, jnp.maximum(sums.norm / known, 0))
        # A hair less, so that a whole number that rounding has put above itself stays.
        given = jnp.ceil(self.allocation.shots(most, progress, spread) * (1 - 1e-6))
        return jnp.clip(given, 1, most)

    def seen(
        self,
        chain: Float[Array, " P"],
        shots: Float[Array, " circuits"],
        slopes: tuple[Params, Array],
    ) -> Spread:
        """What a step shows.

        Args:
            chain: what ``chain`` has returned.
            shots: of its circuits.
            slopes: over the weights and over the shots, as drawn and, where frequencies are drawn
                anew, once more: leaves have a leading axis of 2. Those over shots are variances.
        """
        gradients = jax.tree.leaves(slopes[0])
        changed = sum(((leaf[1] - leaf[0]) ** 2).sum() for leaf in gradients)
        variances = jnp.concatenate([(shots[0] * changed)[None], chain * slopes[1][0, 1:]])
        norm = sum((leaf[0] ** 2).sum() for leaf in gradients)
        return Spread(variances, norm - (variances / shots).sum())

    def settle(
        self,
        i: Array,
        images: Array,
        before: Any,
        made: Any,
        sums: tuple[Array, Array, Array],
        seen: Spread,
    ) -> tuple[Any, tuple[Array, ...]]:
        """A step, which counts if it is due and can be paid for.

        Args:
            i: the step's place in the epoch.
            images: how many it has.
            before: the state that it starts from.
            made: the state that it ends in.
            sums: of losses and of right answers, and the shots ``(P + 1,)`` of its circuits.
            seen: what ``seen`` has returned.

        Returns:
            The state after it; its sums, 0 if it does not count.
        """
        spending, (losses, right, shots) = before.spending, sums
        cost = jnp.ceil(images * (shots[0] + 2 * shots[1:].sum()) / spending.unit)
        due = before.step == spending.first + i
        paid = due & (cost <= spending.left)
        mean = lambda old, new: _DECAY * old + (1 - _DECAY) * new  # noqa: E731
        after = spending._replace(
            spread=jax.tree.map(mean, spending.spread, seen),
            weight=mean(spending.weight, 1.0),
            left=spending.left - cost,
            losses=spending.losses + losses,
            right=spending.right + right,
            images=spending.images + images,
        )
        # Once a step is too dear, no smaller one is made in its place.
        refused = spending._replace(left=jnp.where(due, -1.0, spending.left))
        made, before = made._replace(spending=after), before._replace(spending=refused)
        choose = lambda new, old: jnp.where(paid, new, old)  # noqa: E731
        return jax.tree.map(choose, made, before), tuple(choose(one, 0 * one) for one in sums)


def squared_slopes(
    angles: Callable[[Params, Array], Array], params: Params, image: Array
) -> Float[Array, " P"]:
    r"""$\sum_w (\partial \theta_k / \partial w)^2$ of every slot, of one image."""
    slopes = jax.tree.leaves(jax.jacrev(angles)(params, image))
    return jnp.stack([(leaf**2).reshape(len(leaf), -1).sum(-1) for leaf in slopes]).sum(0)


def units_of(left: int) -> tuple[float, float]:
    """A number of shots in units that leave it exact in single precision, and the unit.

    Example:
        >>> units_of(5000), units_of(2**30 + 1)
        ((5000.0, 1.0), (8388608.0, 128.0))
    """
    unit = 2.0 ** max(0, math.ceil(math.log2(max(1, left) / _EXACT)))
    return float(left // unit), unit
