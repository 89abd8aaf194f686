"""The words by which names tell what files and folders are.

The words are the vocabulary's, of all languages together: names do not tell which they are in. What stands here is how
they are weighed.
"""

import re

from generators.languages import fold, vocabulary

MODULE, LESSON, EITHER = "module", "lesson", "either"

_words = vocabulary().words
NUMBERED = _words("numbered")
_ROLES = _words("files")
_FOLDER_ROLES = {**_words("folders"), **_ROLES}


def _set(table: str, *kinds: str) -> frozenset[str]:
    return frozenset(_words(table, *kinds))


_PLURALS = _set("containers", MODULE, LESSON)
_CONTAINERS = _PLURALS | _set("containers", "singular")
_WEAK = _set("containers", "weak")
_MODULE_CONTAINERS = _set("containers", MODULE)
_HARD, _HARD_ALONE, _ALONE_ONLY = _set("weights", "hard"), _set("weights", "alone"), _set("weights", "single")
_GENERIC, _PREPOSITIONS, _ARTICLES = (_set("weights", name) for name in ("generic", "prepositions", "articles"))
_LANGUAGES = re.compile(
    r"^(?:(?:pt|en|es|fr|de|it|ja|ko|zh|ru|vi|ar|tr|pl|nl|uk|id|hi|fa|bn|he|sv|cs|el|ro|hu|th|fi|da|no|ca|gl|eu|my|mr|ta|te|ne|pa|"
    r"sk|sl|sr|hr|bg|lt|tl|ms|ur|sw)(?:[-_](?:br|pt|us|gb|es|mx|ar|cn|tw|hk|ru|mo|pcm|latn|cyrl|hans|hant|419))?|ptbr|english|"
    r"portugues|espanol|spanish|portuguese|french|chinese)$"
)
_COURSE_WORDS = re.compile(rf"\b(?:{'|'.join(vocabulary().all('course_words'))})\b")


def tokens(text: str) -> list[str]:
    """The words of a name, folded; CamelCase is taken apart."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return re.findall(r"[a-z]+|\d+", fold(spaced))


def tokens_key(text: str) -> str:
    """A title as a part of a slug."""
    return "-".join(tokens(text)) or "modulo"


def look_alike(text: str, *, numbered: int | None = None, folder: bool = False) -> str | None:
    """What a name says that a file or folder is instead of a lesson; None where it names a subject.

    Args:
        text: the name without its number.
        numbered: the number that precedes it; a numbered name is a place in a series, and a word of it may be its
            subject (`08-quiz-at-the-counter`).
        folder: it names a folder.
    """
    words = [word for word in tokens(text) if not word.isdigit()]
    if not words:
        return None
    table = _FOLDER_ROLES if folder else _ROLES
    if "_".join(words) == "code_of_conduct":
        return "meta"
    role = table.get(words[0])
    content = [
        word
        for word in words[1:]
        if word not in _PREPOSITIONS and word not in _GENERIC and word not in NUMBERED and word not in table
    ]
    if role and len(words) > 1 and words[0] in _ALONE_ONLY and content + [w for w in words[1:] if w in table]:
        role = None
    if role and numbered is None:
        return role if not folder or not content or words[0] in _HARD else None
    if role:
        alone = not content or re.match(r"^\W*[^\W\d_]+(?: \w+)?\s*(?: [-–—] |[:|])", text) is not None
        is_start = numbered == 0 and role == "index"
        if words[0] in _HARD or (alone and (words[0] in _HARD_ALONE or is_start)):
            return role if alone or words[1] not in _PREPOSITIONS else None
    return _tail_role(words, table, numbered)


def _tail_role(words: list[str], table: dict[str, str], numbered: int | None) -> str | None:
    """The role of the last word: `lesson-template`, `unit 1 final quiz`; not of `how to write a quiz`."""
    role = _ROLES.get(words[-1])
    if role is None or len(words) == 1 or words[-2] in _ARTICLES or words[-2] in _PREPOSITIONS:
        return None
    plain = all(word in _GENERIC or word in NUMBERED or word in table for word in words[:-1])
    if plain and (numbered is None or words[-1] in _HARD or words[-1] in _HARD_ALONE):
        return role
    if (words[-1] in _HARD and (role != "assessment" or numbered is None)) or (
        words[-1] == "report" and words[-2] in {"validation", "quality", "qa"}
    ):
        return role
    return (
        role if numbered is None and role in {"template", "meta"} and words[-1] in {"template", "plantilla"} else None
    )


def is_container(name: str) -> bool:
    """Whether a folder is named for the lessons or modules in it: `aulas`, `episodes`, `Modulos`."""
    words = tokens(name)
    if len(words) == 1:
        return words[0] in _CONTAINERS
    return 1 < len(words) <= 4 and (words[0] in _PLURALS or words[-1] in _PLURALS)  # noqa: PLR2004


def holds_modules(name: str) -> bool:
    """Whether a folder is named for modules: what lies in it are modules, whatever their names."""
    words = tokens(name)
    return bool(words) and words[0] in _MODULE_CONTAINERS


def is_weak_container(name: str) -> bool:
    """Whether a folder is where tools keep texts: `docs`, `content`, `src`."""
    return "-".join(tokens(name)) in _WEAK or not tokens(name)


def is_language(name: str) -> bool:
    """Whether a folder or the last part of a file name is a language: `es`, `pt-br`."""
    return _LANGUAGES.match(fold(name)) is not None


def speaks_of_a_course(text: str) -> bool:
    """Whether a title says that a course is meant."""
    return _COURSE_WORDS.search(" ".join(tokens(text))) is not None
