"""A language model of the optional package `llm`, asked so that nothing is paid for twice.

Any model or plugin that the package knows will do. Options, the template and the defaults that `llm models options set`
keeps are taken as `llm` itself takes them; `llm logs` shows the answers.

Each answer is kept by the hash of everything that was asked, and a run that is taken again reads it from there. A
missing key, an unknown model, option or template is reported before anything is asked. What passes by itself (too many
requests, a network fault) is tried again after a pause that grows, or after the pause that the server asks for; the
reason is shown. `--max-cost` ends the run before the first request that could go over it: prices are not known to any
package, so they come with `--price`.
"""

import hashlib
import importlib
import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from generators.errors import GeneratorError, UsageFault, WriterStopped
from generators.whole_file import write_whole
from outbox.extras import install_command

NETWORK_TRIES = 5
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 120.0
TOKENS_PER_WORD = 1.8
MILLION = 1_000_000
# What a server answers that would take the same request later.
_PASSING_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_REFUSED_STATUS = frozenset({401, 403, 404})
_STATUS_IN_TEXT = re.compile(r"\b([45]\d\d)\b")
# A lesson is text: what a template asks for beyond that has no place in it.
_NOT_FOR_TEXT = ("schema_object", "tools", "functions", "attachments", "attachment_types")


class MissingExtra(UsageFault):
    """The `llm` package is not installed, or does not know the model."""


class ModelRefused(WriterStopped):
    """The model cannot be used at all: no key, or the provider refuses it. The run ends, nothing was paid."""


class BudgetSpent(WriterStopped):
    """The next request could cost more than `--max-cost` leaves."""


class ModelFailed(GeneratorError):
    """The model did not answer, or none of its answers passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """How a model is asked.

    Attributes:
        options: of the model, as its plugin names them.
        system: instructions instead of ours; see `filled`.
        template: of `llm`: its name, or a file.
        params: values for the variables of the template.
        price: dollars for a million tokens read and for a million written; None if not known.
        max_cost: dollars that a run may cost; None for no limit.
        folder: where answers and refused texts are kept; None keeps none.
        sleep: waits that many seconds.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    system: str | None = None
    template: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    price: tuple[float, float] | None = None
    max_cost: float | None = None
    folder: Path | None = None
    sleep: Callable[[float], None] = time.sleep

    def as_dict(self) -> dict[str, Any]:
        """What a later run needs to ask in the same way."""
        kept = {"options": dict(self.options), "params": dict(self.params)}
        return {**kept, "system": self.system, "template": self.template, "price": self.price}


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
        return (self.tokens_in * price[0] + self.tokens_out * price[1]) / MILLION if price else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request.

    Attributes:
        about: what it is for, in words: “lesson 1.1”.
        prompt: what is asked.
        system: the instructions.
        fragments: passages that go along.
        attempt: how manieth try; each try of the same request is another request.
        words: how long the answer may get.
        schema: JSON schema of the answer; None for a text.
    """

    about: str
    prompt: str
    system: str
    fragments: tuple[str, ...] = ()
    attempt: int = 1
    words: int
    schema: Mapping[str, Any] | None = None


class Model:
    """A model that `llm` knows.

    Args:
        model: its name or an alias of it.
        settings: how it is asked.

    Attributes:
        tell: called while an answer comes in, with what it is for and how many words there are.

    Raises:
        MissingExtra: the package is not installed, or does not know the model.
        ModelRefused: the model needs a key, and there is none.
        UsageFault: a limit of cost without a price, or a template or option that does not exist.
    """

    def __init__(self, model: str, settings: ModelSettings) -> None:
        self.name = f"llm:{model}"
        self.settings = settings
        self.spent = Spent()
        self.tell: Callable[[str, int], None] = lambda _about, _words: None
        if settings.max_cost is not None and settings.price is None:
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
        self._template = self._loaded(settings.template) if settings.template else None
        self.options = self._checked_options()

    @property
    def takes_schemas(self) -> bool:
        return bool(self._model.supports_schema)

    def filled(self, ours: str, wish: str, known: Mapping[str, str]) -> tuple[str, str, tuple[str, ...]]:
        """Instructions, prompt and further fragments: ours, or as `--system` and the template have them.

        Args:
            ours: our instructions, with {language} and the like in braces.
            wish: our prompt; the template's $input.
            known: values of the names in braces, and of variables of the template.

        Raises:
            UsageFault: the template has a variable without a value.
        """
        system, prompt = self.settings.system or ours, wish
        fragments: tuple[str, ...] = ()
        if self._template is not None:
            params = {**known, **self.settings.params}
            uses_input = "input" in self._template.vars()
            try:
                asked, instructed = self._template.evaluate(wish if uses_input else "", params)
            except self._package.Template.MissingVariables as exc:
                raise UsageFault(
                    f"template “{self.settings.template}”: {str(exc)[:1].lower()}{str(exc)[1:]}; "
                    "give each with --param NAME VALUE"
                ) from exc
            prompt = asked if uses_input else "\n\n".join(text for text in (asked, wish) if text)
            system = self.settings.system or instructed or ours
            fragments = self._resolved((self._template.fragments or []) + (self._template.system_fragments or []))
        # Braces that are not ours stay: instructions may well show JSON or code.
        return re.sub(r"\{(\w+)\}", lambda name: known.get(name[1], name[0]), system), prompt, fragments

    def answer(self, question: Question) -> str:
        """Ask, or say again what was answered to the same question before.

        Raises:
            ModelFailed: the model did not answer.
            ModelRefused, BudgetSpent: the run cannot go on.
        """
        request = {
            "attempt": question.attempt,
            "model": self.name,
            "system": question.system,
            "prompt": question.prompt,
            "fragments": list(question.fragments),
            "options": self.options,
            **({"schema": question.schema} if question.schema else {}),
        }
        key = hashlib.sha256(json.dumps(request, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
        kept = self.settings.folder / "answers" / f"{key}.json" if self.settings.folder else None
        if kept is not None and (known := _kept_answer(kept)) is not None:
            return known
        read = round(len(json.dumps(request, ensure_ascii=False).split()) * TOKENS_PER_WORD)
        self._within_budget(read, round(question.words * TOKENS_PER_WORD))
        text, usage = self._asked(question, read)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            document = {"text": text, "about": question.about, **usage}
            write_whole(kept, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())
        return text

    def as_dict(self) -> dict[str, Any]:
        """What the run has used, for its report."""
        return {**asdict(self.spent), "dollars": self.spent.dollars(self.settings.price)}

    def _loaded(self, name: str) -> Any:
        # `llm` has no other door to a template than its command line's.
        commands: Any = importlib.import_module("llm.cli")
        try:
            template = commands.load_template(name)
        except Exception as exc:
            raise UsageFault(f"llm has no template “{name}” ({exc}); “llm templates” lists those there are") from exc
        unfit = [key for key in _NOT_FOR_TEXT if getattr(template, key, None)]
        if unfit:
            raise UsageFault(f"template “{name}” asks for {', '.join(unfit)}, and a lesson is plain Markdown")
        return template

    def _resolved(self, names: list[str]) -> tuple[str, ...]:
        if not names:
            return ()
        commands: Any = importlib.import_module("llm.cli")
        try:
            with closing(self._log_database()) as database:
                return tuple(str(fragment) for fragment in commands.resolve_fragments(database, names))
        except Exception as exc:
            raise UsageFault(f"template “{self.settings.template}”: {exc}") from exc

    def _checked_options(self) -> dict[str, Any]:
        commands: Any = importlib.import_module("llm.cli")
        stated = {**commands.get_model_options(self._model.model_id)}
        stated |= {**((self._template.options if self._template else None) or {}), **self.settings.options}
        try:
            self._model.Options(**stated)
        except Exception as exc:  # pydantic's, which need not be installed here
            what = "; ".join(
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in getattr(exc, "errors", list)()
            )
            raise UsageFault(f"{self.name} refuses its options ({what or exc}); see “llm models --options”") from exc
        return stated

    def _within_budget(self, tokens_in: int, tokens_out: int) -> None:
        limit, price = self.settings.max_cost, self.settings.price
        if limit is None or price is None:
            return
        likely = (tokens_in * price[0] + tokens_out * price[1]) / MILLION
        spent = self.spent.dollars(price) or 0.0
        if spent + likely > limit:
            raise BudgetSpent(
                f"${spent:.2f} of ${limit:.2f} are spent, and the next request may cost ${likely:.2f}; "
                "go on with a higher --max-cost and --resume"
            )

    def _asked(self, question: Question, read: int) -> tuple[str, dict[str, int]]:
        """Ask the model; what passes by itself is tried again."""
        pause = FIRST_PAUSE_SECONDS
        for left in range(NETWORK_TRIES - 1, -1, -1):
            try:
                response = self._model.prompt(
                    question.prompt,
                    system=question.system,
                    fragments=list(question.fragments),
                    options=dict(self.options),
                    schema=dict(question.schema) if question.schema else None,
                    stream=bool(self._model.can_stream),
                )
                text = self._streamed(question.about, response)
                return text, self._used(question.about, response, text, read)
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
                wait = max(pause, min(_asked_pause(exc), LONGEST_PAUSE_SECONDS))
                click.echo(f"{self.name}: {_reason(exc, status)}; trying again in {wait:.0f} s", err=True)
                self.settings.sleep(wait)
                pause *= 2
        raise AssertionError  # the last try returns or raises

    def _streamed(self, about: str, response: Any) -> str:
        pieces: list[str] = []
        words = 0
        for piece in response:
            pieces.append(piece)
            words += piece.count(" ") + piece.count("\n")
            self.tell(about, words)
        return "".join(pieces).strip()

    def _used(self, about: str, response: Any, text: str, read: int) -> dict[str, int]:
        usage = response.usage()
        # Not every plugin counts. What nobody counted still costs, so it is estimated.
        is_counted = usage.input is not None and usage.output is not None
        tokens_in = int(usage.input or 0) if is_counted else read
        tokens_out = int(usage.output or 0) if is_counted else round(len(text.split()) * TOKENS_PER_WORD)
        self.spent.requests += 1
        self.spent.tokens_in += tokens_in
        self.spent.tokens_out += tokens_out
        cost = Spent(tokens_in=tokens_in, tokens_out=tokens_out).dollars(self.settings.price)
        said = f"{about}: {'' if is_counted else 'about '}{tokens_in:,} tokens read, {tokens_out:,} written"
        click.echo(said + (f", ${cost:.4f}" if cost is not None else ""), err=True)
        self._log(response)
        return {"tokens_in": tokens_in, "tokens_out": tokens_out}

    def _log(self, response: Any) -> None:
        """Put the answer where `llm logs` shows it, unless that is switched off; it is never a reason to fail."""
        if (self._package.user_dir() / "logs-off").exists():
            return
        try:
            with closing(self._log_database()) as database:
                response.log_to_db(database)
        except Exception as exc:  # noqa: BLE001 - the answer is paid for; it must not be lost for its log
            click.echo(f"{self.name}: the answer is not in “llm logs” ({type(exc).__name__})", err=True)

    def _log_database(self) -> Any:
        database = importlib.import_module("sqlite_utils").Database(self._package.user_dir() / "logs.db")
        importlib.import_module("llm.migrations").migrate(database)
        return database


def _kept_answer(path: Path) -> str | None:
    """What was answered before; None if nothing was, or if somebody broke the file."""
    try:
        return str(json.loads(path.read_text("utf-8"))["text"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _causes(error: BaseException) -> list[BaseException]:
    """A plugin's exception and what caused it, the outermost first."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found


def _status(error: BaseException) -> int | None:
    """The HTTP status that a plugin's exception carries, or that its text names where nothing carries one."""
    for one in _causes(error):
        for holder in (one, getattr(one, "response", None)):
            status = getattr(holder, "status_code", None)
            if isinstance(status, int):
                return status
    named = _STATUS_IN_TEXT.search(str(error))
    return int(named[1]) if named else None


def _asked_pause(error: BaseException) -> float:
    """The seconds that a server asks for with Retry-After; 0 if it asks for none."""
    for one in _causes(error):
        headers = getattr(getattr(one, "response", None), "headers", None)
        asked = headers.get("retry-after") if isinstance(headers, Mapping) else None
        if asked is not None and str(asked).strip().isdigit():
            return float(asked)
    return 0.0


def _passes(error: BaseException, status: int | None) -> bool:
    """Whether the same request may be answered later: the server says so, or the network did not carry it."""
    if status is not None:
        return status in _PASSING_STATUS
    return any(
        isinstance(one, OSError)
        or any("Timeout" in kind.__name__ or "Connect" in kind.__name__ for kind in type(one).__mro__)
        for one in _causes(error)
    )


def _reason(error: BaseException, status: int | None) -> str:
    """The status, or the kind of the failure and its first line: a provider's texts name no key of ours."""
    return f"HTTP {status}" if status is not None else type(error).__name__
