"""The one phrasing of bad input: what was given, what is allowed, what to do.

Checks run in plain Python at the public edge. Of a traced array they see the shape and the dtype,
never the values.
"""

from __future__ import annotations

import difflib
import math
import numbers
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

# Longer than any sensible value, shorter than two lines of a terminal.
_LONGEST = 120


class InputError(ValueError):
    """Bad input, explained in one sentence; the command line turns it into exit code 2."""


def fail(name: str, must: str, given: object, advice: str = "") -> NoReturn:
    """Raise ``InputError("Argument `name` must ..., but ... was given; advice.")``.

    A string that is given is printed as it is, anything else as ``shown`` has it.
    """
    text = given if isinstance(given, str) else shown(given)
    raise InputError(
        f"Argument `{name}` must {must}, but {text} was given{'; ' + advice if advice else ''}."
    )


def shown(value: object) -> str:
    """A value as a sentence can hold it: arrays by shape and dtype, long ones cut short.

    Example:
        >>> shown(np.zeros((2, 3))), shown("a"), len(shown("a" * 1000))
        ('an array of shape (2, 3) and dtype float64', "'a'", 120)
    """
    if isinstance(value, np.ndarray) or _is_array(value):
        array: Any = value
        if array.shape:
            return f"an array of shape {array.shape} and dtype {array.dtype}"
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."


def check_integer(
    name: str, value: Any, least: int, most: int | None = None, *, advice: str = ""
) -> int:
    """``value``, an integer of ``least`` to ``most``, as Python's; NumPy's count as integers.

    Example:
        >>> check_integer("seeds", np.int64(3), 1)
        3
    """
    value = _plain(value)
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        bound = f"of at least {least}" if most is None else f"from {least} to {most}"
        fail(name, f"be an integer {bound}", value if whole else shown(value), advice)
    return int(value)


def check_number(
    name: str,
    value: Any,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
    advice: str = "",
) -> float:
    """``value``, a finite real number within bounds, as Python's; ``above`` it may not touch.

    Example:
        >>> check_number("temperature", 2, above=0)
        2.0
    """
    value = _plain(value)
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not _is_finite(value) or not least <= value <= most or value <= above:
        fail(name, f"be {_bounds(least, most, above)}", shown(value), advice)
    return float(value)


def _plain(value: Any) -> Any:
    """A number in an array without axes, as JAX's are, as Python's; anything else as it is."""
    if isinstance(value, np.generic) or not _is_array(value) or value.shape != ():
        return value
    return value.item() if is_concrete(value) and _kind(value.dtype) in "iuf" else value


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer or fraction beyond the largest float
        return False


def _bounds(least: float, most: float, above: float) -> str:
    low = f" above {above:g}" if above > -math.inf else ""
    low = low or (f" of {least:g} or more" if least > -math.inf else "")
    high = f" and at most {most:g}" if most < math.inf else ""
    return f"a finite number{low}{high}"


def check_choice(name: str, value: Any, choices: Iterable[str], *, unlike: str = "") -> None:
    """``value`` is one of ``choices``; of a misspelt one the nearest is suggested.

    ``unlike`` is what to do about a name that is like none of them.
    """
    choices = list(choices)
    if not isinstance(value, str) or value not in choices:
        is_text = isinstance(value, str)
        near = difflib.get_close_matches(value, choices, 1) if is_text else []
        advice = f"perhaps {near[0]!r} is meant" if near else unlike if is_text else ""
        fail(name, f"be one of {_listed(choices)}", shown(value), advice)


def _listed(choices: list[str]) -> str:
    """As many as two lines of a terminal hold, and the number of the others."""
    number = len(choices)
    while number > 1 and len(", ".join(choices[:number])) > 1.5 * _LONGEST:
        number -= 1
    rest = len(choices) - number
    return ", ".join(choices[:number]) + (f" and {rest} more" if rest else "")


def check_type(name: str, value: Any, kind: type | tuple[type, ...], what: str) -> None:
    """``value`` is an instance of ``kind``; ``what`` names it for a reader, with its article."""
    if not isinstance(value, kind):
        fail(name, f"be {what}", shown(value))


def check_array(
    name: str,
    value: Any,
    shape: Sequence[int | str | None] | None = None,
    *,
    kinds: str = "iuf",
    finite: bool = True,
    advice: str = "",
) -> Any:
    """``value`` is an array of numbers with a shape, without NaN or infinity.

    Args:
        name: of the argument.
        value: an array, or what NumPy makes one of.
        shape: lengths; a letter or ``None`` is any length, a leading ``"..."`` any leading axes.
        kinds: allowed kinds of dtype, NumPy's letters: b bool, i and u integers, f real, c complex.
        finite: whether NaN and infinity are refused; not looked at in traced arrays.
        advice: what to do.

    Returns:
        The array: JAX's as it is, anything else as NumPy's.

    Example:
        >>> check_array("labels", [0, 1], ("N",), kinds="iu").shape
        (2,)
    """
    given = value
    if not _is_array(value):
        try:
            value = _as_array(value)
        except (ValueError, TypeError, OverflowError):
            fail(name, "be an array of numbers", shown(given), advice)
    kind = _kind(value.dtype)
    if kind not in kinds:
        text = f"dtype {value.dtype}" if value is given else shown(given)
        fail(name, f"hold {_kinds(kinds)}", text, advice)
    if shape is not None and not _fits(np.shape(value), shape):
        lengths = ", ".join("any" if n is None else str(n) for n in shape)
        comma = "," if len(shape) == 1 else ""
        fail(name, f"have shape ({lengths}{comma})", f"shape {np.shape(value)}", advice)
    if finite and kind in "fc" and is_concrete(value):
        bad = ~np.isfinite(np.asarray(value))
        if bad.any():
            first = np.asarray(value)[bad].ravel()[0]
            fail(name, "hold finite numbers", f"{bad.sum()} that are not ({first})", advice)
    return value


def is_concrete(value: Any) -> bool:
    """Whether an array has values to look at: false under JAX's transformations."""
    import jax

    return not isinstance(value, jax.core.Tracer)  # ty: ignore[possibly-missing-submodule] jax has it


def _as_array(value: Any) -> Any:
    import jax

    # NumPy cannot look into traced numbers.
    if all(map(is_concrete, jax.tree.leaves(value))):
        return np.asarray(value)
    return jax.numpy.asarray(value)


def _kind(dtype: Any) -> str:
    """NumPy's letter; of a dtype that NumPy does not know, such as that of keys, none."""
    if dtype.name == "bfloat16":
        return "f"
    try:
        return np.dtype(dtype).kind
    except TypeError:
        return "?"


def _is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")


def _fits(shape: tuple[int, ...], allowed: Sequence[int | str | None]) -> bool:
    if allowed and allowed[0] == "...":
        allowed = allowed[1:]
        shape = shape[max(len(shape) - len(allowed), 0) :]
    return len(shape) == len(allowed) and all(
        not isinstance(a, int) or a == n for n, a in zip(shape, allowed, strict=True)
    )


def _kinds(kinds: str) -> str:
    names = {"b": "booleans", "i": "integers", "f": "real numbers", "c": "complex numbers"}
    return " or ".join(names[k] for k in kinds if k in names)


def check_key(name: str, value: Any) -> None:
    """``value`` is one of JAX's typed random keys, a single one."""
    import jax

    typed = hasattr(value, "dtype") and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)
    if not typed or value.shape != ():
        given = f"an array of keys of shape {value.shape}" if typed else shown(value)
        fail(name, "be one random key", given, "make it with jax.random.key(0)")


def check_seed(name: str, value: Any) -> int:
    """``value`` is a seed that a random key can tell from all others: 32 bits."""
    return check_integer(name, value, 0, 2**32 - 1)


def check_path(name: str, value: Any) -> Path:
    """``value`` as a ``Path`` that the system can be asked for, whether it exists or not."""
    if not isinstance(value, str | os.PathLike):
        fail(name, "be a path", shown(value))
    text = os.fspath(value)
    if not text or "\0" in str(text):
        fail(name, "be a path", shown(text))
    return Path(text)


def check_list(name: str, value: Any, kind: type | tuple[type, ...], what: str) -> list[Any]:
    """``value`` is a list, a tuple or the like of instances of ``kind``; ``what`` names them.

    A string is none, although it can be walked through: its letters are never what is meant.

    Example:
        >>> check_list("patterns", ("a", "b"), str, "texts")
        ['a', 'b']
    """
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str | bytes):
        fail(name, f"be a list of {what}", shown(value))
    for item in value:
        if not isinstance(item, kind):
            fail(name, f"be a list of {what}", f"one with {shown(item)}")
    return list(value)
