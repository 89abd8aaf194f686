"""A lesson as a scorer sees it: sections with their prose, read by a Markdown parser, code left out.

Words count only where they say something: in a sentence, or in a list item long enough to be one, and once however
often it is repeated. A page of keywords therefore has sections and no prose.
"""

import re

from generators.reading.markdown import split_frontmatter, tree

_SENTENCE_END = re.compile(r"(?<=[.!?…:])[\"”’)*_]*\s+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_LEAST_SENTENCE_WORDS = 4
_LEAST_DISTINCT_SHARE = 0.45


class Section(tree.Section):
    """A section, and what it says."""

    __slots__ = ()

    @property
    def sentences(self) -> list[str]:
        """Distinct sentences that say something, in order."""
        return sentences(self.all_blocks)

    @property
    def prose_words(self) -> int:
        return sum(len(_WORD.findall(sentence)) for sentence in self.sentences)


def sections(markdown: str) -> list[Section]:
    """Every section of a lesson, outer before inner; see `tree.sections`."""
    return tree.sections(split_frontmatter(markdown.removeprefix("\ufeff")).body, Section)


def sentences(blocks: list[str]) -> list[str]:
    """Distinct sentences of some blocks; fragments and strings of keywords are no sentences."""
    found: dict[str, str] = {}
    for block in blocks:
        for sentence in _SENTENCE_END.split(block):
            words = [word.casefold() for word in _WORD.findall(sentence)]
            enough = len(words) >= _LEAST_SENTENCE_WORDS and len(set(words)) >= len(words) * _LEAST_DISTINCT_SHARE
            if enough and not _is_list_of_words(sentence, len(words)):
                found.setdefault(" ".join(words), sentence.strip())
    return list(found.values())


def words_of(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _is_list_of_words(sentence: str, words: int) -> bool:
    """Whether separators outnumber what a sentence bears: "imagine, como, analogia, diagrama, próxima aula"."""
    separators = len(re.findall(r"[,;|/•·]|\s[-–—]\s", sentence))
    return separators * 2 >= words
