"""What may stand in the circuit's place: a formula, a classical layer, other circuits.

Controls: a student keeps its feature extractor and its head, and only what lies between them
changes, so that what a row owes to its circuit can be read off.
"""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from jqkd._checks import check_array, fail
from jqkd.models.arguments import check_rngs
from jqkd.models.layers import dense
from jqkd.models.students import AngleEncoder, followed_by, own_angles
from jqkd.quantum import Circuit, h_ry, hardware_efficient
from jqkd.quantum.limits import check_memory, check_num_qubits

# Of CZ ring and RY: with two, every qubit hears of every other one of four.
_LAYERS = 2
# Names the one random circuit of each width.
RANDOM_SEED = 2023


class WithoutCircuit(nnx.Module):
    """Called like a ``QuantumLayer``, without shots; a subclass says in ``shares`` what it is.

    Args:
        num_qubits: Q, the width of the circuit whose place it takes.
    """

    def __init__(self, num_qubits: int) -> None:
        self.num_qubits = check_num_qubits(num_qubits)
        check_memory("num_qubits", self.num_qubits, bytes_each=4 * self.num_qubits)

    def __call__(
        self,
        angles: Array,
        *,
        key: Array | None = None,
        ids: Array | None = None,
        shots: ArrayLike | None = None,
    ) -> Array:
        """Shares ``(..., K)`` of the outcomes.

        Raises:
            InputError: shots are asked for, or angles have another shape.
        """
        if shots is not None:
            fail("shots", "be None: there is no circuit that draws them", shots)
        return self.shares(jnp.asarray(check_array("angles", angles, ("...", self.num_qubits))))


class ClosedForm(WithoutCircuit):
    """The probabilities of H and RY on every qubit, written down: p(c) = prod_k (1 ± sin t_k) / 2.

    Plus where bit k of c is 1. Differentiated by autodiff, and exact: no shots.

    Args:
        num_qubits: Q.
        rngs: not used; there is nothing to train.

    Example:
        >>> layer = ClosedForm(2, rngs=nnx.Rngs(0))
        >>> layer(jnp.array([[jnp.pi / 2, 0.0]])).round(3).tolist()
        [[0.0, 0.5, 0.0, 0.5]]
    """

    def __init__(self, num_qubits: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(num_qubits)

    def shares(self, angles: Array) -> Array:
        """Probabilities ``(..., K)`` of angles ``(..., Q)``, radians."""
        bits = np.arange(2**self.num_qubits)[:, None] >> np.arange(self.num_qubits) & 1
        signs = jnp.asarray(2 * bits - 1, angles.dtype)
        return ((1 + signs * jnp.sin(angles)[..., None, :]) / 2).prod(-1)


class ClassicalLayer(WithoutCircuit):
    """No circuit: softmax of a dense layer on tanh(feature) in place of the frequencies.

    Args:
        num_qubits: Q, the width of the circuit whose place it takes.
        rngs: initial weights.

    Example:
        >>> layer = ClassicalLayer(3, rngs=nnx.Rngs(0))
        >>> layer(jnp.zeros((4, 3))).sum(-1).round(3).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    largest = math.pi / 2

    def __init__(self, num_qubits: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(num_qubits)
        self.dense = dense(num_qubits, 2**num_qubits, rngs=rngs)

    def shares(self, angles: Array) -> Array:
        """Shares ``(..., K)``, from a circuit's angles to be: pi / 2 tanh(f), ``(..., Q)``."""
        return jax.nn.softmax(self.dense(angles / self.largest))


class EntanglingEncoder(AngleEncoder):
    """theta = pi / 2 tanh(feature), then the trainable angles of ``entangling``.

    Args:
        num_qubits: Q.
        rngs: the circuit's own angles.

    Example:
        >>> EntanglingEncoder(3, rngs=nnx.Rngs(0))(jnp.zeros((2, 3))).shape
        (2, 9)
    """

    def __init__(self, num_qubits: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(num_qubits, rngs=rngs, largest=math.pi / 2)
        check_rngs(rngs)
        self.weights = own_angles(entangler(num_qubits).num_angles, rngs=rngs)

    def __call__(self, features: Array) -> Array:
        """Angles ``(B, 3 Q)`` from features ``(B, Q)``, radians."""
        return followed_by(super().__call__(features), self.weights)


def entangler(num_qubits: int) -> Circuit:
    """Twice a ring of CZ and RY on every qubit.

    The ring comes first: an RY would only add to the encoding's own, and a last CZ changes no
    outcome's probability.

    Example:
        >>> print(entangler(2))
        q0: ─CZ0─RY(t0)─CZ0─RY(t2)─
        q1: ─CZ1─RY(t1)─CZ1─RY(t3)─
    """
    return Circuit(num_qubits, hardware_efficient(num_qubits, _LAYERS).ops[num_qubits:])


def entangling(num_qubits: int) -> Circuit:
    """The paper's circuit, H and RY, followed by an entangling one with angles of its own.

    Example:
        >>> entangling(3).num_angles
        9
    """
    return h_ry(num_qubits).then(entangler(num_qubits))


def random_circuit(num_qubits: int) -> Circuit:
    """The paper's circuit, followed by the same entangling one, its angles drawn once and fixed.

    Example:
        >>> random_circuit(3).num_angles, random_circuit(3) == random_circuit(3)
        (3, True)
    """
    num_qubits = check_num_qubits(num_qubits)
    rng = np.random.default_rng((RANDOM_SEED, num_qubits))
    frozen = [
        dataclasses.replace(op, fixed=(rng.uniform(-np.pi, np.pi),)) if op.num_slots else op
        for op in entangler(num_qubits).ops
    ]
    return h_ry(num_qubits).then(frozen)
