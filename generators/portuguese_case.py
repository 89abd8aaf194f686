import re

_SMALL = frozenset(
    {"a", "ao", "aos", "as", "com", "da", "das", "de", "do", "dos", "e", "em", "na", "nas", "no", "nos", "o", "os"}
    | {"ou", "para", "pelo", "pela", "por", "que", "sem", "um", "uma"}
)
_VOWEL = re.compile(r"[AEIOUÀ-Ý]")
_LONGEST_ACRONYM = 3


def sentence_case(text: str) -> str:
    """A title in capitals as it stands in a sentence: "MÉTODO GPS NA AULA" -> "Método GPS na aula".

    Text that is not all in capitals stays as it is; so do short words that are none of the grammar, and those without
    a vowel: acronyms.
    """
    if not text.isupper() or " " not in text:
        return text
    words = [word.lower() if _is_spoken(word) else word for word in text.split(" ")]
    return words[0][:1].upper() + words[0][1:] + "".join(f" {word}" for word in words[1:])


def _is_spoken(word: str) -> bool:
    letters = re.sub(r"\W", "", word)
    return letters.lower() in _SMALL or (len(letters) > _LONGEST_ACRONYM and _VOWEL.search(letters) is not None)
