"""Loading YAML that somebody else wrote, in bounded time and memory.

Three things are taken out of PyYAML's safe loader. Aliases: an alias may point at a list of aliases, and nine lines
of them unfold to gigabytes when written out ("billion laughs"); no course file needs one. Implicit floats of the shape
`2.10`: they are lesson numbers, and as floats 2.10 would become 2.1. Dates: they come back as text, as written.
Depth and size are checked on the event stream, before anything is built.
"""

from collections.abc import Iterable
from typing import Any

import yaml
from yaml.error import YAMLError
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

MAX_YAML_CHARACTERS = 2_000_000
MAX_DEPTH = 60
MAX_NODES = 200_000

_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlFault(Exception):
    """YAML that is broken or made to exhaust its reader.

    Attributes:
        line: 1-based, 0 if unknown.
    """

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(f"{reason} (line {line})" if line else reason)
        self.line = line


class _Loader(_BaseLoader):  # type: ignore[misc]
    """Safe loader that leaves lesson numbers, dates and version numbers as text."""


def _resolvers_without(*tags: str) -> dict[str, list[tuple[str, Any]]]:
    return {
        first: [(tag, regexp) for tag, regexp in pairs if tag not in tags]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.yaml_implicit_resolvers = _resolvers_without(
    "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge"
)


def load_all(text: str) -> list[Any]:
    """Load every document of a YAML text; decimal numbers and dates stay text.

    Raises:
        YamlFault: broken, too large, too deep, or using aliases.
    """
    if len(text) > MAX_YAML_CHARACTERS:
        raise YamlFault(f"more than {MAX_YAML_CHARACTERS:,} characters of YAML")
    try:
        _check_events(yaml.parse(text, Loader=_Loader))
        return list(yaml.load_all(text, Loader=_Loader))
    except YAMLError as exc:
        mark = getattr(exc, "problem_mark", None) or getattr(exc, "context_mark", None)
        problem = getattr(exc, "problem", None) or "characters that YAML does not allow"
        raise YamlFault(str(problem), mark.line + 1 if mark else 0) from exc
    except (RecursionError, ValueError, TypeError, OverflowError, LookupError, AttributeError) as exc:
        # PyYAML lets a few of its own constructors' errors through (an integer of 5,000 digits, "0b", …).
        raise YamlFault(f"a value that cannot be read ({type(exc).__name__})") from exc


def _check_events(events: Iterable[Any]) -> None:
    depth = 0
    for nodes, event in enumerate(events):
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            raise YamlFault("aliases (*name) are not accepted; write the value out", line)
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise YamlFault(f"nested more than {MAX_DEPTH} levels deep", line)
        if nodes > MAX_NODES:
            raise YamlFault(f"more than {MAX_NODES:,} values", line)
