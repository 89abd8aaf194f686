"""What a process of a clean environment needs so that the lines it runs are counted with those of its test."""

import os


def measured() -> dict[str, str]:
    """Variables of coverage's own; none where nothing is measured."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_PROCESS_")}
