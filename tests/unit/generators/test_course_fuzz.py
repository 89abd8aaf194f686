"""Course folders of any names and contents: nothing but our own errors comes out, and every file has a verdict.

As in `test_brief_fuzz.py`, `make fuzz` is the long run.
"""

import json
import random
import tempfile
from collections.abc import Callable, Sequence
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
from tests.unit.generators.test_brief_fuzz import KEYS, MARKDOWN_PIECES, fuzz

FOLDERS = ("", "", "aulas", "Módulo 1 - Luz", "modulo-2", "Week1", "01-agua", "01 - A", "01.02 - B", "docs", "content", "es", "pt-br",
     "translations/es", "themes/t/exampleSite", "episodes", "Unidad 3", "soluciones", "_episodes", "units/en", "🌱 Sol")  # fmt: skip
STEMS = ("README", "index", "aula-01", "aula1", "1.1-luz", "1.2-agua", "2.1 sol", "Aula 2.10 - Mar", "4A", "4B", "03-11-24", "quiz",
     "08-quiz-no-balcao", "MOC", "exercicios", "conteudo", "lesson", "curriculum", "COURSE-BRIEF", "_category_", "template",
     "2024-03-01-nota", "Semana 2", "unit 1 final quiz", "01_slides", "SUMMARY", "course-outline", "é", "e\u0301", "1" * 40)  # fmt: skip
SUFFIXES = (".md", ".md", ".md", ".mdx", ".ipynb", ".html", ".rst", ".adoc", ".txt", ".yaml", ".json", ".vtt")
SITES = ("mkdocs.yml", "_toctree.yml", "docs/_toc.yml", "myst.yml", "_quarto.yml", "_bookdown.yml", "config.yaml", "_config.yml",
     "book.toml", "hugo.toml", "src/SUMMARY.md", "SUMMARY.md", "_sidebar.md", "_data/navigation.yml", "meta.json", "_meta.json",
     "docs/.vitepress/config.ts", "book.json", "sidebars.json", "sidebars.js", "docusaurus.config.js", "astro.config.mjs",
     "index.rst", "index.md", "toc.yml", "antora.yml", "aulas/_category_.json")  # fmt: skip
LINKS = ("aulas/aula-01.md", "aula-01", "1.1-luz.md", "../README.md", "/index", "modulo-2/", "es/aula1", "http://a.b/c")
SITE_KEYS = (
    "nav", "title", "sections", "chapters", "local", "items", "children", "parts", "part", "file", "contents",
    "site_name", "docs_dir", "project", "toc", "book", "website", "sidebar", "episodes", "label", "link", "position",
    "Módulo 1", "pages", "slug", "docs", "rmd_files", "html",
)  # fmt: skip
SITE_PIECES = ("# Curso\n", "## Parte 1\n", "- [Luz](aulas/aula-01.md)\n", "  * [[aula-01|Luz]]\n", "1. xref:1.1-luz.adoc[Luz]\n", "---\n",
     "```{toctree}\n", ":caption: A\n", ".. toctree::\n\n", "   aula-01\n", "   Luz <aulas/aula-01>\n", "```\n", "Luz\n===\n",
     "module.exports = {", "sidebar: [", "export default {", "'a': [", "'aulas/aula-01',", "}", "]", "{", "// a\n",
     "/*", "title: 'Curso de luz',",
     "[book]\ntitle = 'Luz'\n", 'title = "a"\n', '{"pages": [', '"aula-01"', "!!python/name:x\n", "nav:\n", "  - A: aulas/aula-01.md\n")  # fmt: skip
SEEDS = st.integers(min_value=0, max_value=2**48)


class _Drawn:
    """Names and texts drawn by one seed: hypothesis would need longer for a text than the readers."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def path(self) -> PurePosixPath:
        return PurePosixPath(self._one(FOLDERS), self._one(STEMS) + self._one(SUFFIXES))

    def files(self, most: int) -> dict[PurePosixPath, str]:
        return {self.path(): self.text() for _ in range(self._chance.randint(0, most))}

    def site(self) -> tuple[PurePosixPath, str]:
        return PurePosixPath(self._one(SITES)), self.contents()

    def suffix(self) -> str:
        return str(self._one(SUFFIXES))

    def text(self) -> str:
        match self._chance.randrange(6):
            case 0:
                return self.contents()
            case 1:
                return json.dumps({"cells": self._tree(KEYS, 3)})
            case 2:
                return self.yaml(KEYS)
            case 3:
                return f"---\n{self.yaml(KEYS)}---\n# Aula 1: A\n{self._pieces(MARKDOWN_PIECES)}"
            case _:
                return self._pieces(MARKDOWN_PIECES)

    def contents(self) -> str:
        match self._chance.randrange(4):
            case 0:
                return json.dumps(self._tree(SITE_KEYS, 4))
            case 1:
                return self.yaml(SITE_KEYS)
            case 2:
                return f"module.exports = {json.dumps(self._tree(SITE_KEYS, 4))}"
            case _:
                return self._pieces(SITE_PIECES)

    def yaml(self, keys: Sequence[str]) -> str:
        return str(yaml.safe_dump(self._tree(keys, 4), allow_unicode=True))

    def answer(self, brief: str) -> str:
        """What a model might say: JSON or none, quotes of the brief or others."""
        start = self._chance.randrange(len(brief) + 1)
        quote = brief[start : start + self._chance.randint(0, 40)]
        fields = ("title", "instructor", "duration_hours", "level", "price", "objectives")
        told = {self._one(fields): self._one((quote, [quote, "x"], 3, None, "Vela")) for _ in range(3)}
        return str(self._one((json.dumps(told), quote, json.dumps(self._tree(KEYS, 2)))))

    def _one(self, values: Sequence[Any]) -> Any:
        return self._chance.choice(values)

    def _pieces(self, pieces: Sequence[str]) -> str:
        odd = "".join(
            chr(self._chance.choice((self._chance.randrange(0x20, 0x7F), self._chance.randrange(0x2FFF))))
            for _ in range(6)
        )
        return "".join(self._one((*pieces, odd)) for _ in range(self._chance.randint(0, 40)))

    def _tree(self, keys: Sequence[str], depth: int) -> Any:
        kind = self._chance.randrange(5) if depth else 0
        if kind in {1, 2}:
            return [self._tree(keys, depth - 1) for _ in range(self._chance.randint(0, 4))]
        if kind:
            return {self._one(keys): self._tree(keys, depth - 1) for _ in range(self._chance.randint(0, 4))}
        return self._one(
            (*LINKS, None, True, self._chance.randint(-3, 10**7), "2.10", "25 min", "1e999", "Luz", "", 0.5)
        )


def _error_of(read: Callable[[], object]) -> str:
    try:
        read()
    except GeneratorError as exc:
        return str(exc)
    return ""


def _decoded(path: PurePosixPath, text: str) -> TextFile:
    return decode_file(Path("/nowhere") / path, text.encode("utf-8", "replace"))


@fuzz
@given(SEEDS)
def test_any_folder_is_a_course_or_our_error(seed: int) -> None:
    """Names that mean something, contents that fit or do not, and a table of contents of any shape."""
    drawn = _Drawn(seed)
    files = {}
    for path, text in [*drawn.files(9).items(), drawn.site()]:
        with suppress(GeneratorError):
            files[path] = _decoded(path, text)
    course = course_of(Path("/nowhere/curso"), files)
    assert {lesson.relative for lesson in course.lessons} <= set(files)
    assert set(course.verdicts) == set(files)


@fuzz
@given(SEEDS, st.binary(max_size=40))
def test_any_folder_on_disk_is_searched_and_explained(seed: int, odd: bytes) -> None:
    """The search for courses ends in folders that can be read, or in one line that says what was seen."""
    texts = {path: text.encode("utf-8", "replace") for path, text in _Drawn(seed).files(7).items()}
    texts[PurePosixPath("aulas/09-resto.md")] = odd
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        for path, data in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        said = _error_of(lambda: [_error_of(partial(read_course, place)) for place in find_courses(root)])
        assert "\n" not in said
        assert {root / path for path in explain_folder(root)} <= {root / path for path in texts}


@fuzz
@given(SEEDS)
def test_the_top_of_any_page_is_read(seed: int) -> None:
    """Whatever language its suffix says that it is written in."""
    drawn = _Drawn(seed)
    text = drawn.text()
    with tempfile.TemporaryDirectory() as name:
        page = Path(name) / f"page{drawn.suffix()}"
        page.write_bytes(text.encode("utf-8", "replace"))
        with suppress(GeneratorError):
            assert len(read_head(read_page(page)).heading) <= len(text)


@fuzz
@given(SEEDS, st.binary(max_size=100))
def test_an_edited_curriculum_is_read_back_or_told(seed: int, odd: bytes) -> None:
    """A curriculum.yaml of our own shape, edited into anything."""
    for data in (odd, _Drawn(seed).yaml(KEYS).encode()):
        assert "curriculum.yaml" in (_error_of(partial(load_curriculum, data)) or "curriculum.yaml")


@fuzz
@given(SEEDS)
def test_any_answer_of_a_model_invents_nothing(seed: int) -> None:
    """What a model quotes for an open field stands in the brief, or it is dropped."""
    drawn = _Drawn(seed)
    text = drawn.text()
    answer = drawn.answer(text)

    def prompt(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(text=lambda: answer)

    with suppress(GeneratorError):
        file = _decoded(PurePosixPath("brief.md"), text)
        brief = parse_brief(file)
        filled = fill_open_fields(brief, file, SimpleNamespace(prompt=prompt))
        for objective in set(filled.objectives) - set(brief.objectives):
            assert objective in " ".join(file.text.split())


@fuzz
@given(SEEDS)
def test_any_source_becomes_passages(seed: int) -> None:
    """Notes, transcripts, notebooks and pages: no text is too odd to be cut into blocks."""
    text = _Drawn(seed).text()
    with suppress(GeneratorError):
        for blocks in (markdown_blocks, spoken_blocks, timed_blocks, notebook_blocks, html_blocks):
            list(blocks(text))
