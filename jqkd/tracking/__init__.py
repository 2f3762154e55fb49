"""Where curves go while students train: to TensorBoard, MLflow, Weights & Biases, or one's own."""

from jqkd.tracking import mlflow, tensorboard, wandb  # noqa: F401  Registers them.
from jqkd.tracking.base import TRACKERS, Tracker, tell, tracker_of

__all__ = ["TRACKERS", "Tracker", "tell", "tracker_of"]
