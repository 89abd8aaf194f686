"""The frame of each language: what a course says around its content.

A further language is one more file in `frames/`.
"""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from generators.errors import UsageFault
from generators.languages import vocabulary

GAP_MARK = "✍️"
DEFAULT_LANGUAGE = "pt"


class UnknownLanguage(UsageFault):
    """There is no frame for the language of a course."""


def languages() -> list[str]:
    """The languages that lessons can be framed in, as codes."""
    return sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))


@cache
def frame_of(language: str) -> dict[str, Any]:
    """The words of a language's frame.

    Raises:
        UnknownLanguage: there is no such frame; the message lists those that there are.
    """
    if language not in languages():
        raise UnknownLanguage(
            f"lessons cannot be written in “{language}”: there are frames for {', '.join(languages())}; "
            "state one of them as the language of the course"
        )
    return tomllib.loads(_folder().joinpath(f"{language}.toml").read_text("utf-8"))


@cache
def gap_marks() -> tuple[str, ...]:
    """How a gap begins, in each language."""
    return tuple(str(frame_of(language)["gap"]) for language in languages())


def language_of(stated: str | None, text: str) -> str:
    """The language of a course: as stated, else as its own words show, else Portuguese.

    Raises:
        UnknownLanguage: one is stated that there is no frame for.
    """
    if stated:
        found = vocabulary().language_of("", stated)
        if found is None:
            frame_of(stated.strip().casefold()[:2])
            return stated.strip().casefold()[:2]
        return found
    return vocabulary().language_of(text) or DEFAULT_LANGUAGE


def _folder() -> Any:
    return resources.files("generators.lessons") / "frames"
