"""What `jqkd.models` refuses, and unusual calls that it answers."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jqkd.models import (
    PRESETS,
    READOUTS,
    AlexNet,
    JointEnsemble,
    LeNet,
    QuantumLayer,
    Student,
    StudentSpec,
    average_probabilities,
    build_student,
    build_teacher,
    count_parameters,
)
from jqkd.models.ansatze import Ansatz
from jqkd.models.encodings import Angle
from jqkd.models.features import ConvFeatures, DenseFeatures
from jqkd.models.functional import functional
from jqkd.models.layers import as_rows, conv, dense, dropout, max_pool
from jqkd.models.spec import PARTS
from jqkd.models.stand_ins import ClassicalLayer, ClosedForm
from jqkd.quantum import Circuit, Op, Slot, data, h_ry, weight
from tests.edges.wrong import check_refused

NAN, TOO_MANY = float("nan"), 10**12
KEY, RAW = jax.random.key(0), np.zeros(2, np.uint32)
GRAY = np.full((2, 28, 28), 0.5, np.float32)
ROWS = np.zeros((2, 2), np.float32)
EVEN = np.full((2, 8), 1 / 8)


@cache
def student(preset="robust", **changes):
    return PRESETS[preset].spec(3, **changes).build(rngs=nnx.Rngs(0))


@cache
def lenet():
    return LeNet(6, rngs=nnx.Rngs(0))


@cache
def layer():
    return QuantumLayer(h_ry(2))


def formula():
    return student(stand_in="closed-form")


def ask(images=GRAY, **options):
    return student()(images, **options)


def build(preset="robust", num_qubits=3, rngs=None):
    return build_student(preset, num_qubits, rngs=nnx.Rngs(0) if rngs is None else rngs)


def teach(arch="lenet", num_classes=6, rngs=None):
    return build_teacher(arch, num_classes, rngs=nnx.Rngs(0) if rngs is None else rngs)


def parts(**change):
    known = {"features": len, "encode": len, "layer": len, "readout": len}
    return Student(**known | change)


class OfThree(Ansatz):
    """No dataclass, and of three qubits always."""

    def circuit(self, qubits):
        return Circuit(3)


NO_IMAGES = {
    "0 to 255": (255 * GRAY, r"between 0 and 1, but .*127\.5 to 127\.5.*divide images"),
    "0 to 255, bytes": (np.full((2, 28, 28), 200, np.uint8), "between 0 and 1, but .*200"),
    "negative": (-GRAY, r"between 0 and 1, but .*-0\.5"),
    "NaN": (np.full((2, 28, 28), NAN), "finite"),
    "infinite": (np.full((2, 28, 28), np.inf), "finite"),
    "one image": (GRAY[0], r"\(B, 28, 28\), but shape \(28, 28\).*add the batch axis"),
    "channels": (GRAY[..., None], r"but shape \(2, 28, 28, 1\)"),
    "32 x 32": (np.zeros((2, 32, 32)), r"but shape \(2, 32, 32\) was given; resize"),
    "booleans": (GRAY > 0, "dtype bool"),
    "complex": (GRAY + 0j, "dtype complex64"),
    "none": (GRAY[:0], "at least one, but none"),
    "a string": ("digits", "but 'digits'"),
    "None": (None, "but None"),
}
NO_SHOTS = {"zero": 0, "negative": -5, "half": 1.5, "NaN": NAN, "text": "5", "many": 2**24 + 1}
NO_QUBITS = {
    "zero": (0, "at least 1, but 0"),
    "half": (1.5, r"but 1\.5"),
    "NaN": (NAN, "but nan"),
    "a string": ("3", "but '3'"),
    "None": (None, "but None"),
    "True": (True, "but True"),
    "10**12": (TOO_MANY, "1000000000000"),
}
NO_CLASSES = {
    "one": (1, "at least 2, but 1"),
    "negative": (-6, "but -6"),
    "half": (6.5, r"but 6\.5"),
    "a string": ("6", "but '6'"),
    "None": (None, "but None"),
    "10**12": (TOO_MANY, "at most 1024.*1000000000000"),
}
CALLS = {
    **{
        f"{name}, {k}": (lambda v=v, f=f: f(v), "`images` .*" + p)
        for name, f in {
            "student": ask,
            "encoded": lambda v: student().encoded(v),
            "dense features": lambda v: student("paper-text").features(v),
            "LeNet": lambda v: lenet()(v),
        }.items()
        for k, (v, p) in NO_IMAGES.items()
    },
    **{
        f"{name}, {k} qubits": (lambda v=v, f=f: f(v), "`num_qubits` .*" + p)
        for name, f in {
            "build_student": lambda v: build_student("robust", v, rngs=nnx.Rngs(0)),
            "ClosedForm": ClosedForm,
            "ClassicalLayer": lambda v: ClassicalLayer(v, rngs=nnx.Rngs(0)),
            **{
                name: lambda v, kind=kind, name=name: PARTS[kind].build(name).circuit(v)
                for kind in ("encoding", "ansatz")
                for name in PARTS[kind]
            },
        }.items()
        for k, (v, p) in NO_QUBITS.items()
    },
    **{
        f"{kind.__name__}, {k} classes": (
            lambda v=v, kind=kind: kind(v, rngs=nnx.Rngs(0)),
            "`num_classes` .*" + p,
        )
        for kind in (LeNet, AlexNet, JointEnsemble)
        for k, (v, p) in NO_CLASSES.items()
    },
    **{
        f"build_teacher, {k} classes": (lambda v=v: build_teacher("lenet", v, rngs=nnx.Rngs(0)), p)
        for k, (v, p) in NO_CLASSES.items()
    },
    **{
        f"{name}, shots {k}": (lambda v=v, f=f: f(v), "`shots` ")
        for name, f in {
            "QuantumLayer": lambda v: QuantumLayer(h_ry(2), shots=v),
            "layer": lambda v: layer()(ROWS, shots=v, key=KEY),
            "student": lambda v: ask(shots=v, key=KEY),
        }.items()
        for k, v in NO_SHOTS.items()
    },
    "11 qubits": (lambda: build(num_qubits=11), "`num_qubits` .*at most 10.*but 11"),
    "closed form of 40": (lambda: ClosedForm(40), "`num_qubits` .*TiB"),
    "encoding of 40": (
        lambda: PARTS["encoding"].build("amplitude").circuit(40),
        "`num_qubits` .*TiB",
    ),
    "preset, misspelt": (lambda: build("robusd"), "`preset` .*perhaps 'robust' is meant"),
    "preset, long": (lambda: build("x\n" * 1000), "`preset` must be one of .*but 'x"),
    "preset, None": (lambda: build(None), "`preset` .*but None"),
    "preset, a list": (lambda: build(["robust"]), r"`preset` .*but \['robust'\]"),
    "rngs, a key": (lambda: build(rngs=KEY), r"`rngs` .*nnx\.Rngs, but .*nnx\.Rngs\(0\)"),
    "rngs, a seed": (lambda: build(rngs=3), "`rngs` .*but 3"),
    "teacher's rngs": (lambda: teach(rngs="0"), "`rngs` .*but '0'"),
    "LeNet's rngs": (lambda: LeNet(6, rngs=None), "`rngs` .*but None"),
    "arch, unknown": (lambda: teach("swin"), "`arch` .*lenet, alexnet.*but 'swin'"),
    "arch, upper case": (lambda: teach("LeNet"), "`arch` .*but 'LeNet'"),
    "arch, None": (lambda: teach(None), "`arch` .*but None"),
    "AlexNet's rate, 1": (
        lambda: AlexNet(6, rngs=nnx.Rngs(0), dropout_rate=1),
        "`dropout_rate` .*below 1, but 1",
    ),
    "features' rate, NaN": (
        lambda: ConvFeatures(3, rngs=nnx.Rngs(0), dropout_rate=NAN),
        "`dropout_rate` .*but nan",
    ),
    "features' rate, text": (
        lambda: ConvFeatures(3, rngs=nnx.Rngs(0), dropout_rate="0.5"),
        r"`dropout_rate` .*but '0\.5'",
    ),
    "no features": (lambda: DenseFeatures(0, rngs=nnx.Rngs(0)), "`num_features` .*but 0"),
    "half a feature": (lambda: ConvFeatures(2.5, rngs=nnx.Rngs(0)), r"`num_features` .*but 2\.5"),
    "many features": (lambda: DenseFeatures(TOO_MANY, rngs=nnx.Rngs(0)), "`num_features` .*memory"),
    "turn, 0": (lambda: Angle(turn=0), "`turn` .*above 0"),
    "turn, NaN": (lambda: Angle(turn=NAN), "`turn` .*nan"),
    "axis, W": (lambda: Angle(axis="W"), "`axis` must be .*letters X, Y, Z, but 'W'"),
    "encoding, other features": (lambda: student().angles_of(np.zeros((2, 4))), "`data` .*3"),
    "encoding, text": (lambda: student().encode("abc"), "`features` .*but 'abc'"),
    "spec, no qubits": (lambda: StudentSpec(0), "`qubits` .*at least 1, but 0"),
    "spec, half a qubit": (lambda: StudentSpec(2.5), r"`qubits` .*but 2\.5"),
    "spec, 11 qubits": (lambda: StudentSpec(11), "`qubits` .*at most 10.*but 11"),
    **{
        f"spec, {name} {k}": (lambda v=v, name=name: StudentSpec(3, **{name: v}), f"`{name}` {p}")
        for name in PARTS
        for k, (v, p) in {
            "unknown": ("nothing", "must be one of .*but 'nothing'"),
            "a number": (3, "must be one of .*but 3"),
            "an option": (f"{next(iter(PARTS[name]))}:colour=3", "must set options .*but colour"),
            "no value": (f"{next(iter(PARTS[name]))}:turn", "must name options as .*but 'turn'"),
        }.items()
    },
    "spec, an ansatz of its own": (
        lambda: StudentSpec(3, ansatz=OfThree()),
        "`ansatz` must be regis",
    ),
    "spec, gradient": (
        lambda: StudentSpec(3, gradient="x"),
        "`gradient` .*two-term, notebook, autodiff, but",
    ),
    "spec, a formula": (
        lambda: StudentSpec(3, encoding="angle:axis=X", stand_in="closed-form"),
        "`stand_in` must be left out where the circuit is not H and RY alone.*angle:axis=X",
    ),
    "slots, too few": (lambda: Op("U3", (0,), filled=data(0)), "`filled` .*3 slot.* for U3"),
    "slots of no angle": (lambda: Op("H", (0,), filled=data(0)), "`filled` .*0 slot.* for H"),
    "slots, a number": (lambda: Op("RY", (0,), filled=0), "`filled` .*data.i. or weight.i., but 0"),
    "slots, another kind": (lambda: Op("RY", (0,), filled=(Slot("x", 0),)), "`filled` .*weight"),
    "slots, negative": (lambda: Op("RY", (0,), filled=weight(-1)), "`filled` .*at least 0, but -1"),
    "slots, some unnamed": (
        lambda: Circuit(1, [Op("RY", (0,)), Op("RY", (0,), filled=data(0))]).num_data,
        "`circuit` .*name each of its angle slots, but one with 1 unnamed .*as_data",
    ),
    "fill, other data": (lambda: h_ry(2).fill(np.zeros(3)), r"`data` .*\(\.\.\., 2\), but"),
    "fill, no weights": (lambda: h_ry(2).as_weights().fill(np.zeros((2, 0))), "`weights` .*None"),
    "circuit, a name": (lambda: QuantumLayer("h_ry"), "`source` must be OpenQASM 2 or 3"),
    "circuit, None": (lambda: QuantumLayer(None), "`circuit` .*but None"),
    "circuit of 40": (lambda: QuantumLayer(h_ry(40)), "`circuit` .*40 qubits.*TiB"),
    "rule, a name": (
        lambda: QuantumLayer(h_ry(2), rule="x"),
        "`rule` .*a ShiftRule or None, but 'x'",
    ),
    "rule, a number": (lambda: QuantumLayer(h_ry(2), rule=1), "`rule` .*but 1"),
    "a gate without a rule": (
        lambda: QuantumLayer(Circuit(2, [Op("CRX", (0, 1))]))(np.zeros((2, 1))),
        "`circuit` .*CRX",
    ),
    "angles, three": (lambda: layer()(np.zeros((2, 3))), r"`angles` .*last axis.*\(2, 3\)"),
    "angles, a number": (lambda: layer()(1.0), r"`angles` .*last axis.*shape \(\)"),
    "angles, NaN": (lambda: layer()([[NAN, 0.0]]), "`angles` .*finite"),
    "angles, text": (lambda: layer()("ab"), "`angles` .*but 'ab'"),
    "angles, None": (lambda: layer()(None), "`angles` .*but None"),
    "shots without a key": (lambda: layer()(ROWS, shots=5), "`key` .*where shots are drawn"),
    "student without a key": (lambda: ask(shots=5), "`key` .*where shots are drawn"),
    "a raw key": (lambda: layer()(ROWS, shots=5, key=RAW), "`key` .*one random key"),
    "several keys": (
        lambda: layer()(ROWS, shots=5, key=jax.random.split(KEY)),
        r"`key` .*keys of shape \(2,\)",
    ),
    "ids, too few": (lambda: layer()(ROWS, shots=5, key=KEY, ids=[1]), r"`ids` .*\(2,\), but"),
    "ids, floats": (lambda: layer()(ROWS, shots=5, key=KEY, ids=[0.5, 1]), "`ids` .*integers"),
    "ids, names": (lambda: layer()(ROWS, shots=5, key=KEY, ids=["a", "b"]), "`ids` .*integers"),
    "ids, negative": (lambda: layer()(ROWS, shots=5, key=KEY, ids=[-1, 0]), "`ids` .*-1"),
    "ids, 2**31": (lambda: layer()(ROWS, shots=5, key=KEY, ids=[0, 2**31]), "`ids` .*2147483648"),
    "shots of a formula": (
        lambda: student(stand_in="closed-form")(GRAY, shots=5),
        "`shots` .*None",
    ),
    "angles of a formula": (lambda: formula().layer(ROWS), r"`angles` .*3"),
    "dropout, a seed": (lambda: ask(dropout_key=3), "`key` .*one random key, but 3"),
    "dropout, a raw key": (lambda: lenet_dropout(RAW), "`key` .*one random key"),
    "classes, nine": (lambda: ask(classes=9), "`classes` .*from 1 to 8, but 9"),
    "classes, zero": (lambda: ask(classes=0), "`classes` .*but 0"),
    "classes, NaN": (lambda: ask(classes=NAN), "`classes` .*but nan"),
    "classes, a list": (lambda: ask(classes=[0, 1]), r"`classes` .*but \[0, 1\]"),
    **{
        f"{name}, {k}": (lambda v=v, f=f: f(v, 2), "`frequencies` .*" + p)
        for name, f in ((n, READOUTS.build(n).build(3, rngs=nnx.Rngs(0))) for n in READOUTS)
        for k, (v, p) in {
            "counts": ([3.0, 7.0], "between 0 and 1.*divide counts"),
            "negative": ([1.5, -0.5], "between 0 and 1"),
            "NaN": ([NAN, 0.0], "finite"),
            "a number": (0.5, r"shape \(\)"),
            "text": ("ab", "but 'ab'"),
        }.items()
    },
    "readout's classes": (lambda: READOUTS.build("softmax")(EVEN, 9), "`classes` .*but 9"),
    "logits of counts": (lambda: student().logits([3.0, 5.0]), "`frequencies` .*divide counts"),
    "readout, one name": (lambda: parts(readout="softmax"), "`readout` .*callable.*but 'softmax'"),
    "features, None": (lambda: parts(features=None), "`features` .*callable.*but None"),
    "encode, an array": (lambda: parts(encode=ROWS), "`encode` .*callable"),
    "layer, a circuit": (lambda: parts(layer=h_ry(2)), "`layer` .*callable"),
    "weights of no circuit": (lambda: parts(weights=[0.1]), r"`weights` .*\(0,\), but"),
    "no weights": (
        lambda: parts(layer=QuantumLayer(h_ry(2).as_weights())),
        "`weights` must hold integers or real numbers, but None",
    ),
    "no logits": (lambda: average_probabilities(), "`logits` .*at least one.*none"),
    "logits of two shapes": (
        lambda: average_probabilities(np.zeros(2), np.zeros(3)),
        r"`logits` .*one shape.*\(2,\), \(3,\)",
    ),
    "a number of logits": (lambda: average_probabilities(1.0), r"`logits` .*\(\)"),
    "logits, NaN": (lambda: average_probabilities([NAN, 1.0]), "`logits` .*finite"),
    "logits, text": (lambda: average_probabilities("ab"), "`logits` .*but 'ab'"),
    "parameters of a name": (lambda: count_parameters("lenet"), "`model` .*but 'lenet'"),
    "parameters of None": (lambda: count_parameters(None), "`model` .*but None"),
    "a builder, None": (lambda: functional(None), "`build` .*but None"),
    "dense, 10**6 squared": (
        lambda: dense(10**6, 10**6, rngs=nnx.Rngs(0)),
        "`inputs` .*weights fit into",
    ),
    "dense, text": (lambda: dense("3", 2, rngs=nnx.Rngs(0)), "`inputs` .*but '3'"),
    "dense, a key": (lambda: dense(3, 2, rngs=KEY), "`rngs` .*nnx"),
    "conv, size": (lambda: conv(1, 2, 0, rngs=nnx.Rngs(0)), "`size` .*but 0"),
    "conv, padding": (
        lambda: conv(1, 2, 3, padding="same", rngs=nnx.Rngs(0)),
        "`padding` .*VALID, SAME, but 'same'",
    ),
    "pooling, no batch": (lambda: max_pool(np.zeros((1, 4, 4))), r"`images` .*\(1, 4, 4\)"),
    "rows, no batch": (lambda: as_rows(np.zeros((4, 4))), r"`images` .*\(4, 4\)"),
    "dropout, rate": (lambda: dropout(ROWS, 1.5, KEY), r"`rate` .*below 1, but 1\.5"),
    "dropout, raw": (lambda: dropout(ROWS, 0.5, RAW), "`key` .*one random key"),
}


def lenet_dropout(key):
    return student("paper-code").features(GRAY, key)


@pytest.mark.parametrize("name", CALLS)
def test_wrong_calls_are_refused(name):
    # What is built once for all calls is not part of this one's time.
    student(), student("paper-text"), lenet(), layer()
    check_refused(*CALLS[name])


def test_readouts_of_the_wrong_calls_are_all_readouts():
    assert all(f"{name}, counts" in CALLS for name in READOUTS)


UNUSUAL = {
    "NumPy's qubits": lambda: (build(num_qubits=np.int64(3)).layer.circuit.num_qubits, 3),
    "NumPy's classes": lambda: (teach(num_classes=np.int32(6)).dense3.kernel.shape, (84, 6)),
    "a list of images": lambda: (ask(GRAY.tolist()), ask()),
    "images of integers": lambda: (ask(np.ones((2, 28, 28), np.uint8)), ask(2 * GRAY)),
    "rounded images": lambda: (ask(2 * GRAY + np.float32(1e-6)).shape, (2, 8)),
    "a list of angles": lambda: (layer()([[0, 1], [1, 0]]), layer()(jnp.array([[0.0, 1], [1, 0]]))),
    "one row": lambda: (layer()([0, 1]), layer()([[0, 1]])[0]),
    "no slots": lambda: (QuantumLayer(Circuit(1))(np.zeros((3, 0))), [[1, 0]] * 3),
    "ids of NumPy": lambda: (
        layer()(ROWS, shots=np.int64(5), key=KEY, ids=np.array([3, 4])),
        layer()(ROWS, shots=5, key=KEY, ids=jnp.array([3, 4])),
    ),
    "JAX's classes": lambda: (ask(classes=jnp.int32(6)), ask(classes=6)),
    "a list of frequencies": lambda: (student().logits([1, 0]), student().logits(jnp.eye(2)[0])),
    "a list of logits": lambda: (
        average_probabilities([0.0, 1.0]),
        average_probabilities(jnp.array([0.0, 1.0])),
    ),
    "shared weights": lambda: (
        Circuit(1, [Op("RX", (0,), filled=weight(0))] * 2).fill(np.zeros((2, 0)), [0.5]),
        [[0.5, 0.5]] * 2,
    ),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_calls_are_answered(name):
    np.testing.assert_array_equal(*map(np.asarray, UNUSUAL[name]()))


def test_traced_images_are_not_looked_at():
    assert jax.jit(lambda images: ask(images))(255 * GRAY).shape == (2, 8)
