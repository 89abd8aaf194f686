"""What can go wrong in a generator.

::

    GeneratorError               exit 1   caught at the command line, shown as one line
    ├── UsageFault               exit 2   what was asked for makes no sense
    │   └── MissingPath          exit 2   the path given does not exist
    ├── WriterStopped            exit 1   no further lesson can be written in this run
    └── UnreadableFile           exit 1   a file that cannot be taken in; names the file
        ├── BinaryFile                    not text at all
        ├── OversizedFile                 larger than any course text
        ├── BrokenYaml                    not YAML, or YAML made to exhaust the reader
        ├── NotABrief                     text, but without anything a brief states
        ├── NotACurriculum                YAML, but neither modules nor lessons in it
        └── NotACourse                    a folder without a single lesson, brief or curriculum
"""

from pathlib import Path


class GeneratorError(Exception):
    """Base of everything this package raises on purpose.

    Attributes:
        exit_code: what the command exits with when nothing handles the error.
    """

    exit_code = 1


class UsageFault(GeneratorError):
    exit_code = 2


class MissingPath(UsageFault):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: there is no such file or folder; check the path")
        self.path = path


class WriterStopped(GeneratorError):
    """The writer can write no further lesson in this run; what it wrote is published."""


class UnreadableFile(GeneratorError):
    """A file or folder that cannot be taken in.

    Attributes:
        path: the file or folder.
        reason: what is wrong with it and what to do, without the path.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class BinaryFile(UnreadableFile):
    pass


class OversizedFile(UnreadableFile):
    pass


class BrokenYaml(UnreadableFile):
    pass


class NotABrief(UnreadableFile):
    pass


class NotACurriculum(UnreadableFile):
    pass


class NotACourse(UnreadableFile):
    pass
