"""Orbax checkpoints: what a run needs to go on exactly where it stopped, and nothing else."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jqkd._checks import InputError
from jqkd._interrupts import whole
from jqkd.common.files import DamagedFile

# Folders that Orbax has not finished.
_HALF = "*.orbax-checkpoint-tmp*"
_LONGEST = 200


def _manager(folder: Path, read_only: bool) -> Any:
    import orbax.checkpoint as ocp

    # Whoever writes is alone, so what is half-written there is of a killed process.
    options = ocp.CheckpointManagerOptions(
        max_to_keep=None if read_only else 1,
        enable_async_checkpointing=False,
        cleanup_tmp_directories=not read_only,
        read_only=read_only,
    )
    return ocp.CheckpointManager(folder.resolve(), options=options)


@whole()
def save(
    folder: Path,
    epoch: int,
    state: Any,
    curves: Mapping[str, np.ndarray],
    name: str,
    **about: Any,
) -> None:
    """Write a checkpoint of so many finished epochs and remove the one before it.

    Args:
        folder: of the run; made if needed.
        epoch: epochs finished.
        state: pytree of arrays.
        curves: metrics of those epochs, by name.
        name: digest of the configuration, checked when the run resumes.
        **about: plain values to be kept beside it.

    Raises:
        InputError: the folder cannot be written, or the disk is full; the one before it is kept.
    """
    import orbax.checkpoint as ocp

    items = ocp.args.Composite(
        state=ocp.args.StandardSave(state),
        curves=ocp.args.StandardSave({k: np.asarray(v) for k, v in curves.items()}),
        about=ocp.args.JsonSave({**about, "digest": name, "epoch": epoch}),
    )
    with _one_sentence(folder), _manager(folder, read_only=False) as manager:
        latest = manager.latest_step()
        # Runs that have been joined have as many epochs as those that they were joined to.
        manager.save(epoch if latest is None else max(epoch, latest + 1), args=items)


@contextlib.contextmanager
def _one_sentence(folder: Path) -> Generator[None]:
    """Where Orbax cannot write, an ``InputError``; nothing half-written stays in the folder."""
    try:
        with _quiet():
            yield
    except Exception as error:
        remove_half_written(folder)
        full = os.strerror(errno.ENOSPC)
        reason = full if full in str(error) else f"{type(error).__name__}: {error}"
        raise InputError(
            f"{folder} cannot be written ({' '.join(reason.split())[:_LONGEST]}); choose another "
            "place or make room: what was finished is kept."
        ) from error


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Orbax reports every save of every run, and what it raises a second time."""
    log = logging.getLogger("absl")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


@whole()
def about(folder: Path) -> dict[str, Any] | None:
    """What a run's newest checkpoint says of itself: ``digest``, ``epoch`` and what was added.

    ``None`` if there is none.

    Raises:
        DamagedFile: the checkpoint is damaged or incomplete.
    """
    if not folder.is_dir() or not any(p.name.isdigit() for p in folder.iterdir()):
        return None
    import orbax.checkpoint as ocp

    with _quiet(), _manager(folder, read_only=True) as manager:
        step = manager.latest_step()
        try:
            items = ocp.args.Composite(about=ocp.args.JsonRestore())
            kept = dict(manager.restore(step, args=items)["about"])
            return {**kept, "digest": kept["digest"], "epoch": int(kept["epoch"])}
        except Exception as error:
            raise _damaged(folder, step, error) from error


@whole()
def restore(folder: Path, like: Any, name: str) -> tuple[int, Any, dict[str, np.ndarray]] | None:
    """Epochs, state and curves of a run's newest checkpoint; ``None`` if there is none.

    Args:
        folder: of the run.
        like: a state of the structure and shapes to restore.
        name: digest of the configuration.

    Raises:
        DamagedFile: the checkpoint is damaged or incomplete.
        InputError: it belongs to another configuration.
    """
    kept = about(folder)
    if kept is None:
        return None
    if kept["digest"] != name:
        raise another(folder, f"{kept['digest']}, not {name}")
    import orbax.checkpoint as ocp

    with _quiet(), _manager(folder, read_only=True) as manager:
        items = ocp.args.Composite(
            state=ocp.args.StandardRestore(_on_one_device(like)), curves=ocp.args.StandardRestore()
        )
        try:
            arrays = manager.restore(manager.latest_step(), args=items)
            curves = {k: np.asarray(v) for k, v in arrays["curves"].items()}
        except Exception as error:
            raise _damaged(folder, manager.latest_step(), error) from error
    return kept["epoch"], arrays["state"], curves


def another(folder: Path, difference: str) -> InputError:
    """A checkpoint is that of another run."""
    return InputError(
        f"The checkpoint in {folder} belongs to another configuration ({difference}); choose "
        "another --out, or delete that folder."
    )


def remove_half_written(folder: Path) -> None:
    """Remove what a killed process left unfinished in a folder where no other writes."""
    for half in folder.glob(_HALF):
        shutil.rmtree(half, ignore_errors=True)


def _on_one_device(like: Any) -> Any:
    """Shapes for Orbax to restore onto one device, however many there were before."""
    one = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    return jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=one), like)


def _damaged(folder: Path, epoch: int | None, error: Exception) -> DamagedFile:
    reason = f"epoch {epoch}, {type(error).__name__}"
    return DamagedFile(folder, reason, "delete that folder to train from the beginning")
