import tomllib
from dataclasses import dataclass
from typing import Any

from generators.reading.yaml import YamlFault, load_all

MAX_FRONTMATTER_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontmatter:
    """The head of a Markdown file: YAML between `---`, or TOML between `+++`.

    Attributes:
        values: its mapping; empty where there is none or it cannot be read.
        fault: why the block could not be read, None if it could.
        body: the text after it.
        body_line: 1-based line of the file on which the body starts.
    """

    values: dict[str, Any]
    fault: str | None
    body: str
    body_line: int


def split_frontmatter(text: str) -> Frontmatter:
    """Take the frontmatter off a Markdown text; newlines of any kind.

    python-frontmatter is not used here because it raises on a block that is not YAML, and loses line numbers.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n", 1)
    mark = lines[0].rstrip()
    if mark not in {"---", "+++"} or len(lines) == 1:
        return Frontmatter(values={}, fault=None, body=text, body_line=1)
    head = text[: MAX_FRONTMATTER_CHARACTERS + 1]
    end = head.find(f"\n{mark}", len(lines[0]) - 1)
    while end != -1 and head[end + 4 : end + 5] not in {"", "\n", " "}:
        end = head.find(f"\n{mark}", end + 4)
    if end == -1:
        return Frontmatter(values={}, fault=None, body=text, body_line=1)
    block = text[len(lines[0]) : end]
    _, _, body = text[end + 1 :].partition("\n")
    body_line = text.count("\n", 0, end + 1) + 2
    try:
        documents = load_all(block) if mark == "---" else [tomllib.loads(block)]
    except (YamlFault, tomllib.TOMLDecodeError, RecursionError) as exc:
        return Frontmatter(values={}, fault=str(exc), body=body, body_line=body_line)
    values = documents[0] if documents and isinstance(documents[0], dict) else {}
    return Frontmatter(
        values={str(key): value for key, value in values.items()},
        fault=None,
        body=body,
        body_line=body_line,
    )
