"""False alarms of ``jqkd crosscheck``, counted: python scripts/false_alarms.py [seeds]."""

from __future__ import annotations

import sys

from jqkd.crosscheck.calibration import calibrate


def main(number: int = 100) -> None:
    """Prints the smallest corrected p-value of every seed, then the count at every alpha."""
    found = calibrate(range(number), progress=lambda seed, p: print(f"seed {seed}: {p:.4f}"))
    for alpha, alarms in found.alarms.items():
        print(
            f"alpha {alpha:g}: {alarms} alarms of {number}, chance explains {found.limits[alpha]}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
