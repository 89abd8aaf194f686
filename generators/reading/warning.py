from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingWarning:
    """Something a careful reader would ask the author of a file about.

    Attributes:
        line: 1-based line in the file, 0 where no single line is to blame.
        message: both values with their lines where the file contradicts itself.
        code: what kind of warning it is, for programs; "" where nothing asks.
    """

    line: int
    message: str
    code: str = ""
