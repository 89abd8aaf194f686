"""Where in the database a refusal arose: the functions on the way, from the error's context.

The context is a list of frames, one to a line, innermost first, in the language of the server. Names of functions,
the names of languages ("PL/pgSQL") and plpgsql's word RAISE are the same in all of them, and they are all that is read.
A frame that quotes a statement is left out: it may hold values.
"""

import re
from dataclasses import dataclass

_NAME = r'(?:"(?:[^"]|"")+"|[A-Za-z_][A-Za-z0-9_$]*)'
_CALL = re.compile(rf"({_NAME}(?:\.{_NAME})?)\(([^()]*)\)")
_PLAIN = re.compile(r'["«„“]([^"»“”]+)["»“”]')
_WORD = re.compile(rf"{_NAME}(?:\.{_NAME})*")
_MOST = 120


@dataclass(frozen=True, slots=True)
class Frames:
    """The functions of a refusal.

    Attributes:
        functions: innermost first, with their arguments as the server prints them.
        deliberate: code of the database's owner raised it in so many words; it did not merely fail.
    """

    functions: tuple[str, ...] = ()
    deliberate: bool = False

    @property
    def words(self) -> str:
        """`, in function f() of the database`, or nothing."""
        if not self.functions:
            return ""
        called = "" if len(self.functions) == 1 else f", called by {self.functions[-1]},"
        return f", in function {self.functions[0]}{called} of the database"


def frames_of(error: BaseException) -> Frames:
    """Read the context of an error."""
    context = getattr(getattr(error, "diag", None), "context", None) or ""
    lines = context.splitlines()
    functions: list[str] = []
    for line in lines:
        name = _function(line)
        if name is not None and name not in functions:
            functions.append(name)
    first = lines[0] if lines else ""
    deliberate = "PL/" in first and ("PL/pgSQL" not in first or "RAISE" in first or "ASSERT" in first)
    return Frames(tuple(functions), deliberate)


def _function(line: str) -> str | None:
    if "PL/" in line:
        if (call := _CALL.search(line)) is not None:
            return clean(f"{call[1]}({call[2]})")
        plain = _PLAIN.search(line)
        return None if plain is None else clean(f"{plain[1]}()")
    if line.startswith("SQL function ") and (plain := _PLAIN.search(line)) is not None:
        return clean(f"{plain[1]}()")
    return None


def named_in(message: str) -> str | None:
    """What a message about an object of the schema names: what it quotes, or else its last word of ASCII letters."""
    if quoted := _PLAIN.findall(message):
        return clean(", ".join(quoted))
    if (call := _CALL.search(message)) is not None:
        return clean(call[0])
    words = _WORD.findall(message)
    return clean(words[-1]) if words else None


def clean(text: str) -> str:
    """Leave nothing in it that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:_MOST]
