"""A peer's process as its parent sees it: ask, wait for the answer, give up after a while."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

# Holds this package and jqkd.
ROOT = Path(__file__).resolve().parents[1]
# Importing PennyLane or Qiskit on a busy machine takes a while.
_READY_SECONDS = 180.0


def environment() -> dict[str, str]:
    """The parent's, with this package found by any Python, and no compiled programs kept."""
    root = str(ROOT)
    before = os.environ.get("PYTHONPATH")
    found = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}
    return found | {"PYTHONPATH": root if before is None else f"{root}{os.pathsep}{before}"}


class Worker:
    """One peer at one workload; started anew after it died or was given up.

    Args:
        peer: a name of ``peers.PEERS``.
        workload: a name of ``workloads.WORKLOADS``.
        python: the interpreter it runs in.
    """

    def __init__(self, peer: str, workload: str, python: str = sys.executable) -> None:
        self.peer = peer
        self._command = [python, "-m", "benchmarks.worker", peer, workload]
        self._process: subprocess.Popen[str] | None = None
        self.about = self._start()

    def greet(self) -> dict[str, Any]:
        """Wait until it has imported its library: versions, or why it cannot be asked."""
        if not self.about:
            self.about = self._wait(_READY_SECONDS)
        return self.about

    @property
    def ready(self) -> bool:
        """Whether it can be asked."""
        return "versions" in self.about

    def _start(self) -> dict[str, Any]:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._errors}
        try:
            self._process = subprocess.Popen(self._command, text=True, env=environment(), **pipes)
        except OSError as error:
            return {"error": f"{self._command[0]} cannot be run ({error.strerror})"}
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(
            target=self._listen, args=(self._process.stdout, self._lines), daemon=True
        ).start()
        return {}

    @staticmethod
    def _listen(stream: Any, lines: queue.Queue[str]) -> None:
        for line in stream:
            lines.put(line)
        lines.put("")

    def _wait(self, seconds: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self.close()
            return {"late": seconds}
        return json.loads(line) if line else {"error": self._last_words()}

    def _last_words(self) -> str:
        code = self._process.wait()
        self._process = None
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        return f"process ended with code {code}: {(lines or ['nothing said'])[-1][:200]}"

    def ask(self, patience: float, **request: Any) -> dict[str, Any]:
        """The answer; ``late`` if there is none in time, ``error`` if the peer fails or dies."""
        if self._process is None:
            self.about = self._start()
            self.greet()
            if not self.ready:
                return {"error": "could not be started again"}
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError:
            return {"error": self._last_words()}
        return self._wait(patience)

    @property
    def running(self) -> bool:
        """Whether the process that was asked last is still there."""
        return self._process is not None

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process = None
