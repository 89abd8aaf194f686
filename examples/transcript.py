"""What an example shows, as Markdown; on request the same from run to run."""

import re

from stage import ProofFailed

HEAD = """# Game day

<!-- Written by `make docs`, which plays it; a test plays it again and compares headings, commands and proofs. -->

Six bad days on a real PostgreSQL and real processes (`make game-day`, some minutes): what the operator sees, what
resolves it, and the proof that nothing was lost. Times, ids, sizes and paths are made the same in every run; everything
else is as it was printed. Each is explained in the [runbook](runbook.md).
"""
# What differs from run to run, and what stands for it.
SAME = (
    (
        re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
        "0198c0de-0000-7000-8000-000000000000",
    ),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d(:\d\dZ?)?"), "2026-03-01 09:00:00"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "09:00:00"),
    (re.compile(r"\b(?!0 B)[\d.,]+ (B|KiB|MiB|GiB)\b"), "1.0 MiB"),
    (re.compile(r"\b\d+ (s|min)\b"), "5 s"),
    (re.compile(r"\bworker \d+\b"), "worker 4711"),
    (re.compile(r"\bfor \d+ h \d+ min\b"), "for 5 s"),
    (re.compile(r"\bpaused by \S+"), "paused by ana"),
    (re.compile(r"(?<=127\.0\.0\.1:)\d+"), "5432"),
)
PICTURE = re.compile(r"^ *[\d,]* [┤└|+]|^backlog$|^ +09:00:00 +09:00:00 UTC$")


class Transcript:
    """Prints headings, sentences, commands with their output, and proofs.

    Args:
        normalised: replace what differs from run to run, and begin with a page's head.
    """

    def __init__(self, *, normalised: bool) -> None:
        self._normalised = normalised
        self._fenced = False
        self._places: list[tuple[str, str]] = []
        if normalised:
            self._print(HEAD.rstrip())

    def stands_for(self, path: str, name: str) -> None:
        """Show `path` as `name`."""
        self._places.append((path, name))

    def heading(self, text: str) -> None:
        self._fence(wanted=False)
        self._print(f"\n## {text}")

    def say(self, text: str) -> None:
        self._fence(wanted=False)
        self._print(f"\n{text}")

    def command(self, command: str, printed: str | None) -> None:
        """Show a command line (before it runs: `printed` is None), or what it printed."""
        self._fence(wanted=True)
        if command:
            self._print(f"$ {command}")
        if printed:
            self._print(printed)

    def proof(self, claim: str, *, holds: bool = True) -> None:
        """Print a claim that holds.

        Raises:
            ProofFailed: it does not.
        """
        self._fence(wanted=False)
        self._print(f"\n{'✔' if holds else '✘'} {claim}")
        if not holds:
            raise ProofFailed(claim)

    def end(self) -> None:
        self._fence(wanted=False)

    def _fence(self, *, wanted: bool) -> None:
        if wanted and not self._fenced:
            self._print("\n```console")
        if not wanted and self._fenced:
            self._print("```")
        self._fenced = wanted

    def _print(self, text: str) -> None:
        if self._normalised:
            text = "\n".join(line for line in map(self._same, text.splitlines()) if not PICTURE.search(line)).rstrip()
        print(text, flush=True)

    def _same(self, line: str) -> str:
        for path, name in self._places:
            line = line.replace(path, name)
        for pattern, replacement in SAME:
            line = pattern.sub(replacement, line)
        return line.rstrip()
