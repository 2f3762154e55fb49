"""Weights & Biases: a project, and a run in it for each student."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jqkd.tracking.base import TRACKERS


@TRACKERS.register("wandb")
@dataclass(frozen=True)
class WeightsAndBiases:
    """Writes FOLDER/wandb, offline unless WANDB_MODE says else; `wandb sync` sends it."""

    folder: str = "."
    package = "wandb"

    def start(self, config: dict[str, Any]) -> Any:
        import wandb

        mode: Any = os.environ.get("WANDB_MODE", "offline")
        # A folder that is not there is passed over for another one.
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        return wandb.init(
            # Characters that the name of a project may not have.
            project=re.sub(r"[/\\#?%:]", "-", config["name"]),
            name=config["run"],
            dir=self.folder,
            config=config,
            mode=mode,
            reinit="create_new",
            settings=wandb.Settings(silent=True, console="off", disable_git=True, save_code=False),
        )

    def log(self, run: Any, step: int, values: dict[str, float]) -> None:
        run.log(values, step=step)

    def finish(self, run: Any, result: dict[str, float]) -> None:
        run.summary.update({f"result/{name}": value for name, value in result.items()})
        run.finish()
