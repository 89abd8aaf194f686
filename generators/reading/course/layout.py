"""What every file of a folder is: which pages are lessons, in which modules, in what order, and why.

A site that states its own table of contents is taken at its word. Otherwise the shape of the folder tells: a page or a
folder is a lesson if its name gives it a place in a series (a number, a date, a word such as `aula` or `week`), if it
lies in a folder named for lessons or for a module, or if its heading or frontmatter says so. Names that say
something else (exercises, solutions, an index, a translation) speak against it, unless the word is the subject of a
numbered lesson.
Nothing here depends on the name of a course, only on kinds of names.
"""

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from generators.reading.course.contents import contents_in
from generators.reading.course.folders import Found, Verdict
from generators.reading.course.name import read_name
from generators.reading.course.order import Order
from generators.reading.course.page import LessonHead
from generators.reading.course.shape import Shape
from generators.reading.course.site import Site
from generators.reading.course.tree import PAGE_SUFFIXES
from generators.reading.course.words import is_weak_container


class Layout(Shape, Order, Site):
    """The judgement about one folder; its arguments are those of `Seen`."""

    def __init__(
        self,
        files: Iterable[PurePosixPath],
        head: Callable[[PurePosixPath], LessonHead],
        text: Callable[[PurePosixPath], str | None],
        *,
        listed: Callable[[PurePosixPath], bool] = lambda _: False,
        taken: Iterable[PurePosixPath] = (),
    ) -> None:
        super().__init__(files, head, text, listed=listed, taken=taken)
        self._original = self._languages(self._paths)
        self._contents = contents_in(self._pages)
        if (stated := self._by_parents()) is not None:
            self._contents.append(stated)
        self._ranks, self._orders = {}, {}
        self.found = found = self._without_openings(self._scan(self.root, inside=False, module=None))
        self._wanted = {place for one in found for place in [one.own or one.page, *(one.own or one.page).parents]}
        self.book = self._book(len(found))
        self.groups = self._by_contents(self.book) if self.book else self._by_shape(found)
        if not self.groups:
            self.groups = self._by_links()
        self._explain(found)

    @property
    def is_plausible(self) -> bool:
        """Whether these lessons make a course: somebody names them so, or they are a series of some length."""
        if self.book is not None:
            return True
        if not self.groups:
            return False
        if any(found.is_named for found in self.found):
            return True
        if all(read_name(found.page.stem).day for found in self.found):
            return self._speaks()  # a diary, minutes of meetings
        outside = [f for f in self.found if not any(is_weak_container(p) and p for p in f.page.parent.parts)]
        return len(outside) > 1 or (len(self.found) > 1 and (self._speaks() or self._has_exercises()))

    def _has_exercises(self) -> bool:
        """Whether exercises lie among the pages: who documents a tool sets none."""
        places = {place for page in self.lessons for place in [page.parent, page.parent.parent] if place.parts}
        return any(
            verdict.role in {"exercise", "solution"} and places.intersection(path.parents)
            for path, verdict in self.verdicts.items()
        )

    def _explain(self, found: list[Found]) -> None:
        lessons = set(self.lessons)
        reasons = {one.page: one.why for one in found}
        for page in lessons:
            why = f"`{self.book.source}` lists it" if self.book else reasons[page]
            self.verdicts[page] = Verdict("lesson", why)
        for group in self.groups:
            if group.overview is not None:
                self.verdicts[group.overview] = Verdict("module", f"describes the module {group.title or group.key}")
        for one in found:
            if one.page not in lessons:
                self.verdicts[one.page] = Verdict(
                    "document", f"{one.why}, but lies outside of the lessons of the course"
                )
        self.strays = [page for page in self.strays if page not in lessons and page not in self.verdicts]
        for contents in self._contents:
            self.verdicts.setdefault(contents.source, Verdict("contents", "states the title or the order of a site"))
        for path in self.root.below():
            if path in self.strays:
                self.verdicts[path] = Verdict("document", "lies among the lessons, but nothing calls it one")
            elif path not in self.verdicts and path.suffix.casefold() in PAGE_SUFFIXES:
                self.verdicts[path] = Verdict(
                    "document", "nothing makes it a lesson: no place in a series, no word for one"
                )
