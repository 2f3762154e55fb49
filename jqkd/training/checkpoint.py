"""Orbax checkpoints: what a run needs to go on exactly where it stopped, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jqkd._checks import InputError
from jqkd._interrupts import whole


def _manager(folder: Path) -> Any:
    import orbax.checkpoint as ocp

    # Orbax reports every save of every run; the progress bar is enough.
    logging.getLogger("absl").setLevel(logging.ERROR)
    options = ocp.CheckpointManagerOptions(max_to_keep=1, enable_async_checkpointing=False)
    return ocp.CheckpointManager(folder.resolve(), options=options)


@whole()
def save(folder: Path, epoch: int, state: Any, curves: Mapping[str, np.ndarray], name: str) -> None:
    """Write a checkpoint and remove the one before it.

    Args:
        folder: of the run; made if needed.
        epoch: epochs finished.
        state: pytree of arrays.
        curves: metrics of those epochs, by name.
        name: digest of the configuration, checked when the run resumes.
    """
    import orbax.checkpoint as ocp

    items = ocp.args.Composite(
        state=ocp.args.StandardSave(state),
        curves=ocp.args.StandardSave({k: np.asarray(v) for k, v in curves.items()}),
        about=ocp.args.JsonSave({"digest": name, "epoch": epoch}),
    )
    with _manager(folder) as manager:
        manager.save(epoch, args=items)


@whole()
def restore(folder: Path, like: Any, name: str) -> tuple[int, Any, dict[str, np.ndarray]] | None:
    """The newest checkpoint of a run.

    Args:
        folder: of the run.
        like: a state with the structure and shapes that are wanted.
        name: digest of the configuration.

    Returns:
        Epochs finished, state, curves; ``None`` if there is no checkpoint.

    Raises:
        InputError: the checkpoint is damaged, or belongs to another configuration.
    """
    if not folder.is_dir() or not any(p.name.isdigit() for p in folder.iterdir()):
        return None
    import orbax.checkpoint as ocp

    with _manager(folder) as manager:
        epoch = manager.latest_step()
        try:
            about = manager.restore(epoch, args=ocp.args.Composite(about=ocp.args.JsonRestore()))
            digest = about["about"]["digest"]
        except Exception as error:
            raise _damaged(folder, epoch, error) from error
        if digest != name:
            raise InputError(
                f"The checkpoint in {folder} belongs to another configuration ({digest}, not "
                f"{name}); choose another --out, or delete that folder."
            )
        items = ocp.args.Composite(
            state=ocp.args.StandardRestore(on_one_device(like)), curves=ocp.args.StandardRestore()
        )
        try:
            found = manager.restore(epoch, args=items)
            curves = {k: np.asarray(v) for k, v in found["curves"].items()}
        except Exception as error:
            raise _damaged(folder, epoch, error) from error
    return epoch, found["state"], curves


def on_one_device(like: Any) -> Any:
    """Shapes for Orbax to restore onto one device, however many there were before."""
    here = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    return jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=here), like)


def _damaged(folder: Path, epoch: int | None, error: Exception) -> InputError:
    return InputError(
        f"The checkpoint of epoch {epoch} in {folder} cannot be read ({type(error).__name__}); "
        "it is damaged or incomplete: delete that folder to train from the beginning."
    )
