"""Expressions of the course's voice, and which of them are greetings."""

import re

from generators.portuguese import plain, quotable

_GREETING = re.compile(
    r"(?:fala|ol[áa]|oi|salve|e a[íi]|opa|hey|bora|bom dia|boa noite|seja[ms]? bem)\b", re.IGNORECASE
)
_OPEN_END = re.compile(r"[.…]{2,}$|…$")
_SHORTEST_SAYING_WORDS = 2
_LONGEST_SAYING = 140


def greeting(phrases: tuple[str, ...]) -> str:
    """The first greeting among the phrases, as a sentence; empty if there is none."""
    for phrase in phrases:
        text = quotable(phrase)
        if _GREETING.match(text) and len(text) <= _LONGEST_SAYING:
            return text if text[-1] in "!?…" else f"{text}!"
    return ""


def sayings(phrases: tuple[str, ...]) -> list[str]:
    """Phrases that can stand on a line of their own, as a motto; conversational starts ("Olha só...") cannot."""
    found = []
    for phrase in phrases:
        text = plain(phrase).strip("\"“”'‘’ ")
        whole = not _OPEN_END.search(phrase.strip().strip("\"“”'")) and not _GREETING.match(text)
        if whole and len(text.split()) >= _SHORTEST_SAYING_WORDS and len(text) <= _LONGEST_SAYING:
            found.append(text)
    return found
