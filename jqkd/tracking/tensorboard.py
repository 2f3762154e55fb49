"""TensorBoard: a folder of events for each student."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jqkd.tracking.base import TRACKERS


@TRACKERS.register("tensorboard")
@dataclass(frozen=True)
class TensorBoard:
    """Writes FOLDER/NAME/ARM/SEED, which `tensorboard --logdir FOLDER` shows."""

    folder: str = "tensorboard"
    package = "tensorboardX"

    def start(self, config: dict[str, Any]) -> Any:
        from tensorboardX import SummaryWriter
        from tensorboardX.summary import hparams

        folder = Path(self.folder, config["name"], config["run"])
        # What an earlier process has written there is hidden.
        run: Any = SummaryWriter(str(folder), purge_step=0)
        # Its own `add_hparams` would open a second file of the same name.
        for summary in hparams(config, {}):
            run.file_writer.add_summary(summary)
        return run

    def log(self, run: Any, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            run.add_scalar(name, value, step)
        run.flush()

    def finish(self, run: Any, result: dict[str, float]) -> None:
        self.log(run, 0, {f"result/{name}": value for name, value in result.items()})
        run.close()
