"""Hours, minutes, money, counts and levels as people write them, in any language of the vocabulary."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from generators.languages import Vocabulary, fold, vocabulary

Level = Literal["beginner", "intermediate", "advanced", "expert"]

_Hours = float | tuple[float, float]

_MAX_TEXT = 600
_MAX_HOURS = 2_000
_MAX_COUNT = 999
_NEAR = 60
FEWEST_CLOCK_MINUTES = 5
_MINUTES_A_DAY = 24 * 60
_PARENTHESES = re.compile(r"\([^()]*\)")
_INCLUDED = re.compile(r"\([^()]*\binclu[^()]*\)?")
_PAY_AT_ONCE = re.compile(r"\b(?:a vista|now|al contado)\b\D{0,12}$")
_ARROW = re.compile(r"\s*(?:→|->|=>|➜)\s*")
_BARE_AMOUNT = re.compile(r"^(\d{1,3}(?:[.,]\d{3})+|\d{1,6})(?:[,.]\d{2})?$")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its currency (ISO 4217 where it is known), None where nothing tells it."""

    amount: float
    currency: str | None = None


class _Patterns:
    """The patterns over folded text that the vocabulary's units, currencies and levels make."""

    def __init__(self) -> None:
        words = vocabulary()
        n = r"(\d{1,4}(?:[.,]\d{1,2})?)"
        to = rf"\s*(?:-|–|—|{words.pattern('units', 'range')})\s*"
        hour = rf"(?:{words.pattern('units', 'hour')})"
        minute = rf"(?:{words.pattern('units', 'minute')}|['’])"
        half = "|".join(words.all("units", "half")) or "(?!)"
        both = words.pattern("units", "and")
        of = words.pattern("units", "of")
        period = words.pattern("units", "period")
        self.hours_range = re.compile(rf"{n}\s*{hour}?{to}{n}\+?\s*{hour}\b(?!\s*\d)")
        self.hours_minutes = re.compile(
            rf"{n}\s*{hour}\s*(?:(?:{both})\b|,|:)?\s*(\d{{1,2}})\s*{minute}?(?!\d|[.,]\d|[a-z])"
        )
        self.half_before = re.compile(rf"(?<![\d.,])(\d{{1,3}}) (?:{half}) (?={hour}\b)")
        self.and_half = re.compile(rf"(?<![\d.,] )(?<![\d.,a-z])(?={hour} (?:{half})\b)")
        self.hours = re.compile(rf"{n}\+?(?:\s*|-){hour}(?![a-z])( (?:{half})\b)?")
        self.minutes_range = re.compile(rf"{n}\s*{minute}?{to}{n}\s*{minute}(?![a-z])")
        self.minutes = re.compile(rf"{n}(?:\s*|-){minute}(?![a-z])")
        self.seconds = re.compile(rf"{n}(?:\s*|-)(?:{words.pattern('units', 'second')})(?![a-z])")
        self.times = re.compile(rf"(?<![\d.,])(\d{{1,3}})\s*(?:(?!{hour}\b)[a-z]+\s*(?:{of}|×)|[x×])\s*(?=\d)")
        each = "each|cada"
        self.each = re.compile(
            rf"(?<![\d.,])(\d{{1,3}})\s+(?!{hour}\b)[a-z]+(?: [a-z]+)?,?\s+(?:(?:{of})\s+)?"
            rf"({n}\s*(?:{hour}|{minute})(?: (?:{half})\b)?)\s*(?:{each})\b"
        )
        self.weeks = re.compile(rf"(?<![\d.,])(\d{{1,3}})(?:\s*|-)(?:{words.pattern('units', 'week')})\b")
        per = rf"\s*(?:/|(?:{words.pattern('units', 'per')})\s)\s*"
        unit = rf"(?:{hour}|{minute})"
        self.per = re.compile(
            rf"(?:{n}{to})?{n}(?:\s*{unit}\s+(?:{period})\b|[\s-]*{unit}(?: [a-z]+){{0,2}}?{per}(?:{period})\b)"
        )
        self.clock = re.compile(rf"^(\d{{1,2}}):(\d{{2}})(:\d{{2}})?\s*{hour}?$")
        self.clock_range = re.compile(
            r"(?<!\d)(\d{1,2})[:h](\d{2})?\s*(?:-|–|—|as|a|to|ate|hasta)\s*(\d{1,2})[:h](\d{2})?(?!\d)"
        )
        # A day's clock, `9h às 12h30`, `18:30 - 21:00`; `6h a 8h` is how long something takes.
        self.day_range = re.compile(
            r"(?<!\d)(\d{1,2})(?:[:h](\d{2})|h)\s*as\s*(\d{1,2})(?:[:h](\d{2})|h)(?!\d)"
            r"|(?<!\d)(\d{1,2}):(\d{2})\s*(?:-|–|—|a|to|ate|hasta)\s*(\d{1,2}):(\d{2})(?!\d)"
        )
        self._numbers(words.numbers, f"{hour}|{minute}")
        self._money(words)
        self.levels = {level: re.compile(rf"\b(?:{words.pattern('levels', level)})") for level in get_args(Level)}

    def _numbers(self, numbers: dict[str, int], units: str) -> None:
        words = vocabulary()
        word = "|".join(sorted(set(numbers) - words.articles, key=len, reverse=True))
        article = "|".join(words.articles)
        joined = "|".join(words.all("units", "and"))
        weeks = words.pattern("units", "week")
        self.in_words = re.compile(
            rf"\b(?<!\d )(?:(?:(?:{article}) (?=hundred|thousand))?(?:{word})(?:(?: (?:{joined}) |[ -])(?:{word}))*"
            rf"|(?:{article})(?= (?:{units})\b))(?![a-z]|-(?!(?:{units}|{weeks})\b))"
        )
        self.count = re.compile(r"(?<![\d.,])(\d{1,3})(?![\d.,]*\d)")
        self.count_range = re.compile(r"\d+\s*(?:-|–|—|a|ate|to|ou|or|o|hasta)\s*\d+")

    def _money(self, words: Vocabulary) -> None:
        codes: dict[str, str] = {}
        for language in words.languages.values():
            for code, names in language["currencies"].items():
                for name in names:
                    codes.setdefault(name, code)
        self.codes = {**codes, "$": "$"}
        sign = "|".join(re.escape(name) for name in sorted(self.codes, key=len, reverse=True))
        iso = "|".join(sorted(code for code in self.codes if re.fullmatch("[a-z]{3}", code)))
        number = r"(\d{1,3}(?:[.,]\d{3})+(?!\d)(?:[.,]\d{1,2}(?!\d))?|\d{1,7}(?:[.,]\d{1,2}(?!\d))?)"
        thousand = rf"\s*(?:{words.pattern('price', 'thousand')})\b"
        before = rf"(?<![a-z])(?P<sign>{sign})\s*(?P<n>{number})(?P<nk>{thousand})?(?:\s*(?P<iso>{iso})\b)?"
        after = rf"(?<![\d.,])(?P<m>{number})(?P<mk>{thousand})?\s*(?P<name>{sign})(?![a-z])"
        self.money = re.compile(f"{before}|{after}")
        both = words.pattern("units", "and")
        amount = rf"(?:{sign})?\s*\d[\d.,]*\d?(?:\s*(?:{sign})(?![a-z]))?"
        times = words.pattern("price", "instalments")
        self.instalments = re.compile(rf"\d{{1,2}}\s*(?:{times})\s*(?:de|of|por|at)?\s*{amount}")
        self.money_range = re.compile(
            rf"(?:{sign})?\s*\d[\d.,]*\s*(?:-|–|—|a|ate|to|hasta)\s*(?:{sign})?\s*\d"
            rf"|\b(?:entre|between) (?:{sign})?\s*\d[\d.,]*\s*(?:{sign})?\s*(?:{both})\s*(?:{sign})?\s*\d"
        )
        self.decided = re.compile(rf"\((?:{words.pattern('price', 'decided')})\b[^()]*\)")
        self.unit_after = re.compile(
            rf"^\s*(?:/|(?:{words.pattern('units', 'per')})\s)\s*(?:{words.pattern('units', 'period')})\b"
        )
        pay = words.pattern("price", "pay")
        self.pay_before = re.compile(rf"\b(?:{pay})\D{{0,8}}$")
        self.was_before = re.compile(rf"\b(?:{words.pattern('price', 'was')})\s*$")
        self.pay_after = re.compile(r"^\s*(?:a vista|al contado|upfront)\b")
        self.regular = re.compile(
            rf"^\W*(?:{words.pattern('price', 'regular')})\b|(?:{words.pattern('price', 'regular')})\W*$"
        )
        self.conditional = re.compile(rf"\W*(?:[a-z]+ )?(?:{words.pattern('price', 'conditional')})(?!\w)")
        self.free = re.compile(rf"\b(?:{words.pattern('free')})\b")
        self.other = re.compile(rf"(?<![a-z])(?:{words.pattern('price', 'other')})(?![a-z])")


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    return _Patterns()


def in_figures(folded: str) -> str:
    """A folded text with its number words as figures; a lone article counts before a unit only ("an hour")."""

    def figure(found: re.Match[str]) -> str:
        value = vocabulary().number(found[0])
        return found[0] if value is None else str(value)

    return _patterns().in_words.sub(figure, folded)


def hours_in(text: str) -> float | tuple[float, float] | None:
    """Hours of a course: `5h20min`, `6-7 horas`, `2h55 (175 min)`, `umas 6 horinhas`, `8 weeks, 2 h a week`.

    What stands in parentheses explains and is looked at only if nothing else is stated. Hours per week are a total
    only beside a number of weeks.
    """
    patterns = _patterns()
    folded = measures(fold(text[:_MAX_TEXT]).strip())
    if patterns.per.search(folded) and patterns.weeks.search(folded):
        return weekly_total(text)
    if of_each := patterns.each.search(folded):
        part_of = _hours_in(of_each[2])
        return _rounded(_times(int(of_each[1]), part_of)) if part_of is not None else None
    for part in (_PARENTHESES.sub(" ", folded), folded):
        found = _part_hours(patterns.per.sub(" ", part))
        if found is not None:
            return _rounded(found)
    return None


def measures(folded: str) -> str:
    """A folded text with amounts in figures: `two and a half hours` is `2.5 hours`, `hora y media` `1 hora y media`."""
    patterns = _patterns()
    return patterns.and_half.sub("1 ", patterns.half_before.sub(r"\1.5 ", in_figures(folded)))


def weekly_total(text: str) -> _Hours | None:
    """The whole of what is stated by the week beside a number of weeks, `8 weeks, 2 h a week`; None otherwise."""
    folded = measures(fold(text[:_MAX_TEXT]).strip())
    weekly, weeks = _patterns().per.search(folded), _patterns().weeks.search(folded)
    each = _hours_in(weekly[0]) if weekly and weeks else None
    return _rounded(_times(int(weeks[1]), each)) if weeks and each is not None else None


def _part_hours(text: str) -> _Hours | None:
    times = _patterns().times.search(text)
    if times is None:
        return _hours_in(text.strip())
    stated = _hours_in(text[: times.start()])
    if stated is not None:
        return stated
    each = _hours_in(text[times.end() :].strip())
    return _times(int(times[1]), each) if each is not None else _hours_in(text)


def _times(count: int, each: _Hours) -> _Hours | None:
    """`12 encontros de 50 min` states the whole as well as the part."""
    low, high = each if isinstance(each, tuple) else (each, each)
    return _plausible((count * low, count * high))


def _rounded(value: _Hours | None) -> _Hours | None:
    if isinstance(value, tuple):
        return round(value[0], 2), round(value[1], 2)
    return value if value is None else round(value, 2)


def minutes_in(text: str) -> int | None:
    """Minutes of a lesson or module: `15 min`, `1h30`, `60 min - síncrono`, `09:00-09:45`; of a range the mean."""
    folded = in_figures(fold(text[:_MAX_TEXT]).strip())
    patterns = _patterns()
    clock = patterns.clock.match(folded)
    if clock and clock[3] is None and clock[0][-1].isdigit() and int(clock[1]) >= FEWEST_CLOCK_MINUTES:
        return round(int(clock[1]) + int(clock[2]) / 60)  # a player's 12:30 is minutes and seconds
    if between := patterns.clock_range.search(folded):
        start, end = (60 * int(between[at]) + int(between[at + 1] or 0) for at in (1, 3))
        return end - start if 0 < end - start < _MINUTES_A_DAY else None
    minutes = patterns.minutes.search(folded)
    if minutes and not patterns.hours.search(folded):
        ranged = patterns.minutes_range.search(folded)
        if ranged:
            return round((_number(ranged[1]) + _number(ranged[2])) / 2)
        return round(_number(minutes[1]))
    hours = _hours_in(folded)
    if hours is None:
        seconds = patterns.seconds.search(folded)
        return (round(_number(seconds[1]) / 60) or None) if seconds else None
    return round(60 * (sum(hours) / 2 if isinstance(hours, tuple) else hours))


def _hours_in(text: str) -> _Hours | None:
    patterns = _patterns()
    clock = patterns.clock.match(text)
    if between := patterns.day_range.search(text):
        first, past, last, over = (
            int(part or 0) for part in (between.groups()[:4] if between[1] else between.groups()[4:])
        )
        return _plausible((60 * (last - first) + over - past) / 60)
    ranged = patterns.hours_range.search(text)
    both = patterns.hours_minutes.search(text)
    single = patterns.hours.search(text)
    value: _Hours | None = None
    first = min((found.start() for found in (ranged, both, single) if found), default=-1)
    if clock:
        value = int(clock[1]) + int(clock[2]) / 60 + int((clock[3] or ":0")[1:]) / 3600
    elif both and both.start() == first:
        value = _number(both[1]) + int(both[2]) / 60
    elif ranged and ranged.start() == first:
        value = (_number(ranged[1]), _number(ranged[2]))
    elif single:
        value = _number(single[1]) + (0.5 if single[2] else 0)
    elif minutes_range := patterns.minutes_range.search(text):
        value = (_number(minutes_range[1]) / 60, _number(minutes_range[2]) / 60)
    elif minutes := patterns.minutes.search(text):
        value = _number(minutes[1]) / 60
    return _plausible(value)


def _plausible(value: _Hours | None) -> _Hours | None:
    if isinstance(value, tuple):
        low, high = value
        if low == high:
            value = low
        elif not 0 < low < high <= _MAX_HOURS:
            return None
        else:
            return low, high
    if value is None or not 0 < value <= _MAX_HOURS:
        return None
    return value


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def price_in(text: str) -> Money | None:
    """The one amount stated, in any currency; the price paid at once where instalments stand beside it.

    None for a range, for money that is not the price (revenue, a tool's cost, what a competitor takes), or for several
    amounts of which none is marked as the one to pay ("de … por …", "à vista", "$49 → $39 launch": the first).
    """
    folded = in_figures(fold(text[:_MAX_TEXT]))
    patterns = _patterns()
    plain = patterns.instalments.sub(lambda found: " " * len(found[0]), folded)
    outside = _PARENTHESES.sub(lambda found: " " * len(found[0]), plain)
    plain = outside if patterns.money.search(outside) else plain
    found = [amount for amount in patterns.money.finditer(plain) if not _is_other(plain, amount)]
    if patterns.money_range.search(plain):
        decided = patterns.decided.search(folded)
        return price_in(decided[0].strip("()")) if decided else None
    whole = [amount for amount in found if not patterns.unit_after.search(plain[amount.end() :])]
    found = whole or found
    if not found:
        return Money(0.0) if patterns.free.search(folded) else None
    current = [amount for amount in found if not patterns.was_before.search(plain[: amount.start()])]
    found = current or found
    values = [_money(amount) for amount in found]
    if len({value.amount for value in values}) == 1:
        return values[0]
    return _the_one_to_pay(folded, plain, found, values)


def _the_one_to_pay(folded: str, plain: str, found: list[re.Match[str]], values: list[Money]) -> Money | None:
    patterns = _patterns()
    marks: tuple[Callable[[int, re.Match[str]], object], ...] = (
        lambda _, amount: patterns.pay_after.search(plain[amount.end() :]),
        lambda place, amount: place and patterns.pay_before.search(plain[: amount.start()]),
        lambda _, amount: _PAY_AT_ONCE.search(plain[: amount.start()]),
        lambda _, amount: (
            patterns.regular.search(folded[amount.end() : amount.end() + _NEAR])
            or patterns.regular.search(folded[max(0, amount.start() - _NEAR) : amount.start()])
        ),
    )
    for is_marked in marks:
        for place, amount in enumerate(found):
            if is_marked(place, amount):
                return values[place]
    if _ARROW.fullmatch(plain[found[0].end() : found[1].start()]):
        return values[0]
    # What else is for some only ("R$ 39 pra quem …"), or the same in other money ("39 USD / 36 EUR").
    is_other = values[0].currency not in {None, *(value.currency for value in values[1:])}
    if is_other or all(patterns.conditional.match(plain[amount.end() :]) for amount in found[1:]):
        return values[0]
    return None


def is_other_money(text: str) -> bool:
    """Whether a sentence speaks of money that is no price: revenue, costs, a competitor's."""
    return _patterns().other.search(fold(text[:_MAX_TEXT])) is not None


def _is_other(text: str, amount: re.Match[str]) -> bool:
    """Whether the clause that an amount stands in speaks of other money than the price."""
    start = max(text.rfind(mark, 0, amount.start()) for mark in (",", ";", "(", ". ", "\n", "→")) + 1
    ends = [at for mark in (", ", ";", ")", ". ", "\n", "→") if (at := text.find(mark, amount.end())) != -1]
    clause = text[max(start, amount.start() - _NEAR) : min([*ends, amount.end() + _NEAR // 2])]
    clause = _INCLUDED.sub(" ", clause)
    if _patterns().free.search(clause):
        clause = _patterns().free.sub(" ", clause)
    return _patterns().other.search(clause) is not None


def _money(found: re.Match[str]) -> Money:
    text = found["n"] or found["m"]
    return Money(
        _amount(text) * (1000 if found["nk"] or found["mk"] else 1),
        _patterns().codes[found["iso"] or found["sign"] or found["name"]],
    )


def _amount(text: str) -> float:
    """`1.997,00`, `1,299.00`, `97.50`, `1.250`: three digits behind a mark are thousands, one or two are cents."""
    head, mark, tail = text, "", ""
    if len(text) > 2 and (cut := max(text.rfind("."), text.rfind(","))) != -1 and len(text) - cut - 1 <= 2:  # noqa: PLR2004
        head, mark, tail = text[:cut], ".", text[cut + 1 :]
    return float(head.replace(".", "").replace(",", "") + mark + tail)


def money_in(text: str) -> float | None:
    """The amount of `price_in`."""
    found = price_in(text)
    return found.amount if found else None


def bare_amount(text: str) -> Money | None:
    """What is nothing but a number, as the answer of a field that asks for money."""
    found = _BARE_AMOUNT.match(text.strip())
    return Money(_amount(text.strip())) if found else None


def count_in(text: str) -> int | None:
    """The first whole number, in figures or words; None where a range is stated instead of a number."""
    plain = in_figures(_PARENTHESES.sub(" ", fold(text[:_MAX_TEXT])).strip(" *_~"))
    patterns = _patterns()
    if patterns.count_range.search(plain):
        return None
    found = patterns.count.search(plain)
    if found is None:
        return vocabulary().number(plain.split(" ")[0]) if plain else None
    return int(found[1]) if 0 < int(found[1]) <= _MAX_COUNT else None


def level_in(text: str) -> Level | None:
    """The first level that a text names, reading from its start and parentheses last; the lowest of a range."""
    folded = fold(text[:_MAX_TEXT])
    for part in (_PARENTHESES.sub(" ", folded), folded):
        hits = [
            (found.start(), level) for level, pattern in _patterns().levels.items() if (found := pattern.search(part))
        ]
        if hits:
            first: Level = min(hits)[1]
            return first
    return None


def bare_level(text: str) -> Level | None:
    """The level that a text names if it says nothing else: `Beginner`, `nível básico`."""
    folded = re.sub(r"^\W*(?:nivel|level|para|pra|for)\s+|\s+level\W*$", "", fold(text[:_MAX_TEXT])).strip(" .!")
    found = [level for level, pattern in _patterns().levels.items() if pattern.fullmatch(folded)]
    return found[0] if found else None
