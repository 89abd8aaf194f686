"""The `outbox` command: what waits, what happened, what needs a person."""


def main() -> None:
    """Run the command line (filled in by the commands below)."""
