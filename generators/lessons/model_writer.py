"""Lessons written by a language model, through the optional `llm` package: any model or plugin that it knows.

A model is asked with what is known about the lesson and with the passages that speak of it, in the language of the
course. What it returns is judged like every lesson, beside those written before, and must be its own: a text that
repeats the request is refused. A refused text gets its reasons and another try, three in all; it is kept with its
reasons below `.state/model/`.

Nothing is paid for twice: each answer is kept by the hash of everything that was asked, and a run that is taken again
reads it from there. A missing key or a model that does not exist is reported before the first lesson. What passes by
itself (too many requests, a network fault) is tried again after a pause that grows; the reason is shown. `--max-cost`
ends the run before the first request that could go over it: prices are not known to any package, so they come with
`--price`.
"""

import hashlib
import importlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from generators.errors import GeneratorError, UsageFault
from generators.lessons.facts import DEFAULT_MINUTES, WORDS_PER_MINUTE, CourseFacts, LessonFacts
from generators.lessons.frame import frame_of
from generators.lessons.kit import frontmatter, lesson_head
from generators.lessons.writer import Estimate, WriterStopped
from generators.scorers import LessonText, lesson_text, score_lesson
from generators.whole_file import write_whole
from outbox.extras import install_command

ATTEMPTS = 3
NETWORK_TRIES = 5
FIRST_PAUSE_SECONDS = 2.0
MOST_PARROTED = 0.25
_TOKENS_PER_WORD = 1.8
_PROMPT_TOKENS = 3500
_SECONDS_PER_LESSON = 30.0
_MILLION = 1_000_000
# What a server answers that would take the same request later.
_PASSING_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_REFUSED_STATUS = frozenset({401, 403, 404})

_SYSTEM = """\
You write one lesson of a course in Markdown, in {language}. Answer with the Markdown of the lesson alone, without a
fence around it. Begin with the heading “# {heading}”. Keep these section headings, in this order: {sections}.
Say only what the sources say or what is common knowledge of the subject; when you use a source, name it in the form
— *citation*. Give examples with numbers. Claim no experience, no result and no quotation of the instructor.
Never: {never}.
"""


class MissingExtra(UsageFault):
    """The `llm` package is not installed, or does not know the model."""


class ModelRefused(WriterStopped):
    """The model cannot be used at all: no key, or the provider refuses it. The run ends, nothing was paid."""


class BudgetSpent(WriterStopped):
    """The next request could cost more than `--max-cost` leaves."""


class ModelFailed(GeneratorError):
    """No attempt at this lesson passed, or the model did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """How a model is asked.

    Attributes:
        options: of the model, as its plugin names them.
        system: instead of our instructions; may use {language}, {heading}, {sections} and {never}.
        price: dollars for a million tokens read and for a million written; None if not known.
        max_cost: dollars that a run may cost; None for no limit.
        folder: where answers and refused texts are kept; None keeps none.
        sleep: waits that many seconds.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    system: str | None = None
    price: tuple[float, float] | None = None
    max_cost: float | None = None
    folder: Path | None = None
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Spent:
    """What a run has used so far.

    Attributes:
        tokens_in: read by the model.
        tokens_out: written by it.
        requests: answered by it; those that were read from an earlier run cost nothing and do not count.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    requests: int = 0

    def dollars(self, price: tuple[float, float] | None) -> float | None:
        return (self.tokens_in * price[0] + self.tokens_out * price[1]) / _MILLION if price else None


class ModelWriter:
    """Writes with a model that `llm` knows. Each lesson is paid for, so each is published at once.

    Raises:
        MissingExtra: the package is not installed, or does not know the model.
        ModelRefused: the model needs a key, and there is none.
        UsageFault: a limit of cost without a price.
    """

    lessons_per_unit = 1

    def __init__(self, model: str, settings: ModelSettings | None = None) -> None:
        self.name = f"llm:{model}"
        self.settings = settings or ModelSettings()
        self.spent = Spent()
        self._written: list[LessonText] = []
        if self.settings.max_cost is not None and self.settings.price is None:
            raise UsageFault("--max-cost needs --price IN OUT: dollars for a million tokens read and written")
        try:
            self._package: Any = importlib.import_module("llm")
        except ImportError as exc:
            raise MissingExtra(f"--writer llm:… needs the package llm: {install_command('llm')}") from exc
        try:
            self._model = self._package.get_model(model)
        except Exception as exc:  # the package's own error class is not known when it is missing
            raise MissingExtra(f"llm knows no model “{model}”; “llm models” lists those it knows") from exc
        try:
            if getattr(self._model, "needs_key", None):
                self._model.get_key()
        except self._package.NeedsKeyException as exc:
            raise ModelRefused(f"{self.name} needs a key: {exc}") from exc

    def estimate(self, lessons: int, minutes: int) -> Estimate:
        tokens_in = lessons * _PROMPT_TOKENS
        tokens_out = round(minutes * WORDS_PER_MINUTE * _TOKENS_PER_WORD)
        price = self.settings.price
        cost = (tokens_in * price[0] + tokens_out * price[1]) / _MILLION if price else None
        said = f"about {tokens_in + tokens_out:,} tokens"
        said += f", ${cost:,.2f}" if cost is not None else " at your provider's prices"
        note = f"{said}, up to {ATTEMPTS} times that if texts are refused"
        return Estimate(seconds=lessons * _SECONDS_PER_LESSON, tokens=tokens_in + tokens_out, note=note)

    def write(self, course: CourseFacts, facts: LessonFacts) -> str:
        """One lesson that the judge lets pass.

        Raises:
            ModelFailed: the model could not be reached, or no attempt passed.
            ModelRefused, BudgetSpent: the run cannot go on.
        """
        system = (self.settings.system or _SYSTEM).format(**_instructions(course, facts))
        wish = _wish(course, facts)
        fragments = [f"{passage.text}\n\n— *{passage.citation}*" for passage in facts.passages]
        head = frontmatter(lesson_head(course, facts, writer=self.name, gaps=0))
        reasons: tuple[str, ...] = ()
        for attempt in range(1, ATTEMPTS + 1):
            asked = wish + (f"\n\nA former text was refused: {'; '.join(reasons)}." if reasons else "")
            text = self._answer(facts.lesson.lesson_id, asked, system=system, fragments=fragments, attempt=attempt)
            markdown = f"{head}\n\n{_unfenced(text)}\n"
            reasons = self._refused(course, facts, markdown, given=f"{system}\n{wish}")
            if not reasons:
                self._written.append(lesson_text(facts.lesson.lesson_id, markdown, course.language))
                return markdown
            self._keep_refused(facts.lesson.lesson_id, attempt, text, reasons)
        raise ModelFailed(f"{self.name} did not pass in {ATTEMPTS} attempts: {'; '.join(reasons)}")

    def _refused(self, course: CourseFacts, facts: LessonFacts, markdown: str, *, given: str) -> tuple[str, ...]:
        """Why a text is not taken; nothing if it is."""
        score = score_lesson(facts.lesson.lesson_id, markdown, beside=self._written, language=course.language)
        own = lesson_text("", markdown, course.language).masked
        told = lesson_text("", given, course.language).masked
        echoed = sum(count for sentence, count in own.items() if sentence in told) / max(1, sum(own.values()))
        parrot = (f"parrot: {echoed:.0%} of the sentences only repeat the request",) if echoed > MOST_PARROTED else ()
        return parrot + score.missing

    def _answer(self, lesson_id: str, asked: str, *, system: str, fragments: list[str], attempt: int) -> str:
        request = {
            "attempt": attempt,
            "model": self.name,
            "system": system,
            "prompt": asked,
            "fragments": fragments,
            "options": dict(self.settings.options),
        }
        key = hashlib.sha256(json.dumps(request, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
        kept = self.settings.folder / "answers" / f"{key}.json" if self.settings.folder else None
        if kept is not None and kept.is_file():
            return str(json.loads(kept.read_text("utf-8"))["text"])
        self._within_budget(request)
        text, usage = self._asked(lesson_id, asked, system=system, fragments=fragments)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            document = {"text": text, "lesson_id": lesson_id, **usage}
            write_whole(kept, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())
        return text

    def _within_budget(self, request: Mapping[str, Any]) -> None:
        limit, price = self.settings.max_cost, self.settings.price
        if limit is None or price is None:
            return
        words = len(json.dumps(request, ensure_ascii=False).split())
        longest = DEFAULT_MINUTES * WORDS_PER_MINUTE
        likely = (words * _TOKENS_PER_WORD * price[0] + longest * _TOKENS_PER_WORD * price[1]) / _MILLION
        spent = self.spent.dollars(price) or 0.0
        if spent + likely > limit:
            raise BudgetSpent(
                f"${spent:.2f} of ${limit:.2f} are spent, and the next lesson may cost ${likely:.2f}; "
                "go on with a higher --max-cost and --resume"
            )

    def _asked(self, lesson_id: str, asked: str, *, system: str, fragments: list[str]) -> tuple[str, dict[str, int]]:
        """Ask the model; what passes by itself is tried again."""
        pause = FIRST_PAUSE_SECONDS
        for left in range(NETWORK_TRIES - 1, -1, -1):
            try:
                options = dict(self.settings.options)
                response = self._model.prompt(asked, system=system, fragments=fragments, options=options)
                text = "".join(response).strip()
                return text, self._used(lesson_id, response)
            except self._package.NeedsKeyException as exc:
                raise ModelRefused(f"{self.name} needs a key: {exc}") from exc
            except Exception as exc:  # whatever a model's plugin raises
                status = _status(exc)
                if status in _REFUSED_STATUS:
                    raise ModelRefused(f"{self.name} was refused by its provider (HTTP {status})") from exc
                if not left or not _passes(exc, status):
                    raise ModelFailed(
                        f"{self.name} did not answer ({_reason(exc, status)}); try again with --resume"
                    ) from exc
                click.echo(f"{self.name}: {_reason(exc, status)}; trying again in {pause:.0f} s", err=True)
                self.settings.sleep(pause)
                pause *= 2
        raise AssertionError  # the last try returns or raises

    def _used(self, lesson_id: str, response: Any) -> dict[str, int]:
        usage = response.usage()
        tokens_in, tokens_out = int(usage.input or 0), int(usage.output or 0)
        self.spent.requests += 1
        self.spent.tokens_in += tokens_in
        self.spent.tokens_out += tokens_out
        one = Spent(tokens_in=tokens_in, tokens_out=tokens_out, requests=1)
        cost = one.dollars(self.settings.price)
        said = f"lesson {lesson_id}: {tokens_in:,} tokens read, {tokens_out:,} written"
        click.echo(said + (f", ${cost:.4f}" if cost is not None else ""), err=True)
        self._log(response)
        return {"tokens_in": tokens_in, "tokens_out": tokens_out}

    def _log(self, response: Any) -> None:
        """Put the answer where `llm logs` shows it, unless that is switched off; it is never a reason to fail."""
        folder = self._package.user_dir()
        if (folder / "logs-off").exists():
            return
        try:
            database = importlib.import_module("sqlite_utils").Database(folder / "logs.db")
            importlib.import_module("llm.migrations").migrate(database)
            response.log_to_db(database)
        except Exception as exc:  # noqa: BLE001 - the answer is paid for; it must not be lost for its log
            click.echo(f"{self.name}: the answer is not in “llm logs” ({type(exc).__name__})", err=True)

    def _keep_refused(self, lesson_id: str, attempt: int, text: str, reasons: tuple[str, ...]) -> None:
        if self.settings.folder is None:
            return
        folder = self.settings.folder / "refused"
        folder.mkdir(parents=True, exist_ok=True)
        told = "\n".join(f"- {reason}" for reason in reasons)
        write_whole(folder / f"{lesson_id}-{attempt}.md", f"{told}\n\n---\n\n{text}\n".encode())

    def as_dict(self) -> dict[str, Any]:
        """What the run has used, for its report."""
        return {**asdict(self.spent), "dollars": self.spent.dollars(self.settings.price)}


def _instructions(course: CourseFacts, facts: LessonFacts) -> dict[str, str]:
    say = frame_of(course.language)
    sections = (
        f"## 🎯 G - GOAL ({say['goal']})",
        f"## 🗺️ P - POSITION ({say['position']})",
        f"## 🛤️ S - STEPS ({say['steps']})",
        f"## 💡 {say['mastered']}",
        f"## ⚡ {say['now']}",
        f"## ➡️ {say['next'] if facts.following else say['last']}",
    )
    return {
        "language": str(say["code"]),
        "heading": f"{say['lesson']} {facts.lesson.lesson_id}: {facts.lesson.title or say['untitled']}",
        "sections": "; ".join(sections),
        "never": "; ".join(course.brief.voice.never) or "-",
    }


def _wish(course: CourseFacts, facts: LessonFacts) -> str:
    brief, lesson = course.brief, facts.lesson
    minutes = lesson.minutes or DEFAULT_MINUTES
    lines = {
        "Course": course.curriculum.title,
        "Module": facts.module.title,
        "Lesson": f"{lesson.lesson_id} {lesson.title}",
        "Minutes": f"{minutes}, about {WORDS_PER_MINUTE} words a minute",
        "Objectives": "; ".join(facts.objectives),
        "Topics": "; ".join(topic.name for topic in facts.topics if topic.name),
        "Terms": "; ".join(f"{found.term}: {found.text}" for found in facts.terms),
        "To recall from earlier lessons": "; ".join(review.ask for review in facts.reviews),
        "Practice": "; ".join(facts.practice),
        "Audience": brief.audience.description,
        "Their pains": "; ".join(facts.pains),
        "Voice": brief.voice.tone,
        "Stories of the author": "; ".join(facts.stories),
        "Next lesson": f"{facts.following.lesson_id} {facts.following.title}" if facts.following else None,
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items() if value)


def _unfenced(text: str) -> str:
    lines = text.strip().split("\n")
    if len(lines) > 2 and lines[0].startswith("```") and lines[-1].strip() == "```":  # noqa: PLR2004
        lines = lines[1:-1]
    return "\n".join(lines).strip()


def _status(error: BaseException) -> int | None:
    """The HTTP status of a plugin's exception, or of what caused it."""
    one: BaseException | None = error
    while one is not None:
        for holder in (one, getattr(one, "response", None)):
            status = getattr(holder, "status_code", None)
            if isinstance(status, int):
                return status
        one = one.__cause__ or one.__context__
    return None


def _passes(error: BaseException, status: int | None) -> bool:
    """Whether the same request may be answered later: the server says so, or the network did not carry it."""
    if status is not None:
        return status in _PASSING_STATUS
    one: BaseException | None = error
    while one is not None:
        if isinstance(one, OSError):
            return True
        if any("Timeout" in kind.__name__ or "Connect" in kind.__name__ for kind in type(one).__mro__):
            return True
        one = one.__cause__ or one.__context__
    return False


def _reason(error: BaseException, status: int | None) -> str:
    return f"HTTP {status}" if status is not None else type(error).__name__
