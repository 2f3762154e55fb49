"""``python -m benchmarks``, from the root of the repository."""

from jqkd.__main__ import enter

if __name__ == "__main__":
    enter("benchmarks.cli")
