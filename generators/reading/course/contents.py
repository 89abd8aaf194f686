"""The table of contents that a site states about itself: order, modules and titles of its pages.

Every generator writes a tree of titles and pages, only under other keys: one reader takes them all (`_entries`). What
differs is where the tree stands and from which folder its paths count; that is the table `_READERS`. Books written in
Markdown lists (`SUMMARY.md`, a sidebar, a map of notes) and toctree directives are read by line.
"""

import json
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from generators.languages import fold
from generators.reading.course.tree import PAGE_SUFFIXES
from generators.reading.placeholder import scalar
from generators.reading.yaml import YamlFault, load_all

_TITLES = ("title", "label", "caption", "part", "section", "text", "name", "header", "titulo", "chapter", "group")
_PATHS = (
    "local", "file", "link", "url", "href", "path", "to", "slug", "id", "doc", "page", "part", "section", "chapter",
)  # fmt: skip
_CHILDREN = (
    "sections", "chapters", "contents", "children", "items", "pages", "docs", "parts", "subfolderitems", "entries",
    "lessons", "nav", "toc",
)  # fmt: skip
_INDEXES = ("/index.md", "/readme.md", "/index.mdx", "/_index.md", "/index.qmd", "/index.rst")
_MAX_DEPTH = 12
_MAX_ENTRIES = 5_000
_LINK = re.compile(
    r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\]){1,300})\]\(<?([^()<>\s]{1,400}(?:\([^()\s]*\)[^()<>\s]*)?)>?[^()]*\)"
)
_WIKI = re.compile(r"(?<!!)\[\[([^\[\]|#]{1,300})(?:#[^\[\]|]*)?(?:\|([^\[\]]{1,300}))?\]\]")
_XREF = re.compile(r"xref:([^\[\]\s]{1,300})\[([^\[\]]{0,300})\]")
_ITEM = re.compile(r"^(\s*)(?:[-+*]|\d{1,3}[.)]|(\*{2,6}))\s+(?:\[[ xX]\]\s+)?(.*)$")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_COMMENT = re.compile(r"<!--.*?-->|^[ \t]*\[(?:comment|//)\]:[^\n]*", re.DOTALL | re.MULTILINE)
_DIRECTIVE = re.compile(r"^(\s*)(?:\.\. toctree::|[`:~]{3,}\s*\{toctree\}|[`:~]{3,}\s*\{tableofcontents\})\s*(.*)$")
_SPHINX_ENTRY = re.compile(r"^(.*?)\s*<([^<>]+)>$")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a table of contents: a page, a section, or both."""

    title: str
    path: PurePosixPath | None = None
    children: tuple["Entry", ...] = ()

    @property
    def pages(self) -> Iterator["Entry"]:
        """It and everything below it that is a page, in order."""
        if self.path is not None:
            yield self
        for child in self.children:
            yield from child.pages


@dataclass(frozen=True, slots=True)
class Contents:
    """A table of contents.

    Attributes:
        source: the file that states it.
        is_book: what it lists is there to be read from front to back; a site's menu lists other pages as well.
    """

    source: PurePosixPath
    title: str | None
    entries: tuple[Entry, ...]
    is_book: bool = False

    @property
    def pages(self) -> tuple[Entry, ...]:
        return tuple(page for entry in self.entries for page in entry.pages)


class Pages:
    """Finds the file that a link of a table of contents means.

    Args:
        files: of the course, relative to its folder.
        text: the text of a file; None where it cannot be read.
    """

    def __init__(self, files: Iterable[PurePosixPath], text: Callable[[PurePosixPath], str | None]) -> None:
        self.text = text
        self.files = {_key(path): path for path in files}
        self._stems: dict[str, list[PurePosixPath]] = {}
        self._addresses: dict[str, set[PurePosixPath]] = {}
        for path in self.files.values():
            if path.suffix.casefold() in PAGE_SUFFIXES:
                self._stems.setdefault(_key(PurePosixPath(path.stem)), []).append(path)
                for bare in (False, True):
                    self._addresses.setdefault(_address(path.with_suffix(""), bare=bare), set()).add(path)

    def find(self, base: PurePosixPath, link: str) -> PurePosixPath | None:
        """The page that a link from a folder means: with or without suffix, a folder for its index."""
        plain = unquote(re.sub(r"\\(?=[_\W])", "", link).split("#", 1)[0].split("?", 1)[0]).strip()
        if not plain or "://" in plain or plain.startswith("mailto:"):
            return None
        target = _normal(base / plain.lstrip("/")) if not plain.startswith("/") else _normal(base / plain[1:])
        if target is None:
            return None
        key = _key(target)
        stems = [key] if not key.endswith(".html") else [key, key[:-5]]
        tails = ("", *PAGE_SUFFIXES, *_INDEXES) if not plain.endswith("/") else (*_INDEXES, *PAGE_SUFFIXES)
        for stem in stems:
            for tail in tails:
                found = self.files.get(f"{stem}{tail}".strip("/"))
                if found is not None and found.suffix.casefold() in PAGE_SUFFIXES:
                    return found
        # What holds a blank is a title: `Week 1` does not lead to `week-1.md`.
        named = set() if " " in plain else self._addresses.get(_address(target, bare=False), set())
        return next(iter(named)) if len(named) == 1 else None

    def by_stem(self, name: str) -> PurePosixPath | None:
        """The note that a wiki link names, if there is only one."""
        target = PurePosixPath(name.strip())
        exact = self.files.get(_key(target)) or self.files.get(f"{_key(target)}.md")
        found = self._stems.get(_key(PurePosixPath(target.name)), [])
        return exact or (found[0] if len(found) == 1 else None)

    def inside(self, folder: PurePosixPath) -> list[PurePosixPath]:
        """Pages at or below a folder, by name."""
        lead = f"{_key(folder)}/"
        found = [path for key, path in self.files.items() if key.startswith(lead)]
        return sorted(path for path in found if path.suffix.casefold() in PAGE_SUFFIXES)


def contents_in(pages: Pages) -> list[Contents]:
    """Every table of contents that the files state, those of the outermost folders first."""
    found = []
    for path in sorted(pages.files.values(), key=lambda path: (len(path.parts), path)):
        reader = _READERS.get(path.name.casefold())
        if reader is None and path.suffix == ".adoc" and path.stem.startswith("nav"):
            reader = _summary
        if reader is not None and (text := pages.text(path)) is not None:
            contents = reader(pages, path, text)
            if contents is not None and (contents.title or contents.entries):
                found.append(contents)
    return found


def linked(pages: Pages, path: PurePosixPath) -> Contents | None:
    """The pages that a map of notes or a README links to, under its headings."""
    text = pages.text(path)
    return _summary(pages, path, text) if text is not None else None


def _entries(pages: Pages, base: PurePosixPath, value: Any, depth: int = 0) -> tuple[Entry, ...]:
    """Entries of any tree of titles and pages."""
    if depth > _MAX_DEPTH:
        return ()
    if isinstance(value, dict):
        if not any(key in value for key in (*_CHILDREN, *_PATHS, *_TITLES)):
            return tuple(entry for key, inner in value.items() for entry in _named(pages, base, str(key), inner, depth))
        return _entry(pages, base, value, depth)
    if isinstance(value, list):
        return tuple(entry for item in value[:_MAX_ENTRIES] for entry in _entries(pages, base, item, depth + 1))
    if isinstance(value, str) and (path := pages.find(base, value)) is not None:
        return (Entry("", path),)
    return ()


def _named(pages: Pages, base: PurePosixPath, title: str, value: Any, depth: int) -> tuple[Entry, ...]:
    if isinstance(value, str):
        path = pages.find(base, value)
        return (Entry(title, path),) if path is not None else ()
    children = _entries(pages, base, value, depth + 1)
    if len(children) > 1 and not children[0].title and children[0].path and _is_index(children[0].path):
        return (Entry(title, children[0].path, children[1:]),)  # an index without a label is the section's own page
    return (Entry(title, None, children),) if children else ()


def _entry(pages: Pages, base: PurePosixPath, value: dict[Any, Any], depth: int) -> tuple[Entry, ...]:
    children = tuple(
        entry for key in _CHILDREN if key in value for entry in _entries(pages, base, value[key], depth + 1)
    )
    generated = _at(value, "autogenerate", "directory") or value.get("dirName")
    if isinstance(generated, str) and (place := _normal(base / generated)) is not None:
        children += tuple(Entry("", path) for path in pages.inside(place))
    link = value.get("link")
    links = [link.get("id")] if isinstance(link, dict) else []
    links += [value.get(key) for key in _PATHS]
    path = next((found for one in links if isinstance(one, str) and (found := pages.find(base, one)) is not None), None)
    titles = [text for key in _TITLES if (text := scalar(value.get(key)))]
    title = next((text for text in titles if (found := pages.find(base, text)) is None or found != path), "")
    if path is None and not children:
        return ()
    if not title and path is None:
        return children
    return (Entry(title or "", path, children),)


def _yaml(text: str, *keys: str) -> dict[str, Any]:
    """The mapping of a YAML file; of one that holds tags or aliases the blocks of some keys at least."""
    try:
        documents = load_all(text)
    except YamlFault:
        documents = []
        for key in keys:
            block = re.search(rf"^{key}\s*:.*\n(?:(?:[ \t-].*|#.*)?\n)*", text + "\n", re.MULTILINE)
            try:
                documents.append({} if block is None else load_all(block[0])[0])
            except (YamlFault, IndexError):
                continue
        return {key: value for document in documents if isinstance(document, dict) for key, value in document.items()}
    if documents and isinstance(documents[0], list):
        return {"": documents[0]}
    return documents[0] if documents and isinstance(documents[0], dict) else {}


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _mkdocs(pages: Pages, path: PurePosixPath, text: str) -> Contents | None:
    config = _yaml(text, "site_name", "docs_dir", "nav")
    base = path.parent / (scalar(config.get("docs_dir")) or "docs")
    return Contents(path, scalar(config.get("site_name")), _entries(pages, base, config.get("nav")))


def _tree(pages: Pages, path: PurePosixPath, text: str) -> Contents | None:
    """`_toctree.yml`, `_toc.yml`, `myst.yml`: a book whose file is little more than its tree."""
    config = _yaml(text)
    project = config.get("project") if isinstance(config.get("project"), dict) else config
    tree = _at(project, "toc") or [config.get(key) for key in ("", "parts", "chapters", "sections") if key in config]
    return Contents(path, scalar(_at(project, "title")), _entries(pages, path.parent, tree), is_book=True)


def _quarto(pages: Pages, path: PurePosixPath, text: str) -> Contents | None:
    config = _yaml(text, "book", "website")
    book, site = config.get("book"), config.get("website")
    title = scalar(_at(book, "title")) or scalar(_at(site, "title"))
    if _at(book, "chapters"):
        return Contents(path, title, _entries(pages, path.parent, _at(book, "chapters")), is_book=True)
    sidebar = _at(site, "sidebar")
    return Contents(path, title, _entries(pages, path.parent, sidebar))


def _bookdown(pages: Pages, path: PurePosixPath, text: str) -> Contents | None:
    files = _yaml(text, "rmd_files").get("rmd_files")
    listed = files if isinstance(files, list) else _at(files, "html")
    return Contents(path, None, _entries(pages, path.parent, listed), is_book=True)


def _carpentries(pages: Pages, path: PurePosixPath, text: str) -> Contents | None:
    """`config.yaml` of a Carpentries lesson, `_config.yml` of Jekyll, `config.yml` of Hugo."""
    config = _yaml(text, "title", "episodes", "episode_order")
    listed = config.get("episodes") or config.get("episode_order")
    entries: tuple[Entry, ...] = ()
    for folder in ("episodes", "_episodes", "_episodes_rmd"):
        entries = entries or _entries(pages, path.parent / folder, listed if isinstance(listed, list) else None)
    return Contents(path, scalar(config.get("title")), entries, is_book=True)


def _toml_title(_: Pages, path: PurePosixPath, text: str) -> Contents | None:
    try:
        config = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    title = scalar(_at(config, "book", "title")) or scalar(config.get("title"))
    return Contents(path, title, (), is_book=path.name == "book.toml")


def _data(pages: Pages, path: PurePosixPath, text: str) -> Contents | None:
    """`_data/navigation.yml` and the like of Jekyll; `sidebars.json`; `book.json`."""
    base = path.parent.parent if path.parent.name == "_data" else path.parent
    value = _json(text) if path.suffix == ".json" else _yaml(text)
    return Contents(
        path, None, _entries(pages, base, value.get("") if isinstance(value, dict) and "" in value else value)
    )


def _meta(pages: Pages, path: PurePosixPath, _: str) -> Contents | None:
    """`_meta.json` of Nextra, `meta.json` of Fumadocs, `.pages` of MkDocs: one file a folder, its order."""
    if any(pages.files.get(_key(parent / path.name)) for parent in path.parents if parent != path.parent):
        return None  # the outermost leads to it
    return Contents(path, None, _folder_entries(pages, path.parent, path.name, 0))


def _folder_entries(pages: Pages, folder: PurePosixPath, meta: str, depth: int) -> tuple[Entry, ...]:
    value = _value_of(pages, folder / meta)
    listed = value.get("pages", value.get("nav", value)) if isinstance(value, dict) else None
    names = list(listed) if isinstance(listed, list | dict) else []
    inside = pages.inside(folder)
    stated = [name for name in names if isinstance(name, str)] or sorted(
        {p.relative_to(folder).parts[0] for p in inside}
    )
    entries = []
    for name in stated:
        title = listed.get(name) if isinstance(listed, dict) else None
        shown = scalar(title) or scalar(_at(title, "title")) or ""
        path = pages.find(folder, name)
        below = folder / name
        if pages.inside(below) and depth < _MAX_DEPTH:
            children = _folder_entries(pages, below, meta, depth + 1)
            entries.append(Entry(shown or scalar(_at(_value_of(pages, below / meta), "title")) or name, None, children))
        elif path is not None:
            entries.append(Entry(shown, path))
    return tuple(entries)


def _value_of(pages: Pages, path: PurePosixPath) -> Any:
    own = pages.files.get(_key(path))
    text = (pages.text(own) or "") if own is not None else ""
    return _json(text) if path.suffix == ".json" else _yaml(text)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _script(pages: Pages, path: PurePosixPath, text: str) -> Contents | None:
    """A configuration written in JavaScript: its title, and the tree of its sidebar."""
    title = re.search(r"\btitle\s*:\s*(?:'([^'\n]{1,200})'|\"([^\"\n]{1,200})\")", text)
    name = next((part for part in title.groups() if part), None) if title else None
    is_sidebar = path.stem.startswith("sidebars")
    start = re.search(r"\bsidebars?\s*(?::\s*[\w.]+\s*=|[:=])\s*(?=[\[{])", text)
    if start is None and is_sidebar:
        start = re.search(r"module\.exports\s*=\s*(?=\{)|export default\s*(?=\{)", text)
    if start is None:
        return Contents(path, None if is_sidebar else name, ())
    tree = _Literal(text, start.end()).value()
    trees = list(tree.values()) if isinstance(tree, dict) else [tree]
    best: tuple[Entry, ...] = ()
    for base in (path.parent / "docs", path.parent / "src/content/docs", path.parent.parent, path.parent):
        best = best or _entries(pages, base, trees)
    return Contents(path, None if is_sidebar else name, best)


def _vite(pages: Pages, path: PurePosixPath, text: str) -> Contents | None:
    """The configuration of VitePress or VuePress, in a folder of its own."""
    return _script(pages, path, text) if path.parent.name in {".vitepress", ".vuepress"} else None


class _Literal:
    """Reads a JavaScript literal; what is code in it becomes None."""

    _TOKEN = re.compile(
        r"\s+|//[^\n]*|/\*.*?\*/|(?P<string>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`)"
        r"|(?P<word>[\w$.]+)|(?P<sign>.)",
        re.DOTALL,
    )

    def __init__(self, text: str, start: int) -> None:
        tokens = self._TOKEN.finditer(text[start : start + 200_000])
        self._tokens = [(m.lastgroup, m[0]) for m in tokens if m.lastgroup]
        self._next = 0

    def value(self, depth: int = 0) -> Any:
        kind, text = self._take()
        if kind == "string":
            return text[1:-1]
        if text in "[{" and depth < _MAX_DEPTH * 2:
            return self._list(depth) if text == "[" else self._object(depth)
        return None

    def _take(self) -> tuple[str | None, str]:
        self._next += 1
        return self._tokens[self._next - 1] if self._next <= len(self._tokens) else (None, "]")

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def _skip_to(self, ends: str) -> None:
        """Go to the end of a value that is code."""
        nested = 0
        while self._peek() and (nested or self._peek() not in ends):
            nested += (self._peek() in "([{") - (self._peek() in ")]}")
            self._next += 1

    def _list(self, depth: int) -> list[Any]:
        items = []
        while self._peek() not in {"]", ""}:
            items.append(self.value(depth + 1))
            self._skip_to(",]")
            if self._peek() == ",":
                self._next += 1
        self._next += 1
        return items

    def _object(self, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while self._peek() not in {"}", ""}:
            kind, key = self._take()
            if self._peek() == ":":
                self._next += 1
                values[key[1:-1] if kind == "string" else key] = self.value(depth + 1)
            self._skip_to(",}")
            if self._peek() == ",":
                self._next += 1
        self._next += 1
        return values


def _summary(pages: Pages, path: PurePosixPath, text: str) -> Contents | None:
    """A table of contents in Markdown or AsciiDoc: headings are sections, nested items chapters."""
    sections: list[tuple[int, str, list[tuple[int, Entry]]]] = [(0, "", [])]
    title = None
    for line in _COMMENT.sub("", text).splitlines()[:_MAX_ENTRIES]:
        if heading := _HEADING.match(line):
            level, words = len(heading[1]), _plain(heading[2])
            if level == 1 and title is None and not sections[-1][2]:
                title = words
            sections.append((level, words, []))
        elif re.match(r"^\s*(?:-{3,}|\*{3,})\s*$", line):
            sections.append((0, "", []))
        else:
            sections[-1][2].extend(_line_entries(pages, path.parent, line))
    entries: list[Entry] = []
    for _, name, flat in sections:
        nested = _nested(flat)
        if (name and name != title and nested) or (
            name and name == title and len([s for s in sections if s[2]]) > 1 and sections[1][1] != name
        ):
            entries.append(Entry(name, None, nested))
        else:
            entries.extend(nested)
    generic = {"summary", "sumario", "table of contents", "indice", "contents", "conteudo", "resumen"}
    named = title if title and fold(title) not in generic else None
    return Contents(path, named, tuple(entries), is_book=path.name.casefold() == "summary.md")


def _line_entries(pages: Pages, base: PurePosixPath, line: str) -> Iterator[tuple[int, Entry]]:
    item = _ITEM.match(line)
    depth = (len(item[2]) if item[2] else len(item[1].expandtabs(4))) if item else 0
    found = False
    for text, link in _LINK.findall(line):
        if (path := pages.find(base, link)) is not None:
            found = True
            yield depth, Entry(_plain(text), path)
    for name, alias in _WIKI.findall(line):
        if (path := pages.by_stem(name)) is not None:
            found = True
            yield depth, Entry(_plain(alias or ""), path)
    for link, text in _XREF.findall(line):
        if (path := pages.find(base, link) or pages.find(base.joinpath("pages"), link)) is not None:
            found = True
            yield depth, Entry(_plain(text), path)
    if item and not found and item[3].strip():
        yield depth, Entry(_plain(_LINK.sub(r"\1", item[3])))


def _nested(flat: list[tuple[int, Entry]]) -> tuple[Entry, ...]:
    """Nest the items of a list by their indentation; items that lead to no page are kept as sections only."""
    top: list[Entry] = []
    index = 0
    while index < len(flat):
        depth, entry = flat[index]
        end = index + 1
        while end < len(flat) and flat[end][0] > depth:
            end += 1
        children = _nested(flat[index + 1 : end]) if end - index > 1 else ()
        if entry.path is not None or children:
            top.append(replace(entry, children=children))
        index = end
    return tuple(top)


def _plain(text: str) -> str:
    return re.sub(r"<[^<>]{0,200}>", "", re.sub(r"[`*]", "", text)).strip().rstrip(":").strip()


def _sphinx(pages: Pages, path: PurePosixPath, text: str, depth: int = 0) -> Contents | None:
    """`index.rst` or `index.md` with toctree directives, and the indexes that they lead to."""
    if "toctree" not in text or depth > 4:  # noqa: PLR2004
        return None
    lines = text.splitlines()
    entries: list[Entry] = []
    for number, line in enumerate(lines):
        if directive := _DIRECTIVE.match(line):
            entries.extend(_toctree(pages, path, lines[number + 1 :], len(directive[1]), depth))
    heading = re.search(r"^#\s+(.+)$|^(\S[^\n]*)\n[=#*]{3,}\s*$", text, re.MULTILINE)
    title = next((part for part in heading.groups() if part), None) if heading else None
    return Contents(path, _plain(title) if title else None, tuple(entries), is_book=False)


def _toctree(pages: Pages, path: PurePosixPath, lines: list[str], indent: int, depth: int) -> list[Entry]:
    caption, found = "", []
    for line in lines:
        if re.match(r"^\s*[`:~]{3,}\s*$", line) or (line.strip() and len(line) - len(line.lstrip()) < indent):
            break
        if line.strip() and indent == len(line) - len(line.lstrip()) and not lines_are_fenced(lines):
            break
        text = line.strip()
        if option := re.match(r"^:(\w+):\s*(.*)$", text):
            caption = option[2] if option[1] == "caption" else caption
        elif text:
            named = _SPHINX_ENTRY.match(text)
            target = pages.find(path.parent, named[2] if named else text)
            if target is not None:
                inner = _sphinx(pages, target, pages.text(target) or "", depth + 1)
                found.append(Entry(named[1] if named else "", target, inner.entries if inner else ()))
    return [Entry(caption, None, tuple(found))] if caption and found else found


def lines_are_fenced(lines: list[str]) -> bool:
    """Whether a directive is closed by a fence, so that what it lists need not be indented."""
    return any(re.match(r"^\s*[`:~]{3,}\s*$", line) for line in lines)


def _is_index(path: PurePosixPath) -> bool:
    return path.stem.casefold() in {"index", "readme", "_index"}


def _key(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", path.as_posix()).casefold()


def _address(path: PurePosixPath, *, bare: bool) -> str:
    """Where a site serves a page: without the signs that its name holds; bare: without the numbers that only sort."""
    parts = [re.sub(r"^\d+[-_. ]+(?=\D)", "", part) if bare else part for part in path.parts]
    return "/".join(re.sub(r"[^\w-]", "", _key(PurePosixPath(part)).replace(" ", "-")) for part in parts)


def _normal(path: PurePosixPath) -> PurePosixPath | None:
    """Without `.` and `..`; None if it leads out of the folder."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {".", "/"}:
            parts.append(part)
    return PurePosixPath(*parts)


_NAMES: tuple[tuple[Callable[[Pages, PurePosixPath, str], Contents | None], str], ...] = (
    (_mkdocs, "mkdocs.yml mkdocs.yaml"),
    (_tree, "_toctree.yml _toctree.yaml _toc.yml _toc.yaml myst.yml"),
    (_quarto, "_quarto.yml _quarto.yaml"),
    (_bookdown, "_bookdown.yml"),
    (_carpentries, "config.yaml config.yml _config.yml _config.yaml hugo.yaml antora.yml"),
    (_toml_title, "book.toml config.toml hugo.toml"),
    (_summary, "summary.md _sidebar.md"),
    (_data, "toc.yml navigation.yml nav.yml sidebar.yml book.json sidebars.json"),
    (_meta, "meta.json _meta.json .pages"),
    (_vite, "config.js config.ts config.mjs config.mts"),
    (_script, "sidebars.js sidebars.ts docusaurus.config.js docusaurus.config.ts docusaurus.config.mjs"),
    (_script, "astro.config.mjs astro.config.ts"),
    (_sphinx, "index.rst index.md"),
)  # fmt: skip
_READERS = {name: reader for reader, names in _NAMES for name in names.split()}
