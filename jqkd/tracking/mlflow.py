"""MLflow: an experiment, and a run in it for each student."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from typing import Any

from jqkd.common.outputs import check_out_file
from jqkd.tracking.base import TRACKERS

# Ours, where the user says nothing: seconds until an address is given up, no reports to others.
_ENVIRONMENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_DISABLE_TELEMETRY": "true"}

_FILE = "sqlite:///"


@TRACKERS.register("mlflow")
@dataclass(frozen=True)
class MLflow:
    """Writes to a server or database, by default MLflow's own default, a file `mlflow.db`."""

    uri: str | None = None
    package = "mlflow"

    def start(self, config: dict[str, Any]) -> Any:
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        from mlflow.entities import Param
        from mlflow.tracking import MlflowClient

        if (self.uri or "").startswith(_FILE):  # MLflow would try for minutes.
            check_out_file("uri", (self.uri or "").removeprefix(_FILE))
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
        client, name = MlflowClient(self.uri), config["name"]
        known = client.get_experiment_by_name(name)
        number = known.experiment_id if known else client.create_experiment(name)
        run = client.create_run(number, run_name=config["run"]).info.run_id
        client.log_batch(run, params=[Param(key, str(value)) for key, value in config.items()])
        return client, run

    def log(self, run: Any, step: int, values: dict[str, float]) -> None:
        from mlflow.entities import Metric

        (client, number), now = run, int(1000 * time.time())
        metrics = [Metric(name, value, now, step) for name, value in values.items()]
        client.log_batch(number, metrics)

    def finish(self, run: Any, result: dict[str, float]) -> None:
        self.log(run, 0, {f"result/{name}": value for name, value in result.items()})
        client, number = run
        client.set_terminated(number)
