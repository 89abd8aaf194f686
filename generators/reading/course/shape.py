"""Lessons by the shape of the folder: which pages and folders have a place in a series, and what speaks against it."""

import re
from collections import Counter
from pathlib import PurePosixPath

from generators.languages import fold, vocabulary
from generators.reading.course.contents import linked
from generators.reading.course.folders import (
    FEW_CHARACTERS,
    INDEX_STEMS,
    ROOT_STEMS,
    Folder,
    Found,
    Seen,
    Verdict,
    index_rank,
    is_named_place,
    suffix_rank,
)
from generators.reading.course.name import Name, names_lesson, read_name
from generators.reading.course.tree import PAGE_SUFFIXES, SITE_FILES, YAML_SUFFIXES
from generators.reading.course.words import (
    EITHER,
    LESSON,
    MODULE,
    holds_modules,
    is_container,
    is_language,
    is_weak_container,
    look_alike,
    tokens,
)
from generators.reading.placeholder import scalar

_LESSON_STEMS = frozenset({"lesson", "aula", "leccion", "licao", "clase", "class", "lecture", "sesion", "session"})
_CONTENT_STEMS = frozenset(
    {"conteudo", "content", "contenido", "texto", "text", "teoria", "theory", "notes", "notas", "apuntes", "main"}
)
_LESSON_KEYS = frozenset({"lesson_id", "lesson_number", "lesson_title", "lesson_type"})
_LANGUAGE = re.compile(
    r"^\W*(?:defaultContentLanguage|defaultLocale|language|lang)\W*[:=]\s*[\"']?([a-z]{2})\b", re.MULTILINE
)
_COPY = re.compile(r"^(.+?)(?:[ _-]+(?:copy|copia|cópia)(?: \(?\d+\)?)?| \(\d+\))$", re.IGNORECASE)
_TARGET = re.compile(r"\]\([^()]*\)")
_PROSE = frozenset(PAGE_SUFFIXES) - {".ipynb", ".html", ".htm"}


class Shape(Seen):
    """Finds the lessons that names, places and headings tell."""

    def _languages(self, paths: list[PurePosixPath]) -> str | None:
        """Of languages that lie side by side the one that the course was written in."""
        count: Counter[str] = Counter()
        for path in paths:
            if path.suffix.casefold() in PAGE_SUFFIXES:
                code = next((fold(part) for part in path.parent.parts if is_language(part)), None) or _in_name(path)
                count[code or ""] += 1
        codes = [code for code in count if code]
        if not codes:
            return None
        contents = {fold(part) for path in paths if path.name in {"_toctree.yml", "_toc.yml"} for part in path.parts}
        spoken = self._spoken()
        most = max(count[code] for code in codes)
        # A translation may hold a page more than the original: near enough is alike, and the README decides.
        whole = [
            code for code in codes if count[code] * 10 >= most * 9 and (code in contents or not contents & set(codes))
        ]
        return max(whole or codes, key=lambda code: (code[:2] == spoken, code == "en", count[code], code))

    def _spoken(self) -> str | None:
        configs = [path for path in self.root.files if path.name in SITE_FILES or path.suffix in YAML_SUFFIXES]
        for path in configs:
            if stated := _LANGUAGE.search(self._pages.text(path) or ""):
                return stated[1]
        texts = (self._pages.text(page) or "" for page in sorted(self._root_pages(), key=index_rank))
        return next((code for text in texts if (code := vocabulary().language_of(_TARGET.sub("", text)))), None)

    def _closed(self, folder: Folder, parent: Folder) -> Verdict | None:
        """Why nothing in a folder is a lesson; None if something may be."""
        shown = folder.path.as_posix()
        if is_language(folder.path.name):
            names = {_shape(path.relative_to(folder.path)) for path in folder.below()}
            beside = {
                _shape(path.relative_to(parent.path)) for path in parent.below() if not path.is_relative_to(folder.path)
            }
            rivals = [other for other in parent.folders if is_language(other.path.name)]
            is_original = fold(folder.path.name) == self._original or len(rivals) == 1
            if not is_original or len(names & beside) * 2 > len(names):
                return Verdict("translation", f"in `{shown}`, a translation of what lies beside it")
            return None
        if _kind_of_material(folder) is False and any(map(_kind_of_material, parent.folders)):
            kind = look_alike(folder.name.rest, folder=True) or "resource"
            return Verdict(kind, f"in `{shown}`, beside a folder for the texts of the same lessons")
        role = folder.name.role
        if role and not (is_container(folder.path.name) and role != "blog"):
            return Verdict(role, f"in `{shown}`, a folder of that name holds no lessons ({role})")
        return None

    def _scan(self, folder: Folder, *, inside: bool, module: PurePosixPath | None) -> list[Found]:
        named: list[Found] = []
        plain: list[Found] = []
        for child in folder.folders:
            closed = self._closed(child, folder)
            if closed:
                self.verdicts.update((path, closed) for path in child.below() if path not in self._taken)
                continue
            is_part = self._is_placed(child.name, [f.name for f in folder.folders]) or is_container(child.path.name)
            is_part = is_part or self._has_position(child)
            passes = is_container(child.path.name) or is_weak_container(child.path.name) or is_language(child.path.name)
            passes = passes or bool(_kind_of_material(child))
            found = self._scan(
                child,
                inside=inside or is_part or (is_language(child.path.name) and inside),
                module=module if passes else child.path,
            )
            main = self._main(child)
            if main is not None and self._is_lesson_folder(folder, child, main, found, inside=inside):
                found = [
                    Found(
                        main,
                        child.path,
                        module,
                        self._why_folder(child),
                        bool(child.name.word) or is_named_place(folder.path),
                    )
                ]
                self._owns[main] = child.path
            (named if is_part or passes else plain).extend(found)
        own = self._lesson_pages(folder, inside=inside, module=module, has_parts=bool(named))
        return [*own, *named, *([] if named or (own and not inside) else plain)]

    def _without_openings(self, found: list[Found]) -> list[Found]:
        """Without pages that only open a module: `part1` beside `part1a`, `block-2.md` above folders of lessons."""
        names = {one.page: read_name(one.page.stem) for one in found}
        lettered = {(one.page.parent, names[one.page].numbers) for one in found if names[one.page].letter}
        inner = sum(one.own is not None or names[one.page].word != MODULE for one in found if one.module is not None)
        kept = []
        for one in found:
            name = names[one.page]
            is_bare = one.own is None and len(name.numbers) == 1 and not name.letter
            opens = (one.page.parent, name.numbers) in lettered and not (name.rest or self._head(one.page).heading)
            if is_bare and (opens or (name.word == MODULE and inner * 2 > len(found))):
                self.verdicts[one.page] = Verdict("module", "named as a module whose lessons have pages of their own")
            else:
                kept.append(one)
        return kept

    def _lesson_pages(
        self, folder: Folder, *, inside: bool, module: PurePosixPath | None, has_parts: bool
    ) -> list[Found]:
        pages = self._candidates(folder)
        names = {page: read_name(page.stem) for page in pages}
        placed = {page for page in pages if self._is_placed(names[page], names.values())}
        found = []
        for page in pages:
            why = self._why_page(folder, page, names[page], placed, inside=inside, has_parts=has_parts)
            if why is not None:
                is_named = bool(names[page].word) or why.startswith("its heading") or is_named_place(folder.path)
                found.append(Found(page, None, module, why, is_named))
            elif inside and not is_weak_container(folder.path.name) and page not in self.verdicts:
                self.strays.append(page)
        return found

    def _candidates(self, folder: Folder) -> list[PurePosixPath]:
        """Pages that their names do not make something else."""
        pages = []
        stems = {page.stem.casefold() for page in folder.pages}
        best: dict[str, int] = {}
        for page in folder.pages:
            best[page.stem] = min(suffix_rank(page), best.get(page.stem, len(PAGE_SUFFIXES)))
        for page in folder.pages:
            name = read_name(page.stem)
            if page in self._taken:
                continue
            if (variant := self._variant(page, stems)) is not None:
                self.verdicts[page] = variant
            elif name.role and not self._is_meant(folder, page, name):
                self.verdicts[page] = Verdict(name.role, f"its name says {name.role}")
            elif index_rank(page) < len(ROOT_STEMS):
                self.verdicts[page] = Verdict("index", "introduces its folder")
            elif self._is_map(folder, page, name):
                self.maps[folder.path] = page
                self.verdicts[page] = Verdict("module", "named as its folder, and little more than links to its pages")
            elif look_alike(name.rest) == "reference" and name.numbers and self._head(page).size < FEW_CHARACTERS:
                self.verdicts[page] = Verdict("reference", "its name says reference, and there is hardly a text")
            elif best[page.stem] < suffix_rank(page):
                self.verdicts[page] = Verdict("copy", "the same page in another format lies beside it")
            else:
                pages.append(page)
        return pages

    def _variant(self, page: PurePosixPath, stems: set[str]) -> Verdict | None:
        """What a page is that differs from one beside it by the end of its name: a copy, a translation."""
        if (copied := _COPY.match(page.stem)) and copied[1].casefold() in stems:
            return Verdict("copy", f"a copy of `{copied[1]}` that lies beside it")
        base, _, tail = page.stem.rpartition(".") if "." in page.stem else page.stem.rpartition("_")
        is_other = _in_name(page) not in {None, self._original} and f"{base}.{self._original}" in stems
        if base and is_language(tail) and (base.casefold() in stems or is_other):
            return Verdict("translation", f"`{tail}` is the language of a translation of `{base}`")
        return None

    def _is_meant(self, folder: Folder, page: PurePosixPath, name: Name) -> bool:
        """Whether a page is a lesson although its name says something else."""
        return self._listed(page) or self._fills_a_place(folder, page, name) or self._is_called_lesson(page)

    def _is_called_lesson(self, page: PurePosixPath) -> bool:
        """Whether the frontmatter calls a page a lesson: `layout: lecture`."""
        values = self._head(page).head
        return any(fold(scalar(values.get(key)) or "") in _LESSON_STEMS for key in ("layout", "type"))

    def _is_map(self, folder: Folder, page: PurePosixPath, name: Name) -> bool:
        """Whether a note only lists the others of its folder, whose name and number it bears."""
        if not name.numbers or (name.word, name.numbers) != (folder.name.word, folder.name.numbers):
            return False
        contents = linked(self._pages, page)
        beside = [entry for entry in contents.pages if entry.path in folder.pages] if contents else []
        return len(beside) > 1 and self._head(page).size < FEW_CHARACTERS + 60 * len(beside)

    def _fills_a_place(self, folder: Folder, page: PurePosixPath, name: Name) -> bool:
        """Whether `lesson-2.4-exercise` is the fourth lesson: it is called a lesson, and no other has its number."""
        if not name.numbers or name.word not in {LESSON, EITHER}:
            return False
        others = (read_name(other.stem) for other in folder.pages if other.stem != page.stem)
        return not any((other.numbers, other.letter) == (name.numbers, name.letter) for other in others)

    def _why_page(
        self,
        folder: Folder,
        page: PurePosixPath,
        name: Name,
        placed: set[PurePosixPath],
        *,
        inside: bool,
        has_parts: bool,
    ) -> str | None:
        """The evidence that a page is a lesson, or None."""
        if self._listed(page):
            return "the curriculum lists it"
        if page in placed:
            return self._why_placed(folder, page, name, is_series=len(placed) > 1 or inside)
        head = self._head(page)
        is_outside = not inside and folder.path.parts and not is_weak_container(folder.path.name)
        if self._is_called_lesson(page) or (not is_outside and _LESSON_KEYS & head.head.keys()):
            return "its frontmatter calls it a lesson"
        if is_outside:
            return None
        if head.number is not None and names_lesson(head.heading):
            return "its heading calls it a lesson"
        why, strict = None, False
        if head.order is not None and inside and folder.path.parts:
            why = "its frontmatter gives it a place"
        elif not placed and self._is_lesson_place(folder, inside=inside, has_parts=has_parts):
            why, strict = f"it lies in `{folder.path}`, which is named for lessons", True
        return self._unless_heading(page, why, strict=strict) if why else None

    def _why_placed(self, folder: Folder, page: PurePosixPath, name: Name, *, is_series: bool) -> str | None:
        if name.day is not None:
            in_class = any(is_container(part) for part in folder.path.parts)
            is_note = is_series and not name.rest.strip("-_ ")
            return self._unless_heading(page, "it is named by the date of a class") if is_note or in_class else None
        if not is_series and not (name.word and name.numbers):
            return "its heading calls it a lesson" if names_lesson(self._head(page).heading) else None
        why = "its name gives it a place in a series"
        return why if name.role else self._unless_heading(page, why)

    def _is_lesson_place(self, folder: Folder, *, inside: bool, has_parts: bool) -> bool:
        """Whether pages without a place of their own are lessons where they lie."""
        named = is_container(folder.path.name)
        return (named and not has_parts) or (inside and not named and self._is_module(folder))

    def _is_module(self, folder: Folder) -> bool:
        name = folder.name
        parent = folder.path.parent.name
        return name.is_placed or name.word is not None or holds_modules(parent) or self._has_position(folder)

    def _unless_heading(self, page: PurePosixPath, why: str, *, strict: bool = False) -> str | None:
        head = self._head(page)
        shown = head.title if head.head.get("title") else head.heading if head.is_top else ""
        role = look_alike(shown, numbered=None if strict else 1) if shown else None
        if role:
            self.verdicts[page] = Verdict(role, f"its heading says {role}: {head.heading[:80]}")
            return None
        if not head.heading and not head.head and head.size < len("texto"):
            self.verdicts[page] = Verdict("empty", "there is nothing in it")
            return None
        return why

    def _main(self, folder: Folder) -> PurePosixPath | None:
        """The page of a folder that is its text."""
        ranked = sorted((rank, page) for page in folder.pages if (rank := self._main_rank(folder, page)) is not None)
        if ranked:
            return ranked[0][1]
        inner = [child for child in folder.folders if fold(child.path.name) in _CONTENT_STEMS]
        own = [page for page in folder.pages if not read_name(page.stem).role and page not in self._taken]
        if not own and len(inner) == 1 and folder.name.word in {LESSON, EITHER}:  # `day03/notes/day03.md`
            own = inner[0].pages
        if len({page.stem for page in own}) != 1:
            return None
        name = read_name(own[0].stem)
        is_lesson_of_module = name.is_placed and (folder.name.word == MODULE or name.numbers != folder.name.numbers)
        return None if is_lesson_of_module else own[0]

    def _main_rank(self, folder: Folder, page: PurePosixPath) -> tuple[int, int] | None:
        stem = fold(page.stem)
        suffix = suffix_rank(page)
        if page in self._taken:
            return None
        if self._listed(page):
            return 0, suffix
        if stem in _LESSON_STEMS:
            return 1, suffix
        if tokens(read_name(page.stem).rest) == tokens(folder.name.rest) != [] and page.suffix.casefold() in _PROSE:
            return 2, suffix
        if stem in _CONTENT_STEMS:
            return 3, suffix
        return (4 + INDEX_STEMS.index(stem), suffix) if stem in INDEX_STEMS[:5] else None

    def _is_lesson_folder(
        self, parent: Folder, folder: Folder, main: PurePosixPath, inner: list[Found], *, inside: bool
    ) -> bool:
        name, stem = folder.name, fold(main.stem)
        is_index = stem in INDEX_STEMS
        beside = [f.name for f in parent.folders]
        is_placed = self._is_placed(name, beside)
        if not is_placed:
            is_text = stem in _LESSON_STEMS | _CONTENT_STEMS or is_container(parent.path.name)
            if inner or not is_text or not (is_container(parent.path.name) or inside):
                return False
        elif not inside and not name.word and sum(self._is_placed(other, beside) for other in beside) == 1:
            return False
        others = [f for f in inner if f.page != main]
        placed = [f for f in others if f.own or self._is_placed(read_name(f.page.stem), [])]
        is_bare = is_index and self._head(main).size < FEW_CHARACTERS // 10
        if len(placed) > 1 or (placed and (name.word == MODULE or is_bare)):
            return False
        prose = [
            page
            for page in folder.pages
            if page != main
            and not read_name(page.stem).role
            and fold(page.stem) not in INDEX_STEMS
            and page.stem != main.stem
        ]
        if not is_index or not prose:
            return True
        if name.word == MODULE:
            return False
        text = self._pages.text(main) or ""
        mentioned = sum(page.name in text or page.stem in text for page in prose)
        return not (len(prose) > 1 and (mentioned * 2 >= len(prose) or self._head(main).size < FEW_CHARACTERS))

    @staticmethod
    def _why_folder(folder: Folder) -> str:
        return (
            f"the text of `{folder.path.name}`, a folder with a place in a series"
            if folder.name.is_placed
            else (f"the text of `{folder.path.name}`, a folder among lessons")
        )


def _kind_of_material(folder: Folder) -> bool | None:
    """Whether a numbered folder is named for texts (`1-theory`); None if it is not numbered."""
    if not folder.name.numbers or folder.name.word:
        return None
    return fold(folder.name.title) in _CONTENT_STEMS


def _in_name(path: PurePosixPath) -> str | None:
    """The language that a page's name ends in: `indigo.es.md`."""
    base, _, tail = path.stem.rpartition(".")
    return fold(tail) if base and is_language(tail) and base.casefold() not in ROOT_STEMS else None


def _shape(path: PurePosixPath) -> str:
    return fold(path.as_posix())
