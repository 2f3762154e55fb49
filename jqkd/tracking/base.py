"""What a tracker is: three methods. Its options say where it writes."""

from __future__ import annotations

import importlib.util
from typing import Any, Protocol, runtime_checkable

from jqkd._checks import InputError, fail, shown
from jqkd.common.registry import Registry


@runtime_checkable
class Tracker(Protocol):
    """Follows students, each from its start to its end."""

    def start(self, config: dict[str, Any]) -> Any:
        """Begin to follow a student; what is returned is handed to the other two methods.

        Args:
            config: texts and numbers: ``name``, of all students that belong together; ``run``,
                such as ``distilled/seed-3``; ``arm``, ``seed``, and the fields of the
                configurations that are not ``None``, as ``student.epochs``.
        """

    def log(self, run: Any, step: int, values: dict[str, float]) -> None:
        """Note a number of each curve, after an evaluated epoch, from 1."""

    def finish(self, run: Any, result: dict[str, float]) -> None:
        """Note the test accuracy by protocol, and what distillation gains of it."""


TRACKERS: Registry[Tracker] = Registry("tracker", Tracker)


def tracker_of(given: str | Tracker, argument: str = "tracker") -> Tracker:
    """The tracker of a text, or as it is given; its library is installed.

    Raises:
        InputError: no such tracker, no such option, no library.

    Example:
        >>> tracker_of("tensorbord")
        Traceback (most recent call last):
        jqkd._checks.InputError: Argument `tracker` must be one of mlflow, tensorboard, wandb, but \
'tensorbord' was given; perhaps 'tensorboard' is meant.
    """
    tracker = TRACKERS.build(given, argument) if isinstance(given, str) else given
    if isinstance(tracker, type) or not isinstance(tracker, Tracker):
        fail(argument, "be a text, or an object with start, log and finish", shown(given))
    package = getattr(tracker, "package", None)
    if package and importlib.util.find_spec(package) is None:
        raise InputError(
            f"Tracker {given} needs the package {package}, which is not installed; run "
            f'`pip install "jqkd[{TRACKERS.name_of(tracker)}]"`.'
        )
    return tracker


def tell(tracker: Tracker, method: str, *args: Any) -> Any:
    """Call a method; what a registered tracker's library raises is one sentence."""
    try:
        return getattr(tracker, method)(*args)
    except Exception as error:
        if type(tracker) not in TRACKERS.values():
            raise  # It is its author's.
        reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        raise InputError(f"Tracker {TRACKERS.text(tracker)} failed: {reason}.") from error
