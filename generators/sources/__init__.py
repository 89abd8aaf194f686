"""What a course's author knows and wrote down: notes, transcripts and documents, as passages that can be quoted.

`read_sources` reads them, `SourceIndex` finds what speaks of a lesson, `deal` divides the passages among lessons, and
`definitions` finds the terms that they explain.
"""

from generators.sources.folder import Sources, read_sources
from generators.sources.index import Question, SourceIndex, deal
from generators.sources.passages import Passage, sentences_of

__all__ = ["Passage", "Question", "SourceIndex", "Sources", "deal", "read_sources", "sentences_of"]
