"""A script has every core and the cache of programs, unless who starts it says otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jqkd.training.devices import num_cores

ROOT = Path(__file__).parents[2]
LOOK = "import jax; print(jax.device_count(), jax.config.jax_compilation_cache_dir)"
# A call that is refused, as nothing is to be trained.
CALL = """
import jqkd
try:
    jqkd.{}
except (jqkd.InputError, TypeError, AttributeError):
    pass
"""
LATE = "import jax, jqkd; jax.numpy.zeros(1); jqkd.setup(); jqkd.setup(); "
MINE = "import jax; jax.config.update('jax_num_cpu_devices', 3); import jqkd; jqkd.setup(); "


def said(code, cache, **environment):
    """Devices, folder of compiled programs, and warnings of a new process."""
    ours = ("JAX_NUM_CPU_DEVICES", "JAX_COMPILATION_CACHE_DIR", "XLA_FLAGS")
    inherited = {k: v for k, v in os.environ.items() if k not in ours}
    done = subprocess.run(
        [sys.executable, "-c", code + LOOK],
        env=inherited | {"JQKD_CACHE": str(cache), "PYTHONPATH": str(ROOT)} | environment,
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    devices, folder = done.stdout.split()
    return int(devices), folder, done.stderr


@pytest.mark.parametrize(
    "call",
    ["distill(3)", "train_students(3, 3, 3)", "load_run(3)", "run_experiment('demo', 3)"],
)
def test_the_first_call_sets_up(call, tmp_path):
    expected = num_cores(), str(tmp_path / "compiled"), ""
    assert said(CALL.format(call), tmp_path) == expected


def test_what_others_say_is_left_as_it_is(tmp_path):
    here, mine = str(tmp_path / "compiled"), str(tmp_path / "mine")
    assert said(MINE, tmp_path) == (3, here, "")
    variables = {"JAX_NUM_CPU_DEVICES": "4", "JAX_COMPILATION_CACHE_DIR": mine}
    assert said("import jqkd; jqkd.setup();", tmp_path, **variables) == (4, mine, "")
    flags = "--xla_force_host_platform_device_count=5"
    assert said("import jqkd; jqkd.setup();", tmp_path, XLA_FLAGS=flags) == (5, here, "")


def test_where_jax_has_started_it_is_said_once_what_is_lost(tmp_path):
    devices, folder, err = said(LATE, tmp_path)
    assert (devices, folder) == (1, str(tmp_path / "compiled"))
    late = f"JAX has started on 1 of {num_cores()} cores, and students train on no more"
    assert err.count(late) == (num_cores() > 1)
