"""A student's make-up: features, encoding, ansatz, readout, and how many qubits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from flax import nnx

from jqkd._checks import check_choice, fail, shown
from jqkd.common.registry import Registry
from jqkd.models.ansatze import ANSATZE, Ansatz, NoAnsatz
from jqkd.models.arguments import check_rngs, check_width
from jqkd.models.encodings import ENCODINGS, Angle, Encoding
from jqkd.models.features import FEATURES, Conv, Features
from jqkd.models.noise import noise_text, read_noise
from jqkd.models.quantum_layer import QuantumLayer
from jqkd.models.readouts import READOUTS, Readout, ScaledProbability
from jqkd.models.stand_ins import STAND_INS, StandIn
from jqkd.models.students import Student
from jqkd.quantum import NOTEBOOK_RULE, TWO_TERM_RULE, Circuit, ShiftRule
from jqkd.quantum.gradient import check_noise
from jqkd.quantum.noise import NoiseModel

# Parameter-shift rules; the notebooks' gives sqrt(2) times the derivative. Autodiff is for exact
# probabilities; where shots are drawn it is the two-term rule.
GRADIENTS: dict[str, ShiftRule | None] = {
    "two-term": TWO_TERM_RULE,
    "notebook": NOTEBOOK_RULE,
    "autodiff": None,
}
# The kinds of part that a student is made of, by the field that names one.
PARTS: dict[str, Registry] = {
    "features": FEATURES,
    "encoding": ENCODINGS,
    "ansatz": ANSATZE,
    "readout": READOUTS,
    "stand_in": STAND_INS,
}


@dataclass(frozen=True)
class StudentSpec:
    """A hybrid student whose classes are the outcomes of a circuit; any parts compose.

    Args:
        qubits: Q, 1 to 10.
        features: image -> F numbers, a part or the text of one; like the next three.
        encoding: F numbers -> the circuit's data, and the gates that read them.
        ansatz: gates with weights of their own.
        readout: outcome frequencies -> logits.
        gradient: parameter-shift rule, a name of ``GRADIENTS``.
        stand_in: what takes the circuit's place, exact, without shots; ``None`` for the circuit.
        noise: of the machine, a model or its text; ``None`` for an ideal one. A state that is
            prepared, as amplitudes are, is prepared without noise.

    Raises:
        InputError: an unknown part, an option that it does not have, or parts that do not fit.

    Example:
        >>> spec = StudentSpec(3, "conv", "angle:turn=0.5", "entangling", "scaled-probability")
        >>> print(spec.circuit.num_data, spec.circuit.num_weights)
        3 6
        >>> student = spec.build(rngs=nnx.Rngs(0))
    """

    qubits: int
    features: Features = Conv()  # noqa: RUF009, frozen
    encoding: Encoding = Angle()  # noqa: RUF009
    ansatz: Ansatz = NoAnsatz()  # noqa: RUF009
    readout: Readout = ScaledProbability()  # noqa: RUF009
    gradient: str = "two-term"
    stand_in: StandIn | None = None
    noise: NoiseModel | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "qubits", check_width("qubits", self.qubits))
        check_choice("gradient", self.gradient, GRADIENTS)
        for name, registry in PARTS.items():
            part = getattr(self, name)
            if part is not None or name != "stand_in":
                object.__setattr__(self, name, registry.build(part))
        if self.circuit and self.stand_in is not None:
            self.stand_in.check(self)
        if isinstance(self.noise, str):
            object.__setattr__(self, "noise", read_noise(self.noise))
        if self.noise is not None:
            if self.stand_in is not None:
                text = STAND_INS.text(self.stand_in)
                fail("noise", f"not be given where {text} takes the circuit's place", self.noise)
            check_noise(self.noise, self.circuit)

    @property
    def circuit(self) -> Circuit:
        """The whole circuit; a stand-in's student has that which it replaces."""
        return _circuit(self.encoding, self.ansatz, self.qubits)

    @property
    def starts_prepared(self) -> bool:
        """Whether simulation starts from the encoding's state.

        Nothing before it is trained, or what is trained is reached by autodiff, exact; the shift
        rule would have to shift the gates that prepare the state.
        """
        shifted = self.features.is_trained and GRADIENTS[self.gradient] is not None
        if self.stand_in is not None or shifted:
            return False
        return self.encoding.has_amplitudes and type(self.ansatz).join is Ansatz.join

    @property
    def run_circuit(self) -> Circuit:
        """What is simulated: without the gates of the state that simulation starts from."""
        return self.ansatz.circuit(self.qubits) if self.starts_prepared else self.circuit

    @property
    def num_outcomes(self) -> int:
        """K, of the qubits that the readout reads."""
        wires = self.readout.wires(self.qubits)
        return 2 ** (self.qubits if wires is None else len(wires))

    @property
    def texts(self) -> dict[str, str]:
        """Every part as text, by the field that names it."""
        parts = {name: getattr(self, name) for name in PARTS}
        return {k: PARTS[k].text(part) for k, part in parts.items() if part is not None}

    @property
    def words(self) -> str:
        """All of it in a line, for a reader."""
        noise = [] if self.noise is None else [f"noise {noise_text(self.noise)}"]
        return ", ".join([*self.texts.values(), f"{self.qubits} qubits", *noise])

    @property
    def is_quantum(self) -> bool:
        """Whether there is a circuit, be it written down as a formula."""
        return self.stand_in is None or self.stand_in.is_quantum

    @property
    def draws_shots(self) -> bool:
        """Whether a circuit is run, so that shots can be drawn."""
        return self.stand_in is None

    def hidden_size(self, image_shape: tuple[int, ...]) -> int | None:
        """Width of the last hidden layer before the circuit; ``None`` where there is none."""
        return self.features.hidden_size(image_shape)

    def build(self, *, rngs: nnx.Rngs, image_shape: tuple[int, ...] = (28, 28)) -> Student:
        """A student with fresh weights.

        Args:
            rngs: initial weights.
            image_shape: (H, W), (H, W, channels) or (F,).

        Raises:
            InputError: no ``nnx.Rngs``, or the feature extractor cannot read such images.
        """
        check_rngs(rngs)
        number = self.circuit.num_weights if self.stand_in is None else 0
        weights = self.ansatz.initial(rngs.params(), number) if number else None
        features = self.encoding.num_features(self.qubits)
        features = self.features.build(image_shape, features, rngs=rngs)
        readout = self.readout.build(self.qubits, rngs=rngs)
        if self.stand_in is not None:
            encoding, layer = self.encoding, self.stand_in.build(self, rngs=rngs)
            encode = encoding.amplitudes if self.stand_in.reads_amplitudes else encoding.data
            return Student(features, encode, layer, readout)
        prepare = self.encoding.amplitudes if self.starts_prepared else None
        wires, circuit = self.readout.wires(self.qubits), self.run_circuit
        layer = QuantumLayer(circuit, rule=GRADIENTS[self.gradient], wires=wires, noise=self.noise)
        rest = {"prepare": prepare, "circuit": self.circuit}
        return Student(features, self.encoding.data, layer, readout, weights, **rest)


@lru_cache(maxsize=256)
def _circuit(encoding: Encoding, ansatz: Ansatz, qubits: int) -> Circuit:
    """Encoding and ansatz joined, if they are circuits of so many qubits that fit each other."""
    first = encoding.circuit(qubits)
    _check_made("encoding", encoding, first, qubits)
    whole = ansatz.join(first)
    _check_made("ansatz", ansatz, whole, qubits)
    if whole.num_data != first.num_data:
        must = f"read the encoding's {first.num_data} number(s) and no others"
        fail("ansatz", must, f"{ANSATZE.text(ansatz)}, which reads {whole.num_data},")
    return whole


def _check_made(name: str, part: Encoding | Ansatz, made: object, qubits: int) -> None:
    if not isinstance(made, Circuit) or made.num_qubits != qubits:
        given = f"{PARTS[name].text(part)}, which made {shown(made)},"
        fail(name, f"make a circuit of {qubits} qubit(s)", given)
