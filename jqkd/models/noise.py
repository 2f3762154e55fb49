"""Noise by name: the channels that a text may hold, and noise models as text.

``depolarising:0.01,readout:0.02``: parts in the order in which they act, each with its options; a
first option without a name is the channel's first number. ``gates`` (names joined by +) and
``wires`` (1 or 2) say which gates a channel follows, all by default.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Generator, Iterator
from typing import Any

from jqkd._checks import InputError, check_type, fail, shown
from jqkd.common.registry import Registry, as_text
from jqkd.quantum.noise import (
    After,
    AmplitudeDamping,
    Channel,
    Depolarising,
    NoiseModel,
    Pauli,
    PhaseDamping,
    ThermalRelaxation,
)

CHANNELS: Registry[Channel] = Registry("channel", Channel)
for _name, _channel in {
    "depolarising": Depolarising,
    "pauli": Pauli,
    "amplitude-damping": AmplitudeDamping,
    "phase-damping": PhaseDamping,
    "thermal-relaxation": ThermalRelaxation,
}.items():
    CHANNELS.register(_name)(_channel)
# No channel: it acts on what is read, after all gates.
READOUT = "readout"


def read_noise(text: str, name: str = "noise") -> NoiseModel:
    """A noise model from its text.

    Raises:
        InputError: an unknown channel or option, or a number that it cannot have.

    Example:
        >>> noise = read_noise("depolarising:0.01,gates=CX+CZ,readout:0.02")
        >>> noise_text(noise)
        'depolarising:probability=0.01,gates=CX+CZ,readout:up=0.02,down=0.02'
    """
    after: list[After] = []
    readout: tuple[tuple[float, float], ...] = ()
    check_type(name, text, str, "a text")
    for head, options in _parts(name, text):
        if head == READOUT:
            readout = _readout(name, options)
            continue
        CHANNELS.check(head, name, words=(READOUT,))
        gates = tuple(gate for gate in options.pop("gates", "").split("+") if gate)
        wires = options.pop("wires", None)
        if wires not in (None, "1", "2"):
            fail(name, "follow gates on 1 or 2 wires", f"wires={wires}")
        named = ",".join(f"{option}={value}" for option, value in options.items())
        with _named(name):
            channel = CHANNELS.build(f"{head}:{named}" if named else head, name)
            after.append(After(channel, gates, None if wires is None else int(wires)))
    with _named(name):
        return NoiseModel(tuple(after), readout)


@contextlib.contextmanager
def _named(name: str) -> Generator[None]:
    """An error about a number of a channel names the text that holds it."""
    try:
        yield
    except InputError as error:
        held = rf"Argument `{name}` holds `\1`, which must"
        own = re.escape(name)
        raise InputError(re.sub(rf"^Argument `(?!{own}`)(.+?)` must", held, str(error))) from None


def noise_text(noise: NoiseModel) -> str:
    """A noise model as a text that ``read_noise`` makes an equal one of."""
    parts = []
    for rule in noise.after:
        pieces = [f"{f.name}={_number(rule.channel, f.name)}" for f in _fields(type(rule.channel))]
        pieces += [f"gates={'+'.join(rule.gates)}"] if rule.gates else []
        pieces += [f"wires={rule.num_wires}"] if rule.num_wires is not None else []
        parts.append(f"{CHANNELS.name_of(rule.channel)}:{','.join(pieces)}")
    if noise.readout:
        up, down = (
            as_text(tuple(map(float, column))) for column in zip(*noise.readout, strict=True)
        )
        parts.append(f"{READOUT}:up={up},down={down}")
    return ",".join(parts)


def canonical(name: str, value: Any) -> str:
    """The text of the noise that a text stands for: what stands in configurations."""
    return noise_text(read_noise(value, name))


def _number(channel: Channel, name: str) -> float:
    return float(getattr(channel, name))


def _fields(channel: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(channel)


def _parts(name: str, text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each part's name and its options; a piece without a name of its own belongs to the last."""
    head, options = "", dict[str, str]()
    for piece in text.replace(" ", "").split(","):
        first, colon, rest = piece.partition(":")
        if colon or "=" not in piece:
            if head:
                yield head, options
            head, options, piece = first, {}, rest
        if not head:
            fail(name, "begin with the name of a channel, as in depolarising:0.01", shown(text))
        if piece:
            option, equals, value = piece.partition("=")
            options[option if equals else _first(head)] = value if equals else piece
    yield head, options


def _first(head: str) -> str:
    """The option that may go without its name."""
    names = [field.name for field in _fields(CHANNELS[head])] if head in CHANNELS else []
    return names[0] if names else "up"


def _readout(name: str, options: dict[str, str]) -> tuple[tuple[float, float], ...]:
    """P(1|0) and P(0|1), one for all qubits or one a qubit; the same both ways by default."""
    unknown = sorted(set(options) - {"up", "down"})
    if unknown or "up" not in options:
        must = "give readout as readout:RATE, or readout:up=P(1|0),down=P(0|1)"
        fail(name, must, ", ".join(unknown) or "no rate")
    try:
        up, down = (
            [float(value) for value in options.get(k, options["up"]).split("+")]
            for k in ("up", "down")
        )
    except ValueError:
        fail(name, "have numbers as its readout", shown(options))
    if len(up) != len(down):
        fail(name, "have as many rates up as down", f"{len(up)} and {len(down)}")
    return tuple(zip(up, down, strict=True))
