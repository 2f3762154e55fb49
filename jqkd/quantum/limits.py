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
    """Q, 1 to ``most``, as a Python ``int``; ``why`` more are not allowed.

    Raises:
        InputError: no such number; of too many it says how much memory their state takes.
    """
    number = check_integer(name, num_qubits, 1)
    if number > most:
        advice = f"their state would take {memory_of(number)} of memory"
        fail(name, f"be at most {most}{why and ': '}{why}", number, advice)
    return number


def check_gates(name: str, value: object, number: int) -> None:
    """``number`` gates, which ``name`` of this ``value`` asks for, are not too many to list."""
    if number > MOST_GATES:
        must = f"be so small that the circuit has at most {MOST_GATES} gates"
        fail(name, must, value)


def check_memory(
    name: str, num_qubits: int, *, bytes_each: int = 8, what: str = "its state"
) -> None:
    """2**Q entries, ``what`` for a reader, fit into the machine's memory.

    Raises:
        InputError: they do not; says how much memory they would take.
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
    """Bytes of the machine's memory; a pebibyte where the system does not say."""
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
