"""Who does the jobs, one file each; another is one more file, or a plug-in.

Executors carry names of jobs, never objects; where a store is not shared, bytes of its files too.
"""

from __future__ import annotations

import importlib
import pkgutil

from jqkd.experiments.executors.base import EXECUTORS, Executor, executor_of

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["EXECUTORS", "Executor", "executor_of"]
