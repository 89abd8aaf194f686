"""What sentences say about a course: "o nome vai ser …", "umas 6 horinhas no total", "quem ensina sou eu, …".

Asked only for fields that no label, heading or table answers. A sentence counts with one of the vocabulary's leads in
it, so that the numbers of an anecdote stay what they are.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from generators.languages import fold, vocabulary
from generators.reading.amounts import (
    Level,
    Money,
    bare_level,
    hours_in,
    in_figures,
    is_other_money,
    level_in,
    measures,
    price_in,
    weekly_total,
)
from generators.reading.markdown import Line
from generators.reading.markdown.label import label_key
from generators.reading.placeholder import undecorated

NAME = re.compile(
    r"(?:(?:Prof|Profa|Profª|Dr|Dra|Dona|Mr|Mrs|Ms|Don|Doña)\.?\s+)?[A-ZÀ-Ý][\w'’-]+(?:\s+(?:d[aeo]s?\s+|del?\s+|la\s+|van\s+|von\s+)?[A-ZÀ-Ý][\w'’-]+){1,4}"
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=\S)")
_CLAUSE_END = re.compile(r"[,;(]|\.\s|\.$")
_TITLE_END = re.compile(r"\s*(?:[(,;!?\n]|\.(?:\s|$)|\s[-–—]\s)")
_QUOTED = re.compile(r"^[\"“«‘']([^\"”»’]{2,200})[\"”»’']")
_ANY_QUOTED = re.compile(r"[\"“«]([A-ZÀ-Ý\d¿¡][^\"“”«»]{2,100})[\"”»]")
_ALL_QUOTED = re.compile(r"^\W{0,3}[\"“«]([A-ZÀ-Ý\d¿¡][^\"“”»]{2,100}[^\"“”».!…,])[\"”»]\W{0,2}$")
_OPEN_END = re.compile(r"[^.!?:;…]$")
_GOES_ON = re.compile(r"^(?:[^\W\dA-ZÀ-Ý]|\d|[R$€£]+\s*\d|US\$)")
_SEPARATORS = re.compile(r"\s*[|·•]\s*|\s+[–—/-]\s+")
_MONEY_FIRST = re.compile(
    r"^\W*(?:(?:de|por|only|apenas|agora|now|solo|a|at|uns|unos|about|around)\s+){0,2}(?:r\$|us\$|[$€£\d])"
)
_NO_JOINT = frozenset(
    ["e", "y", "and", "que", "is", "or", "ou", "a", "o", "as", "os", "el", "la", "the", "los", "las", "un", "una"]
)
_BUT_NEVER = re.compile(r"(?<!\w)(?:mas|but|pero)\s+(?:nunca|never)\b.*")
_WHO = re.compile(r",?\s+(?:que|quem|quien|who)\s*$")
_LEADING = re.compile(r"[,;]|\s[-–—]\s")
_MAX_TITLE_WORDS = 9
_MAX_TEXT = 4_000
_FEWEST_ITEMS = 2
_NEAR = 70
_CLOSE_BY = 30
_FEW_WORDS = 4
_SHORT_LINE = 7
_BOUND = re.compile(r"(?:^|\s)(?:de|para|pra|sem|por|a|sin|al|ao|que|to|the|e o|y el)\s$")  # "sem parar" is no action
_DETERMINERS = r"(?:a|an|the|their|your|one|two)"


@lru_cache(maxsize=1)
def _leads() -> dict[str, re.Pattern[str]]:
    words = vocabulary()
    fields = ("title", "instructor", "instructor_after", "tone", "price", "objectives", "duration", "elsewhere")
    found = {field: re.compile(rf"(?<!\w)(?:{'|'.join(words.all('prose', field))})(?!\w)") for field in fields}
    units = "|".join(words.all("units", "hour") + words.all("units", "minute"))
    modules = "|".join(sorted(words.part_words("module"), key=len, reverse=True))
    meetings = "|".join(sorted(words.part_words("lesson", "meeting"), key=len, reverse=True))
    found["single"] = re.compile(
        rf"(?<!\w)(?:{'|'.join(words.articles)}|one|1|unica|single) (?:{meetings})"
        r"(?: (?:de|of|,)| (?:so|unica|avulsa|only|sola)\b|,)"
    )
    found["level"] = re.compile(rf"(?<!\w)(?:{'|'.join(words.all('levels', 'prose'))})(?!\w)")
    found["negation"] = re.compile(rf"(?<!\w)(?:{words.pattern('chat', 'negations')})\W+(?:\w+\W+){{0,3}}$")
    weeks = "|".join(words.all("units", "week"))
    found["amount"] = re.compile(rf"^\W*[\d.,]+\s*(?:{units}|{weeks})(?![a-z])")
    found["modules"] = re.compile(
        rf"(?<!\w)(?:{'|'.join(words.all('prose', 'modules'))}) (\d{{1,2}}) (?:{modules})\b(:?)"
    )
    found["ordinal"] = re.compile(
        rf"(?<!\w)(?:o|a|el|la|the) ({'|'.join(words.ordinals)})(?: (?:{modules}))?"
        r"(?: (?:e|es|is|sera|about|sobre)\b|:)\s*"
    )
    found["infinitive"] = re.compile(r"(?<!\w)\w{2,}(?:ar|er|ir)(?:-?(?:se|lo|la|los|las))?(?!\w)")
    lessons = "|".join(words.all("prose", "lessons"))
    of = "|".join(re.escape(word) for word in words.all("units", "of"))
    aside = "|".join(words.all("prose", "lessons_aside"))
    for name, unit in (("lessons", lessons), ("meetings", f"{lessons}|{meetings}")):
        found[name] = re.compile(
            rf"(?<![\d.,:/-])(?<!por )(?<!for )(?<!cada )(\d{{1,3}}) "
            rf"(?:(?!(?:{units}|{weeks}|{of}|of|de|das|dos)\b)[a-z-]+ ){{0,2}}?(?:{unit})\b(?!\W+(?:{aside}))"
        )
    half = "|".join(words.all("units", "half"))
    lead = rf"(?:(?:each|cada|one|una|uma|lasting|{of}|×)[\s,]+){{1,4}}"
    found["each"] = re.compile(rf"^[\s,(]*{lead}(\d[^,;.()]*?(?:{units})\b(?: (?:{half})\b)?)")
    found["lessons_before"] = re.compile(rf"(?:{'|'.join(words.all('prose', 'lessons_before'))})\W+$")
    found["retraction"] = re.compile(rf"^\W*(?:{'|'.join(words.all('prose', 'retraction'))})\b")
    found["corrections"] = re.compile(rf"^\W*(?:\w+\W+){{0,2}}?(?:{'|'.join(words.all('chat', 'corrections'))})(?!\w)")
    course_words = "|".join(words.all("prose", "course"))
    found["course"] = re.compile(rf"(?<!\w)(?:{course_words})(?!\w)")
    found["teaching"] = re.compile(rf"(?<!\w)(?:{'|'.join(words.all('prose', 'teaching'))})(?!\w)")
    found["course length"] = re.compile(
        rf"(?<!\w)(?:{course_words})(?: [a-z]+){{0,3}} (?:de|of|con|com|with) (?=[\d.,]+ ?-?(?:{units})(?![a-z]))"
        rf"|(?<![\d.,-])(?=[\d.,]+[ -](?:{units})(?: [a-z-]+){{0,3}} (?:{course_words})(?!\w))"
    )
    found["each one"] = re.compile(rf"(?<!\w)(?:each|cada)(?: [a-z]+){{0,3}} (?=\d[\d.,]* ?(?:{units})(?![a-z]))")
    found["asks price"] = re.compile(rf"(?<!\w)(?:{'|'.join(words.all('asks', 'price'))})(?!\w)")
    found["length"] = re.compile(rf"\d\s*-?(?:{units})(?![a-z])")
    lasting = "|".join(word for word in modules.split("|") if "week" not in word and "semana" not in word)
    found["some modules"] = re.compile(rf"^\W*(\d{{1,2}}) (?:{lasting})\W*$")
    found["enough"] = re.compile(r"(?<!\w)(?:sao essas|son esas|that s it|th[eo]se three|esas tres|essas tres)")
    return found


def flat(text: str) -> str:
    """`fold` with a character for each character, so that places found in it are places in the text."""
    return "".join(
        " " if char in "'’" else folded if len(folded := fold(char)) == 1 else char.lower()[:1] or char
        for char in unicodedata.normalize("NFC", text)
    )


def instructor_lead(text: str) -> int:
    """Where a name begins after words that only lead to it: `lo da`, `taught by`."""
    found = _leads()["instructor"].match(flat(text))
    return found.end() if found else 0


def tells_of_another(folded: str) -> bool:
    """Whether a sentence speaks of another's course, or of last year's."""
    return _leads()["elsewhere"].search(folded) is not None


class Prose:
    """The sentences of a brief.

    Args:
        lines: those that may speak about the whole course.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        lines = list(lines)
        self._texts = [
            (line.number, unicodedata.normalize("NFC", line.text[:_MAX_TEXT]))
            for line in lines
            if line.kind in {"text", "heading"}
        ]
        self._texts += [
            (line.number, unicodedata.normalize("NFC", line.text[:_MAX_TEXT]))
            for line in lines
            if line.kind == "item" and not line.depth and line.ticked is None
        ]
        self._labelled = {line.number for line in lines if line.value and len((line.label or "").split()) in {1, 2}}
        self._quoted = [
            (number, found[1].strip())
            for number, text in self._texts
            if (found := _ALL_QUOTED.match(text)) and len(text.split()) < _MAX_TITLE_WORDS
        ]
        clocks = {line.number for line in lines if line.label and "clock" in vocabulary().fields(label_key(line.label))}
        first = [text for text in self._texts[:4] if text[0] not in clocks]
        # Parts of the first lines, and short items, may be nothing but a value: "6 hours · Beginner · Free".
        self._parts = [(number, part) for number, text in first for part in _SEPARATORS.split(text)]
        self._items = {line.text for line in lines if line.kind == "item" and len(line.text.split()) < _FEW_WORDS}
        self._parts += [(line.number, line.text) for line in lines if line.text in self._items]
        # What is said to correct goes before what it corrects, and last what only two lines say together.
        self._texts.sort(key=lambda text: _leads()["corrections"].match(flat(text[1])) is None)
        told = [*self._texts, *_over_two_lines(lines)]
        self._parts = [(n, part) for n, part in self._parts if not tells_of_another(flat(part))]
        sentences = [(number, undecorated(part)) for number, text in told for part in _SENTENCES.split(text)]
        self._sentences = [(n, part) for n, part in sentences if not tells_of_another(flat(part))]

    def title(self) -> tuple[str, int] | None:
        for number, rest in self._after("title", self._texts):
            text = rest.lstrip(" :")
            if quoted := _QUOTED.match(text):
                return quoted[1].strip(), number
            if text[:1].isupper() or text[:1].isdigit():
                return _capital_run(text), number
            if spoken := self._spoken_title(text):
                return spoken, number
        word = "|".join(vocabulary().all("prose", "course"))
        course = re.compile(rf"\b(?:{word})(?: |\b[^.:\"“«]{{0,30}}:\s*)(?=[\"“«])")
        for number, text in self._texts:  # `what about the drawing course: "Lines"`
            if (named := course.search(flat(text))) and (quoted := _QUOTED.match(text[named.end() :])):
                return quoted[1].strip(), number
        if len(quotes := [*self._quoted_of_course()]) == 1:
            return quotes[0]
        # Alone on its line, and the only one that is: what a person in quotes says ends in a mark.
        return (self._quoted[0][1], self._quoted[0][0]) if len(self._quoted) == 1 else None

    def _quoted_of_course(self) -> Iterator[tuple[str, int]]:
        """What stands in quotes in a sentence about the course: `we plan "Thread and Board", a course of …`."""
        for number, sentence in self._sentences:
            quoted = _ANY_QUOTED.findall(sentence)
            if quoted and _leads()["course"].search(flat(_ANY_QUOTED.sub(" ", sentence))):
                yield from ((text.strip(" ,"), number) for text in quoted)

    @staticmethod
    def _spoken_title(text: str) -> str | None:
        """A title in speech that was written down: without capitals or marks, up to what is said next."""
        folded = flat(text)
        ends = [found.start() for field in ("instructor", "duration") if (found := _leads()[field].search(folded))]
        words = text[: min(ends)].split() if ends and not _TITLE_END.search(text[: min(ends)]) else []
        return " ".join(words) if 1 < len(words) <= _SHORT_LINE else None

    def instructor(self) -> tuple[str, int] | None:
        for number, rest in self._after("instructor", self._sentences):
            found = NAME.search(rest[:_NEAR])
            if found and not _leads()["retraction"].match(flat(rest[found.end() :])):
                return found[0], number
        for number, sentence in self._sentences:
            for verb in _leads()["instructor_after"].finditer(flat(sentence)):
                before = _WHO.sub("", sentence[: verb.start()]).rstrip()
                named = list(NAME.finditer(before))
                if named and named[-1].end() == len(before):
                    return named[-1][0], number
        for number, sentence in self._sentences:
            # The one name in a sentence about who teaches.
            plain = _ANY_QUOTED.sub(" ", sentence)
            names = {found[0] for found in NAME.finditer(plain)}
            told = _leads()["teaching"].search(flat(NAME.sub(" ", plain)))
            if len(names) == 1 and told and not sentence.endswith("?"):
                return names.pop(), number
        return None

    def tone(self) -> tuple[str, int] | None:
        for number, rest in self._after("tone", self._sentences):
            text = rest.strip(" :").rstrip(". ")
            if len(text.split()) > 1 or text.isalpha():
                return text[:300], number
        return None

    def price(self) -> tuple[Money, int] | None:
        """The price by what most tells one: a lead, money at the head of a clause, the one amount, a part of a line."""
        ways = (self._led_money, self._money_first, self._money_asked, self._only_money, self._money_alone)
        return next((found for way in ways if (found := way()) is not None), None)

    def _led_money(self) -> tuple[Money, int] | None:
        for number, sentence in self._sentences:
            for lead in _leads()["price"].finditer(flat(sentence)):
                rest = sentence[lead.end() :].partition(";")[0]
                found = price_in(rest) if re.search(r"\d", in_figures(flat(rest[:_CLOSE_BY]))) else None
                if found is not None and not is_other_money(sentence[: lead.start()]):
                    return found, number
            for part in (sentence.split(",")[0], sentence):
                if len(part.split()) < _FEW_WORDS and (free := price_in(part)) is not None and not free.amount:
                    return free, number
        return None

    def _money_first(self) -> tuple[Money, int] | None:
        for number, sentence in self._sentences:
            for clause in [sentence, *re.split(r"[,;]\s+", sentence)]:
                money = price_in(clause) if _MONEY_FIRST.match(flat(clause)) else None
                if money and money.amount and (clause == sentence or not is_other_money(sentence)):
                    return money, number
        return None

    def _money_asked(self) -> tuple[Money, int] | None:
        """The one amount of a sentence that speaks of what is asked for the course, in any order."""
        for number, sentence in self._sentences:
            if _leads()["asks price"].search(flat(sentence)) and (money := price_in(sentence)) and money.amount:
                return money, number
        return None

    def _money_alone(self) -> tuple[Money, int] | None:
        for number, part in self._parts:
            money = price_in(part) if len(part.split()) < _FEW_WORDS else None
            if money is not None and (not money.amount or _MONEY_FIRST.match(flat(part))):
                return money, number
        return None

    def _only_money(self) -> tuple[Money, int] | None:
        """The amount of a short clause, where it is the only money that the sentences speak of."""
        told = [(money, number, sentence) for number, sentence in self._sentences if (money := price_in(sentence))]
        if len({money.amount for money, _, _ in told}) != 1 or any(is_other_money(text) for _, _, text in told):
            return None
        money, number, sentence = told[0]
        clauses = [part for part in re.split(r"[,;(.]\s", sentence) if price_in(part)]
        is_short = money.amount and clauses and len(clauses[0].split()) <= _SHORT_LINE
        is_cells = re.search(r";\S", sentence)
        return (money, number) if is_short and not is_cells and not sentence.endswith("?") else None

    def duration(self) -> tuple[float | tuple[float, float], int] | None:
        if (of_lessons := self._lessons_times_length()) is not None:
            return of_lessons
        for number, sentence in self._sentences:
            if (whole := weekly_total(sentence)) is not None or (whole := self._of_all(flat(sentence))) is not None:
                return whole, number
            for way in (self._led_length, self._length_of_course, self._bare_length):
                if (value := way(sentence)) is not None:
                    return value, number
        return None

    def _led_length(self, sentence: str) -> float | tuple[float, float] | None:
        weeks = {*vocabulary().all("units", "week"), "each", "cada"}
        folded = flat(sentence)
        for lead in _leads()["duration"].finditer(folded):
            start = max(sentence.rfind(mark, 0, lead.start()) for mark in ",;(") + 1
            rest = sentence[start:]
            end = _CLAUSE_END.search(rest, lead.end() - start)
            clause = rest[: end.start()] if end else rest
            value = hours_in(clause)
            if value is None and end and (value := hours_in(rest[: end.end() + _NEAR])) is not None:
                # "3 weeks, 90 minutes a week" is one statement in two clauses.
                value = value if weeks & set(re.findall(r"[a-z]+", folded)) else None
            if value is not None and not self._of_a_part(clause):
                return value
        return None

    @staticmethod
    def _length_of_course(sentence: str) -> float | tuple[float, float] | None:
        measured = measures(flat(sentence))
        ends = [part.end() for part in _leads()["course length"].finditer(measured)]
        told = [hours_in(measured[end:]) for end in ends]
        single = _leads()["single"].search(flat(sentence))
        told += [hours_in(sentence[single.start() :])] if single else []
        return next((value for value in told if value is not None), None)

    def _bare_length(self, sentence: str) -> float | tuple[float, float] | None:
        if not _leads()["amount"].match(in_figures(flat(sentence))) and not self._is_short(sentence):
            return None
        value = hours_in(sentence)
        is_whole = value is not None and not self._of_a_part(sentence) and (isinstance(value, tuple) or value >= 1)
        return value if is_whole else None

    def _lessons_times_length(self) -> tuple[float | tuple[float, float], int] | None:
        """Hours of all lessons where one sentence counts them and another says how long each is."""
        counted = self.lessons()
        for number, sentence in self._sentences if counted else ():
            text = measures(flat(sentence))
            each = _leads()["each one"].search(text)
            if counted and each and (value := hours_in(f"{counted[0]} x {text[each.end() :]}")) is not None:
                return value, number
        return None

    @staticmethod
    def _of_all(folded: str) -> float | tuple[float, float] | None:
        """The length of all lessons, where sentences state their number and how long each is: `10 lessons x 25 min`."""
        text = measures(folded)
        counted = _leads()["meetings"].search(text)
        each = _leads()["each"].match(text[counted.end() :]) if counted else None
        if not counted or not each or len(_leads()["length"].findall(text)) > 1:
            return None  # of a sum, `2 talks of 1h + 4 videos of 15 min`, it is a part
        return hours_in(f"{counted[1]} x {each[1]}")

    def lessons(self) -> tuple[int, int] | None:
        """How many lessons the course has: the one number that sentences state."""
        found: dict[int, int] = {}
        items = [part for part in self._parts if part[1] in self._items]
        for number, sentence in [*self._sentences, *items]:
            if number in self._labelled:
                continue  # what a field of another meaning says: `Status: inferred from 22 lessons`
            folded = in_figures(flat(sentence))
            for counted in _leads()["lessons"].finditer(folded):
                before = folded[: counted.start()]
                if counted[1] != "1" and not (
                    _leads()["lessons_before"].search(before) or _leads()["negation"].search(before)
                ):
                    found.setdefault(int(counted[1]), number)
        return next(iter(found.items())) if len(found) == 1 else None

    def length_near_title(self) -> tuple[float | tuple[float, float], int] | None:
        """A part of the first lines that is nothing but a length: `Oficina — 4 horas | Sábado`."""
        for number, part in self._parts:
            folded = in_figures(flat(part))
            found = _leads()["amount"].match(folded)
            if found and len(folded[found.end() :].split()) <= 1 and (value := hours_in(part)) is not None:
                return value, number
        return None

    @staticmethod
    def _of_a_part(clause: str) -> bool:
        """Whether a length is one lesson's: `aulas de 10 a 15 min`, `videos of 5 minutes`, `two hours a week`."""
        words = flat(clause).split()
        return any(vocabulary().kind_of(word) in {"lesson", "topic"} for word in words[:4]) or "clips" in words

    @staticmethod
    def _is_short(sentence: str) -> bool:
        return len(sentence.split()) < _SHORT_LINE and "," in sentence and not any(c in sentence for c in "?!")

    def level(self) -> tuple[Level, int] | None:
        for number, sentence in self._sentences:
            folded = flat(sentence)
            for lead in _leads()["level"].finditer(folded):
                if _leads()["negation"].search(folded[: lead.start()]):
                    continue
                near = sentence[lead.start() : lead.end() + _NEAR]
                level = level_in(_BUT_NEVER.sub("", flat(near)))
                if level is not None:
                    return level, number
        first = [(number, _LEADING.split(sentence)[0]) for number, sentence in self._sentences]
        clauses = [(n, part) for n, sentence in self._sentences for part in _LEADING.split(sentence)[1:]]
        first += [(n, part) for n, part in clauses if len(part.split()) < _FEW_WORDS]
        for number, part in [*self._parts, *first]:
            level = bare_level(part)
            if level is not None and "never" not in flat(part) and "nunca" not in flat(part):
                return level, number
        return None

    def modules(self) -> tuple[int, list[str], int] | None:
        """How many modules a sentence counts, and their names where it goes on to tell them."""
        for number, sentence in [*self._sentences, *self._parts]:
            for clause in re.split(r"[,;|·•]|\s/\s", sentence):
                if counted := _leads()["some modules"].match(in_figures(flat(clause))):
                    return int(counted[1]), [], number
        for number, text in self._texts:
            folded = in_figures(flat(text))
            counted = _leads()["modules"].search(folded)
            if counted is None:
                continue
            names = _ordinal_names(text)
            if not names and counted[2]:
                colon = text.find(":", min(len(text), max(0, counted.end() - 12)))
                tail = re.split(r"[.\n]", text[colon + 1 :], maxsplit=1)[0]
                mark = next((mark for mark in (r";\s*", r"\s+/\s+") if re.search(mark, tail)), None)
                names = [part.strip() for part in re.split(mark or r",\s*|\s+(?:e|y|and)\s+", tail) if part.strip()]
            return int(counted[1]), names if len(names) == int(counted[1]) else [], number
        return None

    def objectives(self) -> tuple[list[str], int] | None:
        """Objectives that one sentence lists: "vão conseguir fazer pão, guardar o fermento e vender"."""
        told = [part for part in self._sentences if not _leads()["title"].search(flat(part[1]))]
        for number, rest in self._after("objectives", told, longest=True):
            text = rest.strip(" :")
            enough = _leads()["enough"].search(flat(text))
            if items := listed_actions(text[: enough.start()] if enough else text):
                return list(items), number
        return None

    @staticmethod
    def _after(field: str, texts: Iterable[tuple[int, str]], *, longest: bool = False) -> Iterator[tuple[int, str]]:
        """What follows the leads of a field, sentence by sentence."""
        for number, text in texts:
            found = list(_leads()[field].finditer(flat(text)))
            for lead in reversed(found) if longest else found:
                yield number, text[lead.end() :]


def _over_two_lines(lines: list[Line]) -> Iterator[tuple[int, str]]:
    """Lines of plain text with the next one, where that goes on: "the price would be" over "forty dollars"."""
    for line, following in itertools.pairwise(lines):
        if (
            line.kind == following.kind == "text"
            and following.number == line.number + 1
            and not (line.value and line.label)
            and not (following.value and following.label)
            and _OPEN_END.search(line.text)
            and _GOES_ON.match(following.text)
        ):
            yield line.number, f"{line.text[:_MAX_TEXT]} {following.text[:_MAX_TEXT]}"


def _capital_run(text: str) -> str:
    """The title at the start of a text: up to a mark, or the words that begin with capitals and what joins them."""
    words = text.strip().split()
    if "," in text and len(words) <= _SHORT_LINE and not text.strip().endswith("."):
        bare = [word.strip(",") for word in words]
        if all(word[:1].isupper() or flat(word) in vocabulary().connectives for word in bare):
            return text.strip()  # "Sal, Água e Papel" is one title
    end = _TITLE_END.search(text)
    cut = text[: end.start()] if end else text
    if len(cut.split()) <= _MAX_TITLE_WORDS and not re.search(r"\s(?:tá|ta|né|ok)\s", cut):
        run = _run(cut)
        following = flat(cut[len(run) :]).split()
        if following and following[0] in {"e", "y", "and"} and len(run.split()) > 1:
            return run
        # Words in lower case that follow a title of several capitals are the sentence's.
        return run if len(run.split()) > 2 and sum(word[0].isupper() for word in run.split()) > 2 else cut.strip()  # noqa: PLR2004
    return _run(cut)


def _run(text: str) -> str:
    words: list[str] = []
    for word in text.split():
        if words and word[0].islower() and flat(word) not in vocabulary().connectives:
            break
        words.append(word)
    while len(words) > 1 and flat(words[-1]) in vocabulary().connectives and words[-1][0].islower():
        words.pop()
    return " ".join(words).strip(" .,:")


def _ordinal_names(text: str) -> list[str]:
    """Read “o primeiro é a massa e o segundo é o forno” as two names: an article, a word, and what is joined to it."""
    folded = flat(text)
    names = []
    for place, found in enumerate(_leads()["ordinal"].finditer(folded), 1):
        if vocabulary().ordinals[found[1]] != place:
            continue
        words = re.split(r"[.,;\n]", text[found.end() :], maxsplit=1)[0].split()
        name: list[str] = []
        for at, word in enumerate(words):
            is_joint = flat(word) in vocabulary().connectives
            follows_noun = bool(name) and flat(name[-1]) not in vocabulary().connectives
            if follows_noun and (not is_joint or flat(word) in _NO_JOINT):
                break
            name.append(word)
            if at > _SHORT_LINE:
                break
        names.append(" ".join(name))
    return [name for name in names if name]


def listed_actions(text: str) -> tuple[str, ...]:
    """The items of a sentence or cell that lists several actions; () if it lists none or one."""
    parts = [part.strip() for part in text.split(";")] if ";" in text else _listed(text)
    return tuple(part for part in parts if part) if len(parts) >= _FEWEST_ITEMS else ()


def _listed(text: str) -> list[str]:
    """The items of a listing sentence, each an action."""
    text = re.sub(r"^(?:how )?to\s+", "", text.strip().rstrip(".! "))
    if ":" in text[:40]:
        text = text.split(":", 1)[1].strip()
    parts = [part.strip(" ,;") for part in re.split(r"[,;]\s+(?:(?:e|y|and)\s+)?", text)]
    items: list[str] = []
    for part in parts:
        items += _actions(part)
    return [item for item in items if len(item.split()) > 1 or len(items) > _FEWEST_ITEMS]


def _actions(part: str) -> list[str]:
    folded = flat(part)
    starts = [found.start() for found in _leads()["infinitive"].finditer(folded)]
    starts = [
        at
        for at in starts
        if at == 0 or not re.search(r"(?:^|\s)(?:de|para|pra|sem|por|a|sin|al|ao|que|to|the|e o|y el)\s$", folded[:at])
    ]
    if not starts or starts[0] > 0:
        starts = [found.start() for found in re.finditer(rf"(?<!\w)[a-z]+(?= {_DETERMINERS} )", folded)]
        starts = [at for at in starts if folded[at:].split(" ")[0] not in vocabulary().connectives]
        if not starts or starts[0] > 0:
            return [piece for piece in re.split(r"\s+(?:e|y|and)\s+", part) if piece] if part else []
    pieces = [part[at:end].strip() for at, end in zip(starts, [*starts[1:], len(part)], strict=True)]
    cut = [re.sub(r"\s+(?:e|y|and)$", "", piece).strip(" ,") for piece in pieces]
    return [step for piece in cut for step in re.split(r"\s+and\s+(?=\w+ \w+)", piece)]
