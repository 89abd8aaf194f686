from generators.markdown.document import Document, read_document
from generators.markdown.entry import Entry
from generators.markdown.frontmatter import Frontmatter, split_frontmatter
from generators.markdown.line import Line

__all__ = ["Document", "Entry", "Frontmatter", "Line", "read_document", "split_frontmatter"]
