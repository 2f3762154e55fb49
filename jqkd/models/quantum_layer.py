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
from jqkd.quantum.gradient import check_noise
from jqkd.quantum.noise import NoiseModel
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
        rule: the shift rule; ``None``: exact probabilities by autodiff, shots by the two-term rule.
        wires: the qubits that are read, K = 2**len(wires) outcomes; all if ``None``.
        noise: of the machine, up to 8 qubits; none by default.
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
        rule: ShiftRule | None = TWO_TERM_RULE,
        *,
        wires: tuple[int, ...] | None = None,
        noise: NoiseModel | None = None,
        data: Any = None,
        weights: Any = None,
    ) -> None:
        circuit = as_circuit(circuit, data, weights)
        check_circuit(circuit)
        check_type("rule", rule, (ShiftRule, type(None)), "a ShiftRule or None")
        if shots is not None:
            check_shots(shots)
        self.circuit = circuit
        self.shots = shots
        self.rule = rule
        self.wires = wires
        self.noise = check_noise(noise, circuit)

    def check_draw(self, shots: ArrayLike | None, key: Array | None) -> None:
        """Refuse shots out of range, or without a key, before anything is computed."""
        shots = self.shots if shots is None else shots
        if shots is None:
            return
        if key is None:
            fail("key", "be given where shots are drawn", "None", "pass key=jax.random.key(...)")
        check_key("key", key)
        check_shots(shots, self.circuit.num_angles)

    def __call__(
        self,
        angles: ArrayLike,
        *,
        key: Array | None = None,
        ids: ArrayLike | None = None,
        shots: ArrayLike | None = None,
        states: ArrayLike | None = None,
    ) -> Float[Array, "... K"]:
        """Runs the circuit once per row.

        Args:
            angles: shape ``(..., P)``, radians.
            key: required if shots are drawn; consumed.
            ids: shape ``(...)``, integers that name the rows (image ids), so that a row's shots
                depend on its id and not on its place in the batch; by default its place.
            shots: S, or ``(P + 1,)``, see ``outcome_probabilities``, in place of the layer's own;
                may be traced.
            states: shape ``(..., 2**Q)``, amplitudes in outcome order from which the circuit
                starts, normalised; |0...0> if not given. Autodiff alone
                differentiates them.

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
        shots = self.shots if shots is None else shots
        self.check_draw(shots, key)
        start = None if states is None else self.starts(states, batch)
        if shots is None or key is None:
            values = jax.vmap(partial(self._run, self.rule))(flat, start)
        else:
            names = jnp.arange(len(flat)) if ids is None else check_ids(ids, batch).reshape(-1)
            keys = jax.vmap(partial(jax.random.fold_in, key))(names)
            run = partial(self._run, self.rule or TWO_TERM_RULE, shots=shots)
            values = jax.vmap(lambda row, start, key: run(row, start, key=key))(flat, start, keys)
        return values.reshape(*batch, values.shape[-1])

    def _run(self, rule: ShiftRule | None, row: Array, start: Array | None, **draw: Any) -> Array:
        return outcome_probabilities(
            self.circuit, row, rule=rule, state=start, wires=self.wires, noise=self.noise, **draw
        )

    def starts(self, states: ArrayLike, batch: tuple[int, ...]) -> Array:
        """States ``(*batch, 2**Q)``, in outcome order, as tensors: one axis a qubit, in order."""
        qubits = self.circuit.num_qubits
        flat = jnp.asarray(check_array("states", states, (*batch, 2**qubits), kinds="iufc"))
        tensors = flat.reshape(math.prod(batch), *(2,) * qubits)
        return tensors.transpose(0, *range(qubits, 0, -1))
