"""Course folders of any names and contents: nothing but our own errors comes out, and every file has a verdict.

As in `test_brief_fuzz.py`, `READER_FUZZ_EXAMPLES=50000` makes it the long run.
"""

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from generators.errors import GeneratorError
from generators.reading.brief import parse_brief
from generators.reading.brief.model_reader import fill_open_fields
from generators.reading.course import course_of, explain_folder, find_courses, read_course
from generators.reading.course.page import read_head, read_page
from generators.reading.curriculum.own_file import load_curriculum
from generators.reading.text import TextFile, decode_file
from generators.sources.passages import html_blocks, markdown_blocks, notebook_blocks, spoken_blocks, timed_blocks
from tests.unit.test_brief_fuzz import MARKDOWN, YAML_VALUES, fuzz

FOLDERS = st.sampled_from(
    ["", "", "aulas", "Módulo 1 - Luz", "modulo-2", "Week1", "01-agua", "01 - A", "01.02 - B", "docs", "content", "es", "pt-br",
     "translations/es", "themes/t/exampleSite", "episodes", "Unidad 3", "soluciones", "_episodes", "units/en", "🌱 Sol"]
)  # fmt: skip
STEMS = st.sampled_from(
    ["README", "index", "aula-01", "aula1", "1.1-luz", "1.2-agua", "2.1 sol", "Aula 2.10 - Mar", "4A", "4B", "03-11-24", "quiz",
     "08-quiz-no-balcao", "MOC", "exercicios", "conteudo", "lesson", "curriculum", "COURSE-BRIEF", "_category_", "template",
     "2024-03-01-nota", "Semana 2", "unit 1 final quiz", "01_slides", "SUMMARY", "course-outline", "é", "e\u0301", "1" * 40]
)  # fmt: skip
SUFFIXES = st.sampled_from(
    [".md", ".md", ".md", ".mdx", ".ipynb", ".html", ".rst", ".adoc", ".txt", ".yaml", ".json", ".vtt"]
)
SITES = st.sampled_from(
    ["mkdocs.yml", "_toctree.yml", "docs/_toc.yml", "myst.yml", "_quarto.yml", "_bookdown.yml", "config.yaml", "_config.yml",
     "book.toml", "hugo.toml", "src/SUMMARY.md", "SUMMARY.md", "_sidebar.md", "_data/navigation.yml", "meta.json", "_meta.json",
     "docs/.vitepress/config.ts", "book.json", "sidebars.json", "sidebars.js", "docusaurus.config.js", "astro.config.mjs",
     "index.rst", "index.md", "toc.yml", "antora.yml", "aulas/_category_.json"]
)  # fmt: skip
PATHS = st.builds(lambda folder, stem, suffix: PurePosixPath(folder, stem + suffix), FOLDERS, STEMS, SUFFIXES)
LINKS = st.sampled_from(
    ["aulas/aula-01.md", "aula-01", "1.1-luz.md", "../README.md", "/index", "modulo-2/", "es/aula1", "http://a.b/c"]
)
TREES = st.recursive(
    st.one_of(LINKS, st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["nav", "title", "sections", "chapters", "local", "items", "children", "parts", "part", "file", "contents",
                 "site_name", "docs_dir", "project", "toc", "book", "website", "sidebar", "episodes", "label", "link", "position",
                 "Módulo 1", "pages", "slug", "docs", "rmd_files", "html"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)  # fmt: skip
SITE_PIECES = st.sampled_from(
    ["# Curso\n", "## Parte 1\n", "- [Luz](aulas/aula-01.md)\n", "  * [[aula-01|Luz]]\n", "1. xref:1.1-luz.adoc[Luz]\n", "---\n",
     "```{toctree}\n", ":caption: A\n", ".. toctree::\n\n", "   aula-01\n", "   Luz <aulas/aula-01>\n", "```\n", "Luz\n===\n",
     "module.exports = {", "sidebar: [", "export default {", "'a': [", "'aulas/aula-01',", "}", "]", "{", "// a\n",
     "/*", "title: 'Curso de luz',",
     "[book]\ntitle = 'Luz'\n", 'title = "a"\n', '{"pages": [', '"aula-01"', "!!python/name:x\n", "nav:\n", "  - A: aulas/aula-01.md\n"]
)  # fmt: skip
SITE_TEXTS = st.one_of(
    TREES.map(json.dumps),
    TREES.map(lambda value: yaml.safe_dump(value, allow_unicode=True)),
    TREES.map(lambda value: f"module.exports = {json.dumps(value)}"),
    st.lists(st.one_of(SITE_PIECES, st.text(max_size=6)), max_size=25).map("".join),
)
YAML_TEXTS = YAML_VALUES.map(lambda value: yaml.safe_dump(value, allow_unicode=True))
TEXTS = st.one_of(
    MARKDOWN,
    SITE_TEXTS,
    YAML_TEXTS,
    YAML_TEXTS.map(lambda text: f"---\n{text}---\n# Aula 1: A\n"),
    YAML_VALUES.map(lambda value: json.dumps({"cells": value}, default=str)),
)
FILES = st.dictionaries(PATHS, TEXTS, max_size=9)


def _error_of(read: Callable[[], object]) -> str:
    try:
        read()
    except GeneratorError as exc:
        return str(exc)
    return ""


def _decoded(path: PurePosixPath, text: str) -> TextFile:
    return decode_file(Path("/nowhere") / path, text.encode("utf-8", "replace"))


@fuzz
@given(FILES, SITES, SITE_TEXTS)
def test_any_folder_is_a_course_or_our_error(texts: dict[PurePosixPath, str], site: str, contents: str) -> None:
    """Names that mean something, contents that fit or do not, and a table of contents of any shape."""
    files = {}
    for path, text in {**texts, PurePosixPath(site): contents}.items():
        with suppress(GeneratorError):
            files[path] = _decoded(path, text)
    course = course_of(Path("/nowhere/curso"), files)
    assert {lesson.relative for lesson in course.lessons} <= set(files)
    assert set(course.verdicts) == set(files)


@fuzz
@given(st.dictionaries(PATHS, st.one_of(TEXTS.map(str.encode), st.binary(max_size=40)), max_size=7))
def test_any_folder_on_disk_is_searched_and_explained(texts: dict[PurePosixPath, bytes]) -> None:
    """The search for courses ends in folders that can be read, or in one line that says what was seen."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        for path, data in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        said = _error_of(lambda: [_error_of(partial(read_course, place)) for place in find_courses(root)])
        assert "\n" not in said
        assert {root / path for path in explain_folder(root)} <= {root / path for path in texts}


@fuzz
@given(SUFFIXES, TEXTS)
def test_the_top_of_any_page_is_read(suffix: str, text: str) -> None:
    """Whatever language its suffix says that it is written in."""
    with tempfile.TemporaryDirectory() as name:
        page = Path(name) / f"page{suffix}"
        page.write_bytes(text.encode("utf-8", "replace"))
        with suppress(GeneratorError):
            assert len(read_head(read_page(page)).heading) <= len(text)


@fuzz
@given(st.one_of(st.binary(max_size=300), YAML_TEXTS.map(str.encode)))
def test_an_edited_curriculum_is_read_back_or_told(data: bytes) -> None:
    """A curriculum.yaml of our own shape, edited into anything."""
    assert "curriculum.yaml" in (_error_of(lambda: load_curriculum(data)) or "curriculum.yaml")


@fuzz
@given(MARKDOWN, st.one_of(st.text(max_size=60), YAML_VALUES.map(lambda value: json.dumps(value, default=str))))
def test_any_answer_of_a_model_invents_nothing(text: str, answer: str) -> None:
    """What a model quotes for an open field stands in the brief, or it is dropped."""

    def prompt(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(text=lambda: answer)

    with suppress(GeneratorError):
        file = _decoded(PurePosixPath("brief.md"), text)
        brief = parse_brief(file)
        filled = fill_open_fields(brief, file, SimpleNamespace(prompt=prompt))
        for objective in set(filled.objectives) - set(brief.objectives):
            assert objective in " ".join(file.text.split())


@fuzz
@given(TEXTS)
def test_any_source_becomes_passages(text: str) -> None:
    """Notes, transcripts, notebooks and pages: no text is too odd to be cut into blocks."""
    with suppress(GeneratorError):
        for blocks in (markdown_blocks, spoken_blocks, timed_blocks, notebook_blocks, html_blocks):
            list(blocks(text))
