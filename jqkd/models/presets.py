"""Students by name: the three presets, and variants that differ from one of them in one thing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from flax import nnx

from jqkd._checks import check_choice, check_type, fail, shown
from jqkd.models.arguments import check_module, check_rngs, check_width
from jqkd.models.heads import HEADS
from jqkd.models.quantum_layer import QuantumLayer
from jqkd.models.stand_ins import (
    ClassicalLayer,
    ClosedForm,
    EntanglingEncoder,
    entangling,
    random_circuit,
)
from jqkd.models.students import (
    AmplitudeEncoder,
    AngleEncoder,
    ConvFeatures,
    DenseFeatures,
    Student,
)
from jqkd.quantum import (
    NOTEBOOK_RULE,
    TWO_TERM_RULE,
    Circuit,
    ShiftRule,
    amplitude_encoding,
    h_ry,
    ry_layer,
)


@dataclass(frozen=True)
class Preset:
    """What a preset's student is made of; what it is trained with stands in ``training``.

    Attributes:
        features: (number of features, rngs) -> the feature extractor.
        encoder: (number of qubits, rngs) -> the encoder.
        circuit: number of qubits -> the whole circuit; ``None`` where there is none.
        heads: names of ``HEADS`` that rows choose from; the first is the default.
        rule: parameter-shift rule.
        has_hidden_layer: whether the feature extractor has a ``with_hidden``.
        stand_in: (number of qubits, rngs) -> what takes the circuit's place, exact, without shots;
            ``None`` for the circuit itself.
    """

    features: Callable[..., nnx.Module]
    encoder: Callable[..., nnx.Module]
    circuit: Callable[[int], Circuit] | None
    heads: tuple[str, ...]
    rule: ShiftRule
    has_hidden_layer: bool = True
    stand_in: Callable[..., nnx.Module] | None = None

    def __post_init__(self) -> None:
        for name in ("features", "encoder", "circuit", "stand_in"):
            value = getattr(self, name)
            if name in ("features", "encoder") or value is not None:
                check_module(name, value)
        if self.circuit is None and self.stand_in is None:
            fail("circuit", "be given where there is no stand-in", "None")
        if not isinstance(self.heads, tuple) or not self.heads:
            fail("heads", "be a tuple of names of heads", shown(self.heads))
        for head in self.heads:
            check_choice("heads", head, HEADS)
        check_type("rule", self.rule, ShiftRule, "a ShiftRule")

    @property
    def is_quantum(self) -> bool:
        """Whether there is a circuit, be it written down as a formula."""
        return self.circuit is not None

    @property
    def draws_shots(self) -> bool:
        """Whether a circuit is run, so that shots can be drawn."""
        return self.stand_in is None

    def layer(self, num_qubits: int, *, rngs: nnx.Rngs) -> nnx.Module:
        """Angles in, outcome frequencies out."""
        if self.stand_in is not None:
            return self.stand_in(num_qubits, rngs=rngs)
        return QuantumLayer(self.circuit(num_qubits), rule=self.rule)


def _paper_text_circuit(num_qubits: int) -> Circuit:
    """H + RY on 3 qubits, RY on 4 (fig. 5), after amplitude encoding."""
    ansatz = h_ry(num_qubits) if num_qubits <= 3 else ry_layer(num_qubits)
    return amplitude_encoding(num_qubits).then(ansatz)


PRESETS: dict[str, Preset] = {
    "paper-code": Preset(
        ConvFeatures, AngleEncoder, h_ry, ("concat-sigmoid", "softmax"), NOTEBOOK_RULE
    ),
    "paper-text": Preset(
        DenseFeatures,
        AmplitudeEncoder,
        _paper_text_circuit,
        ("log-probability",),
        TWO_TERM_RULE,
        has_hidden_layer=False,
    ),
    "robust": Preset(
        partial(ConvFeatures, dropout_rate=0.0),
        partial(AngleEncoder, largest=math.pi / 2),
        h_ry,
        ("scaled-probability",),
        TWO_TERM_RULE,
    ),
}

_PAPER, _ROBUST = PRESETS["paper-code"], PRESETS["robust"]
_HEAD = replace(_PAPER, heads=_ROBUST.heads)
_GRADIENT = replace(_HEAD, rule=_ROBUST.rule)
# Named by the preset whose training they share: what comes before the first slash.
VARIANTS: dict[str, Preset] = {
    # From paper-code to robust, one change after the other.
    "paper-code/scaled-head": _HEAD,
    "paper-code/scaled-head/true-gradient": _GRADIENT,
    "paper-code/scaled-head/true-gradient/no-dropout": replace(
        _GRADIENT, features=_ROBUST.features
    ),
    "paper-code/scaled-head/true-gradient/no-dropout/half-turn": replace(
        _GRADIENT, features=_ROBUST.features, encoder=_ROBUST.encoder
    ),
    # From robust, one change back.
    "robust/paper-head": replace(_ROBUST, heads=_PAPER.heads[:1]),
    "robust/full-turn": replace(_ROBUST, encoder=_PAPER.encoder),
    "robust/dropout": replace(_ROBUST, features=_PAPER.features),
    "robust/notebook-gradient": replace(_ROBUST, rule=_PAPER.rule),
    # Something else in the circuit's place.
    "robust/closed-form": replace(_ROBUST, stand_in=ClosedForm),
    "robust/classical": replace(_ROBUST, circuit=None, stand_in=ClassicalLayer),
    "robust/random": replace(_ROBUST, circuit=random_circuit),
    "robust/entangled": replace(_ROBUST, encoder=EntanglingEncoder, circuit=entangling),
}
NETWORKS: dict[str, Preset] = PRESETS | VARIANTS


def base_of(preset: str) -> str:
    """The preset that a variant is made from, and whose training it shares.

    Example:
        >>> base_of("robust/random"), base_of("robust")
        ('robust', 'robust')
    """
    check_choice("preset", preset, NETWORKS)
    return preset.split("/")[0]


def build_student(preset: str, num_qubits: int, *, rngs: nnx.Rngs) -> Student:
    """A student by the name of its preset.

    Args:
        preset: a name of ``NETWORKS``: of ``PRESETS``, or of ``VARIANTS``.
        num_qubits: Q, 1 to 10.
        rngs: initial weights.

    Raises:
        InputError: an unknown preset, or a number of qubits outside 1..10.

    Example:
        >>> from jqkd.models.layers import count_parameters
        >>> [count_parameters(build_student("paper-code", q, rngs=nnx.Rngs(0))) for q in (3, 4)]
        [21483, 21534]
    """
    check_choice("preset", preset, NETWORKS)
    num_qubits = check_width("num_qubits", num_qubits)
    check_rngs(rngs)
    parts = NETWORKS[preset]
    encoder = parts.encoder(num_qubits, rngs=rngs)
    features = parts.features(encoder.num_features, rngs=rngs)
    return Student(features, encoder, parts.layer(num_qubits, rngs=rngs), parts.heads)
