from generators.reading.markdown.document import Document, read_document
from generators.reading.markdown.entry import Entry
from generators.reading.markdown.frontmatter import Frontmatter, split_frontmatter
from generators.reading.markdown.line import Line

__all__ = ["Document", "Entry", "Frontmatter", "Line", "read_document", "split_frontmatter"]
