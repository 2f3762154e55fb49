r"""How many shots every circuit of a training step gets: rules by name.

With $v_0$ the variance that one shot for the circuit itself leaves in a step's gradient, all
weights together, and $v_k$ what one shot for both shifted circuits of slot k leaves, s_k shots
leave $\sum_k v_k / s_k$. Rules that look at it want this to be a given share of the gradient's
squared norm $|g|^2$; both are running means over the steps before, estimated from their shots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_integer, check_number
from jqkd.common.registry import Registry

_TINY = 1e-30


class Spread(NamedTuple):
    """What the steps before have shown.

    Attributes:
        variances: v, shape ``(P + 1,)``.
        norm: the squared norm of a step's gradient, without shot noise; 0 before the first step.
    """

    variances: Float[Array, " circuits"]
    norm: Float[Array, ""]


class Allocation:
    """A part that gives out shots; a frozen dataclass.

    Attributes:
        needs_spread: whether ``shots`` looks at the spread, which costs the classical network's
            derivatives of some images once an epoch.
        needs_length: whether it looks at the progress: more epochs are then another training.
    """

    needs_spread: ClassVar[bool] = False
    needs_length: ClassVar[bool] = False

    def shots(
        self, most: Float[ArrayLike, ""], progress: Float[ArrayLike, ""], spread: Spread
    ) -> Float[Array, " circuits"]:
        """Of the circuit itself, then of both shifted circuits of every slot; real numbers.

        They are rounded up, and kept between 1 and ``most``, afterwards.

        Args:
            most: the configuration's shots.
            progress: the share of all steps that are done.
            spread: of the steps before.
        """
        raise NotImplementedError

    def first_step(self, most: int) -> int:
        """The most that a circuit of the first step gets; asked before JAX is used."""
        return most


ALLOCATIONS: Registry[Allocation] = Registry("allocation", Allocation)


@ALLOCATIONS.register("constant")
@dataclass(frozen=True)
class Constant(Allocation):
    """As many for every circuit of every step."""

    def shots(self, most: ArrayLike, progress: ArrayLike, spread: Spread) -> Array:
        return jnp.full_like(spread.variances, most)


@ALLOCATIONS.register("ramp")
@dataclass(frozen=True)
class Ramp(Allocation):
    """From ``first`` to all of them, by the same factor in every step.

    Example:
        >>> spread = Spread(jnp.ones(2), jnp.float32(0))
        >>> Ramp(first=50).shots(5000.0, 0.5, spread).round().tolist()
        [500.0, 500.0]
    """

    first: int = 50

    needs_length = True

    def __post_init__(self) -> None:
        check_integer("first", self.first, 1)

    def first_step(self, most: int) -> int:
        return min(self.first, most)

    def shots(self, most: ArrayLike, progress: ArrayLike, spread: Spread) -> Array:
        first = jnp.minimum(self.first, most)
        return jnp.full_like(spread.variances, first * (most / first) ** progress)


@dataclass(frozen=True)
class _BySpread(Allocation):
    share: float = 0.1
    least: int = 10

    needs_spread = True

    def __post_init__(self) -> None:
        check_number("share", self.share, above=0)
        check_integer("least", self.least, 2)

    def first_step(self, most: int) -> int:
        return min(self.least, most)

    def _needed(self, spread: Spread) -> Float[Array, "*circuits"]:
        """Shots times the variance that is allowed."""
        raise NotImplementedError

    def shots(self, most: ArrayLike, progress: ArrayLike, spread: Spread) -> Array:
        allowed = self.share * jnp.maximum(spread.norm, _TINY)
        given = jnp.where(spread.norm > 0, self._needed(spread) / allowed, self.least)
        return jnp.broadcast_to(jnp.clip(given, self.least, most), spread.variances.shape)


@ALLOCATIONS.register("relative-variance")
@dataclass(frozen=True)
class RelativeVariance(_BySpread):
    r"""As many for every circuit, so that shots leave a share of $|g|^2$ as variance.

    $s = \sum_k v_k / (\text{share} \, |g|^2)$, at least ``least``.

    Example:
        >>> spread = Spread(jnp.array([4.0, 16.0]), jnp.float32(2))
        >>> RelativeVariance(share=0.1).shots(5000.0, 0.0, spread).tolist()
        [100.0, 100.0]
    """

    def _needed(self, spread: Spread) -> Array:
        return spread.variances.sum()


@ALLOCATIONS.register("gcans")
@dataclass(frozen=True)
class GCans(_BySpread):
    r"""More for circuits whose slopes spread more: the fewest shots that leave that share.

    $s_k = \sqrt{v_k / c_k} \sum_j \sqrt{v_j c_j} / (\text{share} \, |g|^2)$, at least ``least``,
    with $c_k$ circuits: 1 of the value, 2 of a slot. It is gCANS (Gu et al., arXiv:2108.10434),
    whose step size and Lipschitz constant stand in the share, with a value to be drawn as well, and
    with spreads as the weights of a network before the circuit see them.

    Example:
        >>> spread = Spread(jnp.array([4.0, 8.0, 32.0]), jnp.float32(2))
        >>> GCans(share=0.1).shots(5000.0, 0.0, spread).tolist()
        [140.0, 140.0, 280.0]
    """

    def _needed(self, spread: Spread) -> Array:
        variances = spread.variances
        circuits = jnp.full_like(variances, 2).at[0].set(1)
        return jnp.sqrt(variances / circuits) * jnp.sqrt(variances * circuits).sum()
