"""Training images a second against the number of students in flight, and where the time goes.

    python scripts/throughput.py [SEEDS] [FILE]     # 1,8,64,512 by default; also as JSON to FILE

Needs no data set and no Qiskit: images of noise, on whatever device JAX finds. Each line is a
median of three epochs without evaluation. Without shots the sampler's share is missing; the
difference between the two is its price.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

# The benchmarks are not installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.parts import images_per_second
from benchmarks.peers.own_training import CONFIG
from jqkd.common.files import write_json
from jqkd.training.config import StudentConfig
from jqkd.training.devices import use_all_cores
from jqkd.training.result import environment

STEPS = 30
ROBUST = StudentConfig(
    "mnist", "0-5", 3, preset="robust", augmentation="none", epochs=10**6, evaluate_every=1
)


def main(seeds: str = "1,8,64,512", file: str | None = None) -> None:
    """Prints a line for each preset, number of shots and number of students."""
    use_all_cores()
    rates: dict[str, dict[str, float]] = {}
    for config in (CONFIG, ROBUST):
        for shots in (5000, None):
            name = f"{config.preset}, batch {config.batch_size}, " + (
                f"{shots} shots" if shots else "exact"
            )
            rates[name] = {}
            for number in map(int, seeds.split(",")):
                train = STEPS * max(config.batch_size, config.num_classes)
                rate = images_per_second(dataclasses.replace(config, shots=shots), number, train)
                rates[name][str(number)] = rate
                print(f"{name}, {number} students: {rate:,.0f} images/s", flush=True)
    if file is not None:
        write_json(Path(file), {"environment": environment(), "images per second": rates})


if __name__ == "__main__":
    main(*sys.argv[1:])
