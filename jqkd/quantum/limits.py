"""How large circuits and states may be: said before anything is built or allocated."""

from __future__ import annotations

import math
import os

from jqkd._checks import check_integer, fail

# More than any machine has; a state is refused long before, by ``check_memory``.
MOST_QUBITS = 10_000
# Gates of a template, each some 300 bytes and a microsecond: amplitude encoding of 20 qubits.
MOST_GATES = 2**21


def check_num_qubits(
    num_qubits: int, most: int = MOST_QUBITS, *, name: str = "num_qubits", why: str = ""
) -> int:
    """A number of qubits whose circuit can be written down.

    Args:
        num_qubits: Q, 1 to ``most``; NumPy's integers are integers.
        most: the limit.
        name: of the argument.
        why: more are not allowed.

    Returns:
        It as a Python ``int``.

    Raises:
        InputError: no such number; of too many it says how much memory their state takes.

    Example:
        >>> check_num_qubits(3)
        3
    """
    number = check_integer(name, num_qubits, 1)
    if number > most:
        advice = f"their state would take {memory_of(number)} of memory"
        fail(name, f"be at most {most}{': ' if why else ''}{why}", number, advice)
    return number


def check_gates(name: str, value: int, number: int) -> None:
    """``number`` gates, which ``name`` of this ``value`` asks for, are not too many to list.

    Raises:
        InputError: more than ``MOST_GATES``.
    """
    if number > MOST_GATES:
        must = f"be so small that the circuit has at most {MOST_GATES} gates"
        fail(name, must, value)


def check_memory(
    name: str, num_qubits: int, *, bytes_each: int = 8, what: str = "its state"
) -> None:
    """2**Q entries of some bytes each fit into the machine's memory.

    Args:
        name: of the argument that asks for them.
        num_qubits: Q.
        bytes_each: of one entry.
        what: names all of them for a reader.

    Raises:
        InputError: they do not; says how much memory they would take.

    Example:
        >>> check_memory("circuit", 10)
    """
    limit = physical_memory()
    # The first comparison keeps 2**Q small.
    if num_qubits > 80 or bytes_each << num_qubits > limit:
        must = f"be so small that {what} fits into this machine's memory of {memory_text(limit)}"
        advice = f"that would take {memory_of(num_qubits, bytes_each)}"
        fail(name, must, f"one of {num_qubits} qubits", advice)


def memory_of(num_qubits: int, bytes_each: int = 8) -> str:
    """Memory of 2**Q entries, for a reader.

    Example:
        >>> memory_of(10), memory_of(40), memory_of(1000)
        ('8.0 KiB', '8.0 TiB', '2**1003 bytes')
    """
    if num_qubits <= 60:
        return memory_text(bytes_each << num_qubits)
    exponent = num_qubits + round(math.log2(bytes_each))
    return f"2**{exponent} bytes" if exponent < 10**20 else "more bytes than can be counted"


def physical_memory() -> int:
    """Bytes of the machine's memory; a pebibyte where the system does not say.

    Example:
        >>> physical_memory() > 2**20
        True
    """
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2**50


def memory_text(number: int) -> str:
    """Bytes, for a reader.

    Example:
        >>> memory_text(3 * 2**29)
        '1.5 GiB'
    """
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    power = min(max(number.bit_length() - 1, 0) // 10, len(units) - 1)
    return f"{number / 1024**power:.1f} {units[power]}"
