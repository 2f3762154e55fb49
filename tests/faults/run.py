"""Puts known faults into copies of the package, one at a time, and sees whether a test notices.

    python tests/faults/run.py                     all faults, two at a time; some 20 minutes
    python tests/faults/run.py 'training/*' --jobs 1   some, by the pattern of "folder/name"

``faults.toml`` lists them. A fault that no test notices is printed as SURVIVED; exit code 1 then.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("faults.toml")
# What the tests read beside the package.
_COPIED = ("jqkd", "benchmarks", "tests", "scripts", "conftest.py", "pyproject.toml", "README.md")
_SECONDS = 600


@dataclass(frozen=True)
class Fault:
    """A mistake that a good developer makes by accident.

    Attributes:
        name: says what is wrong.
        file: where, from the root of the repository.
        before: text that stands in the file once.
        after: what stands there instead.
        tests: files or tests that should notice, the likeliest first.
    """

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]

    @property
    def label(self) -> str:
        """``folder/name``, such as ``training/order the same in every epoch``."""
        return f"{Path(self.file).parent.name}/{self.name}"


@dataclass(frozen=True)
class Outcome:
    """What the tests of one fault did: the first that failed, or ``None``; the output's end."""

    fault: Fault
    noticed_by: str | None
    seconds: float
    output: str


def read_faults(path: Path = LIST) -> list[Fault]:
    """The list, in its order."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["fault"]
    return [Fault(**entry | {"tests": tuple(entry["tests"])}) for entry in entries]


def apply(fault: Fault, root: Path) -> str:
    """Put a fault into a copy; returns the file's text without it.

    Raises:
        ValueError: the text to be replaced does not stand there exactly once.
    """
    path = root / fault.file
    text = path.read_text(encoding="utf-8")
    if text.count(fault.before) != 1:
        raise ValueError(f"{fault.label}: its text stands {text.count(fault.before)} times")
    path.write_text(text.replace(fault.before, fault.after), encoding="utf-8")
    return text


def try_fault(fault: Fault, copy: Path, compiled: Path) -> Outcome:
    """Run the tests of a fault in a copy that has it, up to the first that fails."""
    text, started = apply(fault, copy), time.perf_counter()
    env = os.environ | {
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        "JAX_COMPILATION_CACHE_DIR": str(compiled),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "--tb=line", *fault.tests]
    try:
        done = subprocess.run(
            command, cwd=copy, env=env, capture_output=True, text=True, timeout=_SECONDS
        )
        output, code = done.stdout + done.stderr, done.returncode
    except subprocess.TimeoutExpired:
        output, code = f"FAILED no answer in {_SECONDS} s", 1
    finally:
        (copy / fault.file).write_text(text, encoding="utf-8")
    failed = re.search(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", output, re.MULTILINE)
    # 1: a test failed; 2: the package cannot even be imported. Anything else is no verdict.
    noticed = failed.group(1) if failed and code in (1, 2) else None
    return Outcome(fault, noticed, time.perf_counter() - started, output[-2000:])


def run(faults: list[Fault], jobs: int, verbose: bool) -> list[Outcome]:
    """Try faults, some side by side, each in a copy of its own; print as they end."""
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for number in range(jobs):
            copies.put(_copied(Path(folder) / f"copy-{number}"))

        def one(fault: Fault) -> Outcome:
            copy = copies.get()
            try:
                outcome = try_fault(fault, copy, Path(folder) / "compiled")
            finally:
                copies.put(copy)
            verdict = outcome.noticed_by or "SURVIVED"
            print(f"{outcome.seconds:6.1f} s  {fault.label}: {verdict}", flush=True)
            if verbose and outcome.noticed_by is None:
                print(outcome.output)
            return outcome

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(one, faults))


def _copied(copy: Path) -> Path:
    copy.mkdir()
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    for name in ("results", "docs", "CITATION.cff"):
        (copy / name).symlink_to(ROOT / name)
    return copy


def main() -> int:
    """Read the command line, try, sum up."""
    parser = argparse.ArgumentParser(description="Which known faults do the tests notice?")
    parser.add_argument("patterns", nargs="*", default=["*"], help='of "folder/name"')
    parser.add_argument("--jobs", type=int, default=2, help="faults side by side")
    parser.add_argument("--verbose", action="store_true", help="show the output of survivors")
    options = parser.parse_args()
    chosen = [f for f in read_faults() if any(fnmatchcase(f.label, p) for p in options.patterns)]
    if not chosen or options.jobs < 1:
        parser.error("no fault fits the patterns" if not chosen else "--jobs must be 1 or more")
    outcomes = run(chosen, options.jobs, options.verbose)
    survivors = [outcome for outcome in outcomes if outcome.noticed_by is None]
    print(f"{len(outcomes) - len(survivors)} of {len(outcomes)} faults noticed.")
    for outcome in survivors:
        print(f"SURVIVED: {outcome.fault.label} ({outcome.fault.file})")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
