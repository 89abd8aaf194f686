"""Split a file of SQL into statements exactly as the Supabase CLI does.

The history table keeps the statements of each migration. To agree with the CLI in both directions ours must
be the same list: cut at semicolons outside quotes, dollar quotes, comments, parentheses and BEGIN ATOMIC
bodies; the semicolon and the white space around are dropped, comments stay with the statement they precede.
"""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
      --[^\n]*                                     # a comment to the end of the line
    | /\*                                          # a block comment, which may nest: its end is found by hand
    | (?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'           # a string with backslash escapes
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | (?<![\w$])\$(?:[^\W\d]\w*)?\$                # the start of a dollar quote
    | \bBEGIN\s+ATOMIC\b | \bCASE\b | \bEND\b
    | [();]
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


def split(sql: str) -> list[str]:
    """The statements of `sql`, in order, without the empty ones."""
    return [statement for statement in (part.strip() for part in _parts(sql)) if statement]


def _parts(sql: str) -> Iterator[str]:
    start = position = depth = 0
    atomic: list[str] = []
    while match := _TOKEN.search(sql, position):
        token = match[0]
        position = match.end()
        word = token.upper()
        if token == "/*":  # noqa: S105
            position = _after_block_comment(sql, position)
        elif token.startswith("$"):
            end = sql.find(token, position)
            position = len(sql) if end < 0 else end + len(token)
        elif token == "(":  # noqa: S105
            depth += 1
        elif token == ")":  # noqa: S105
            depth -= 1
        elif word.startswith("BEGIN") or (word == "CASE" and atomic):
            atomic.append(word)
        elif word == "END" and atomic:
            atomic.pop()
        elif token == ";" and depth <= 0 and not atomic:  # noqa: S105
            yield sql[start : match.start()]
            start = position
    yield sql[start:]


def _after_block_comment(sql: str, position: int) -> int:
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(sql, position):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    return len(sql)
