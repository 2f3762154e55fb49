"""A student taken as a whole: one forward pass, and everything on its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_array, check_integer, is_concrete
from jqkd.models.arguments import check_frequencies, check_index, check_module
from jqkd.models.quantum_layer import QuantumLayer
from jqkd.quantum import Circuit
from jqkd.quantum.measurement import marginal


class Encoded(NamedTuple):
    """What comes before the circuit.

    Attributes:
        features: (B, F).
        hidden: (B, H), the layer that they come from; ``None`` where there is none.
        angles: (B, P), radians, one a slot of the circuit.
    """

    features: Float[Array, "B F"]
    hidden: Float[Array, "B H"] | None
    angles: Float[Array, "B P"]


class Forward(NamedTuple):
    """A forward pass.

    Attributes:
        features: (B, F).
        hidden: (B, H), the layer that they come from; ``None`` where there is none.
        angles: (B, P), radians.
        frequencies: (B, K), of the outcomes: exact, or whole numbers over the shots.
        logits: (B, L); entry c is class c.
    """

    features: Float[Array, "B F"]
    hidden: Float[Array, "B H"] | None
    angles: Float[Array, "B P"]
    frequencies: Float[Array, "B K"]
    logits: Float[Array, "B L"]


class Student(nnx.Module):
    """A hybrid network whose classes are read from a circuit. ``StudentSpec.build`` makes one.

    Args:
        features: images ``(B, *image_shape)`` and a dropout key (or ``None``) -> ``(B, F)``.
        encode: features -> the circuit's data ``(B, D)``, radians.
        layer: the circuit, or what stands in its place.
        readout: frequencies ``(..., K)`` and the number of classes -> logits ``(..., L)``.
        weights: the circuit's own, initial values ``(W,)``, radians; ``None`` where it has none.
        prepare: features -> states ``(B, 2**Q)`` from which ``layer``'s circuit starts, which then
            reads no data.
        circuit: the whole circuit, the gates that prepare those states among it; ``layer``'s own
            if not given.

    Raises:
        InputError: a part that cannot be called, or another number of weights than the circuit's.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jqkd.models import build_student
        >>> student = build_student("paper-code", 3, rngs=nnx.Rngs(0))
        >>> student(jnp.zeros((2, 28, 28)), key=jax.random.key(0), shots=5000).shape
        (2, 16)
    """

    def __init__(
        self,
        features: Callable[..., Array],
        encode: Callable[..., Array],
        layer: Callable[..., Array],
        readout: Callable[[Array, ArrayLike], Array],
        weights: ArrayLike | None = None,
        *,
        prepare: Callable[..., Array] | None = None,
        circuit: Circuit | None = None,
    ) -> None:
        parts = {"features": features, "encode": encode, "layer": layer, "readout": readout}
        for name, part in parts.items():
            check_module(name, part)
        number = layer.circuit.num_weights if isinstance(layer, QuantumLayer) else 0
        if number or weights is not None:
            check_array("weights", weights, (number,))
        self.features = features
        self.encode = encode
        self.layer = layer
        self.readout = readout
        self.prepare = prepare
        own = layer.circuit if isinstance(layer, QuantumLayer) else None
        self.circuit = own if circuit is None else circuit
        self.weights = None if weights is None else nnx.Param(weights)

    def encoded(self, images: ArrayLike, dropout_key: Array | None = None) -> Encoded:
        """Features and angles of images ``(B, *image_shape)``; a key switches dropout on."""
        hidden = None
        with_hidden = getattr(self.features, "with_hidden", None)
        if with_hidden is not None:
            features, hidden = with_hidden(images, dropout_key)
        else:
            features = self.features(images, dropout_key)
        return Encoded(features, hidden, self.angles_of(features))

    def angles_of(self, features: ArrayLike) -> Float[Array, "... P"]:
        """Angles ``(B, P)`` of features ``(B, F)``, radians; differentiable."""
        data = self.encode(features)
        return data if self.circuit is None else self._fill(self.circuit, data)

    def _fill(self, circuit: Circuit, data: Array) -> Array:
        return circuit.fill(data, None if self.weights is None else self.weights[...])

    def run_angles(self, encoded: Encoded) -> Float[Array, "B P"]:
        """Of the circuit that is run: of the weights alone where it starts from a state."""
        if self.prepare is None:
            return encoded.angles
        assert isinstance(self.layer, QuantumLayer)
        return self._fill(self.layer.circuit, jnp.zeros((len(encoded.features), 0)))

    def _frequencies(self, encoded: Encoded, draw: dict[str, Any]) -> Array:
        states = {} if self.prepare is None else {"states": self.prepare(encoded.features)}
        return self.layer(self.run_angles(encoded), **states, **draw)

    def logits(
        self, frequencies: ArrayLike, classes: ArrayLike | None = None
    ) -> Float[Array, "... L"]:
        """Logits ``(..., L)`` of frequencies ``(..., K)`` of the qubits that are read, or of all.

        C classes, all outcomes by default, where the readout tells them from other outcomes.
        """
        shares = check_frequencies(frequencies)
        wires = getattr(self.layer, "wires", None)
        if wires is not None and shares.shape[-1] != 2 ** len(wires):
            shares = marginal(shares, wires)
        classes = shares.shape[-1] if classes is None else classes
        check_index("classes", classes, 1, shares.shape[-1])
        return self.readout(shares, classes)

    def forward(
        self,
        images: ArrayLike,
        *,
        key: Array | None = None,
        ids: ArrayLike | None = None,
        shots: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        dropout_key: Array | None = None,
    ) -> Forward:
        """Everything that is computed of some images.

        Args:
            images: shape ``(B, *image_shape)``, in [0, 1].
            key: for the shots; consumed.
            ids: shape ``(B,)``, image ids that name the shots' keys.
            shots: S, or one number a slot, see ``outcome_probabilities``, in place of the layer's
                own; may be traced.
            classes: C, all outcomes by default; may be traced.
            dropout_key: switches dropout on; consumed.

        Raises:
            InputError: images of another shape or brightness, shots without a key or out of
                range, no such number of classes.
        """
        # What is wrong with these would otherwise be said after the images' work.
        most = None
        if isinstance(self.layer, QuantumLayer):
            self.layer.check_draw(shots, key)
            wires = self.layer.wires
            most = 2 ** (self.layer.circuit.num_qubits if wires is None else len(wires))
        if classes is not None and is_concrete(classes):
            check_integer("classes", classes, 1, most)
        encoded = self.encoded(images, dropout_key)
        frequencies = self._frequencies(encoded, {"key": key, "ids": ids, "shots": shots})
        return Forward(*encoded, frequencies, self.logits(frequencies, classes))

    def __call__(self, images: ArrayLike, **options: Any) -> Float[Array, "... L"]:
        """Logits ``(B, L)`` of images; takes what ``forward`` takes."""
        return self.forward(images, **options).logits
