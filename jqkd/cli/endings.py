"""How a command ends: an exit code, and one sentence where something went wrong."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

import typer

from jqkd import _interrupts
from jqkd._checks import InputError, shown

# What the command line's own errors are derived from; where they live depends on typer's version.
USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[1]
# As a shell has it for a process that wrote into a closed pipe.
_CLOSED_PIPE = 128 + 13
# An error of a write does not say of which one.
_FULL = "Standard output, or a file, cannot be written ({}); make room or send it elsewhere."
_OPTION = re.compile(r"`([a-z_]+)`")


def code_of(work: Callable[[], None], options: Callable[[], Mapping[str, str]]) -> int:
    """Run a command and say what stopped it, if something did.

    Args:
        work: the command.
        options: returns every option as the user types it, by the name of its parameter.

    Returns:
        0; 1 or what the command itself says; 2 after bad input or where something cannot be
        written; 130 after Ctrl-C, 143 after SIGTERM; 141 where nobody reads on.
    """
    try:
        if sys.stdout is None:
            raise InputError("Standard output is closed; send it to a file, or to /dev/null.")
        work()
        sys.stdout.flush()
    except typer.Exit as stop:
        return stop.exit_code
    except USAGE_ERROR as error:
        return _usage(error)
    except InputError as error:
        typed = options()
        return _tell(_OPTION.sub(lambda name: f"`{typed.get(name[1], name[1])}`", str(error)))
    except KeyboardInterrupt as error:
        print(_interrupts.sentence(), file=sys.stderr)
        return _interrupts.exit_code(error)
    except BrokenPipeError:
        _send_to_nowhere()
        return _CLOSED_PIPE
    except OSError as error:
        return _tell(_unwritten(error))
    except MemoryError:
        return _tell("There is not enough memory; ask for fewer qubits, seeds or images a step.")
    return 0


def _tell(sentence: str) -> int:
    # A path may hold anything: a line stays a line, and a terminal is given no orders.
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence)
    print(f"jqkd: {text}", file=sys.stderr)
    return 2


def _usage(error: Any) -> int:
    """The command line's own errors in this package's words."""
    message = getattr(error, "message", str(error))
    kind = type(error).__name__
    if kind == "NoArgsIsHelpError":
        error.show()
        return 2
    param = getattr(error, "param", None)
    if param is not None:
        name = next((one for one in param.opts if one.startswith("--")), param.name.upper())
        if kind == "MissingParameter":
            return _tell(f"Argument `{name}` must be given, but is missing; see --help.")
        what = "an integer" if "integer" in message else "a number"
        given = shown(getattr(error, "given", None))
        return _tell(f"Argument `{name}` must be {what}, but {given} was given.")
    # Typer's guess at what was meant is a sentence of its own.
    message, _, meant = message.rstrip(".?").partition(" Did you mean ")
    near = (getattr(error, "possibilities", None) or ())[:1] or [*filter(None, meant.split(", "))]
    advice = f"perhaps {' or '.join(near)} is meant" if near else "see --help"
    return _tell(f"{message.rstrip('.')}; {advice}.")


def _unwritten(error: OSError) -> str:
    if error.filename is not None:
        return f"{error.filename} cannot be used ({error.strerror}); choose another place."
    try:
        sys.stdout.flush()
    except OSError:
        _send_to_nowhere()
    return _FULL.format(error.strerror or error)


def _send_to_nowhere() -> None:
    """What is still in the buffer has no place to go, and Python would try again at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
