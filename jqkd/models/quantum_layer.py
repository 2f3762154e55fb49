"""A circuit as a layer: the one place where a circuit meets a batch."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_array, check_key, check_type, fail
from jqkd.models.arguments import check_ids
from jqkd.quantum import TWO_TERM_RULE, Circuit, ShiftRule, outcome_probabilities
from jqkd.quantum.exchange.foreign import as_circuit
from jqkd.quantum.sampling import check_shots
from jqkd.quantum.statevector import check_circuit


class QuantumLayer(nnx.Module):
    """Angles in, outcome frequencies out, gradients by the parameter-shift rule.

    A module like any other: it composes with Flax layers and has no parameters of its own, as a
    circuit's angles come from the layers before it (or from an ``nnx.Param`` that you broadcast).

    Args:
        circuit: Q qubits, P angle slots, all shiftable; or a circuit of Qiskit, PennyLane or
            OpenQASM, which ``Circuit.from_qiskit`` and its like make one, and ``shiftable``.
        shots: S for every circuit that is run; exact probabilities if ``None``.
        rule: the shift rule.
        data: which parameters of a foreign circuit are data; ``layer.circuit.fill(data, weights)``
            makes the angles of a circuit whose slots have names.
        weights: likewise.

    Raises:
        InputError: no circuit or rule, shots out of range, a state that does not fit into memory.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> layer = QuantumLayer(h_ry(3), shots=5000)
        >>> layer(jnp.zeros((4, 3)), key=jax.random.key(0)).shape
        (4, 8)
    """

    def __init__(
        self,
        circuit: Circuit | Any,
        shots: int | None = None,
        rule: ShiftRule = TWO_TERM_RULE,
        *,
        data: Any = None,
        weights: Any = None,
    ) -> None:
        circuit = as_circuit(circuit, data, weights)
        check_circuit(circuit)
        check_type("rule", rule, ShiftRule, "a ShiftRule")
        if shots is not None:
            check_shots(shots)
        self.circuit = circuit
        self.shots = shots
        self.rule = rule

    def check_draw(self, shots: ArrayLike | None, key: Array | None) -> None:
        """Refuse shots out of range, or without a key, before anything is computed."""
        shots = self.shots if shots is None else shots
        if shots is None:
            return
        if key is None:
            fail("key", "be given where shots are drawn", "None", "pass key=jax.random.key(...)")
        check_key("key", key)
        check_shots(shots)

    def __call__(
        self,
        angles: ArrayLike,
        *,
        key: Array | None = None,
        ids: ArrayLike | None = None,
        shots: ArrayLike | None = None,
    ) -> Float[Array, "... K"]:
        """Runs the circuit once per row.

        Args:
            angles: shape ``(..., P)``, radians.
            key: required if shots are drawn; consumed.
            ids: shape ``(...)``, integers that name the rows (image ids), so that a row's shots
                depend on its id and not on its place in the batch; by default its place.
            shots: S, in place of the layer's own; may be traced.

        Returns:
            Frequencies or probabilities, shape ``(..., K)``, in outcome order.

        Raises:
            InputError: a last axis other than P, angles that are not finite, shots without a key
                or out of range, ids of another shape.
        """
        rows, circuit = jnp.asarray(check_array("angles", angles)), self.circuit
        batch = rows.shape[:-1]
        if rows.shape[-1:] != (circuit.num_angles,):
            must = f"have {circuit.num_angles} as its last axis, the circuit's angle slots"
            named = any(op.filled for op in circuit.ops)
            advice = "layer.circuit.fill(data, weights) makes them" if named else ""
            fail("angles", must, f"shape {rows.shape}", advice)
        flat = rows.reshape(math.prod(batch), circuit.num_angles)
        run = partial(outcome_probabilities, circuit, rule=self.rule)
        shots = self.shots if shots is None else shots
        self.check_draw(shots, key)
        if shots is None or key is None:
            return jax.vmap(run)(flat).reshape(*batch, 2**circuit.num_qubits)
        names = jnp.arange(len(flat)) if ids is None else check_ids(ids, batch).reshape(-1)
        keys = jax.vmap(partial(jax.random.fold_in, key))(names)
        draw = lambda row, key: run(row, shots=shots, key=key)  # noqa: E731
        return jax.vmap(draw)(flat, keys).reshape(*batch, 2**circuit.num_qubits)
