"""Expressions of the course's voice, and which of them are greetings."""

import re

from generators.portuguese import plain

_GREETING = re.compile(
    r"(?:fala|ol[áa]|oi|salve|e a[íi]|opa|hey|bora|bom dia|boa noite|seja[ms]? bem)\b", re.IGNORECASE
)
_OPEN_END = re.compile(r"(?:[.…]{2,}|…)$")
_QUOTED = re.compile(r"[\"“]([^\"“”]{2,})[\"”]")
_NOTE = re.compile(r"\s*\([^()]*\)")
_LONGEST_GREETING_WORDS = 6
_SHORTEST_SAYING_WORDS = 3
_LONGEST_SAYING = 140


def greeting(phrases: tuple[str, ...]) -> str:
    """The first greeting among the phrases, as a sentence; empty if there is none."""
    for text in _spoken(phrases):
        if _GREETING.match(text) and len(text.split()) <= _LONGEST_GREETING_WORDS:
            return text if text[-1] in "!?" else f"{text.rstrip('.,')}!"
    return ""


def sayings(phrases: tuple[str, ...]) -> list[str]:
    """Phrases that can stand on a line of their own, as a motto."""
    return [
        text
        for text in _spoken(phrases)
        if not _GREETING.match(text)
        and not text.endswith("?")
        and len(text.split()) >= _SHORTEST_SAYING_WORDS
        and len(text) <= _LONGEST_SAYING
    ]


def _spoken(phrases: tuple[str, ...]) -> list[str]:
    """What is said, without the author's notes on it; half sentences and patterns to fill in are left out."""
    found = []
    for phrase in phrases:
        line = plain(phrase)
        quoted = _QUOTED.search(line)
        text = _NOTE.sub("", quoted[1] if quoted else line).strip("\"“”'‘’ ")
        if text and not _OPEN_END.search(text) and not any(mark in text for mark in "[]{}<>"):
            found.append(text)
    return found
