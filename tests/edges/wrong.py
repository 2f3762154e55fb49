"""What a wrong call must end in: one sentence that names the argument, and soon."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from jqkd._checks import InputError

# Seconds of this process's CPU time: a busy machine fails nothing.
LONGEST_CALL = 2.0
LONGEST_MESSAGE = 400  # Characters.


def check_refused(call: Callable[[], object], pattern: str) -> None:
    """``call()`` raises ``InputError``: one short sentence, soon, in which ``pattern`` occurs."""
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        call()
    duration = time.process_time() - start
    message = str(caught.value)
    assert message.startswith("Argument `"), message
    assert message.endswith(".") and "\n" not in message, message
    assert len(message) < LONGEST_MESSAGE, message
    assert re.search(pattern, message), f"{pattern!r} is not in: {message}"
    assert duration < LONGEST_CALL, f"{duration:.1f} s"
