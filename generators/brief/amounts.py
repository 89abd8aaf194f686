"""Hours, minutes, money, counts and levels as people write them."""

import re

from generators.brief.model import Level
from generators.languages import fold

_Hours = float | tuple[float, float]

_N = r"(\d{1,4}(?:[.,]\d{1,2})?)"
_RANGE = r"\s*(?:-|–|—|a|ate|to|e|ou)\s*"
_HOUR = r"(?:horas?|hours?|hrs?|hs|h)"
_MINUTE = r"(?:minutos?|minutes?|mins?|m|['’])"
_HOURS_RANGE = re.compile(rf"{_N}\s*{_HOUR}?{_RANGE}{_N}\+?\s*{_HOUR}\b(?!\s*\d)")
_HOURS_MINUTES = re.compile(rf"{_N}\s*{_HOUR}\s*(?:e|and|,|:)?\s*(\d{{1,2}})\s*{_MINUTE}?(?!\d|[.,]\d|[a-z])")
_HOURS = re.compile(rf"{_N}\+?\s*{_HOUR}(?![a-z])( e meia\b)?")
_TIMES = re.compile(
    r"(?<![\d.,])(\d{1,3})\s*(?:(?:encontros?|aulas?|sessoes|dias?|lives?|modulos?|lessons?|sessions?|videos?)"
    r"\s*(?:de|of|com|x|×)|[x×])\s*(?=\d)"
)
_MINUTES_RANGE = re.compile(rf"{_N}\s*{_MINUTE}?{_RANGE}{_N}\s*{_MINUTE}(?![a-z])")
_MINUTES = re.compile(rf"{_N}\s*{_MINUTE}(?![a-z])")
_CLOCK = re.compile(r"^(\d{1,2}):(\d{2})(:\d{2})?\s*(?:h|horas?)?$")
_PARENTHESES = re.compile(r"\([^()]*\)")
_PER = re.compile(
    r"/\s*(?:semana|sem|dia|mes|week|day|aula|lesson)|por (?:semana|dia|mes|aula)|semanais|per week|diari"
)
_MONEY = re.compile(r"(?:r\$|brl)\s*(\d{1,3}(?:\.\d{3})+|\d{1,7})(,\d{1,2}|\.\d{2}(?!\d))?\s*(mil\b|k\b)?")
_THE_ONE_TO_PAY = (
    re.compile(r"\b(?:por|agora)\b\D{0,12}" + _MONEY.pattern),
    re.compile(_MONEY.pattern + r"\s*a vista\b"),
    re.compile(r"\ba vista\b\D{0,12}" + _MONEY.pattern),
)
_REAIS = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d{1,7})(,\d{1,2})?\s*(mil)?\s*reais\b")
_INSTALMENTS = re.compile(r"\d{1,2}\s*x\s*(?:de\s*)?(?:r\$)?\s*[\d.,]+")
_COUNT = re.compile(r"(?<![\d.,])(\d{1,3})(?![\d.,]*\d)")
_NUMBERS_IN_WORDS = {
    "um": 1, "uma": 1, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8,
    "nove": 9, "dez": 10, "onze": 11, "doze": 12, "treze": 13, "catorze": 14, "quatorze": 14, "quinze": 15,
    "dezesseis": 16, "dezessete": 17, "dezoito": 18, "dezenove": 19, "vinte": 20,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12,
}  # fmt: skip
_COUNT_WORD = re.compile(rf"^\W*({'|'.join(_NUMBERS_IN_WORDS)})\b(?! (?:a|ou|e|to|ate)\b)")
_COUNT_RANGE = re.compile(r"\d+\s*(?:-|–|—|a|ate|to|ou)\s*\d+")
_MAX_TEXT = 600
_MAX_HOURS = 2_000
_MAX_COUNT = 999
_FEWEST_CLOCK_MINUTES = 5

_LEVELS: tuple[tuple[Level, re.Pattern[str]], ...] = (
    (
        "beginner",
        re.compile(
            r"\b(?:iniciantes?|iniciacao|basic[oa]|beginner|basic|do zero|nenhum|leig[oa]s?|introdutori[oa]|entry"
            r"|novat[oa]s?|principiantes?|fundamental|facil|easy|(?:esta[or]?|estao) comecando|primeiros passos"
            r"|nunca \w+|sem (?:nenhuma |qualquer )?(?:experiencia|pre requisitos?|pre-requisitos?|conhecimento))"
        ),
    ),
    ("intermediate", re.compile(r"\b(?:intermediari[oa]s?|intermedi[oa]|intermediate|medi[oa]|medium|moderado)\b")),
    ("advanced", re.compile(r"\b(?:avancad[oa]|advanced|senior|(?<!pouco )experientes?\b|dificil\b|hard\b)")),
    ("expert", re.compile(r"\b(?:experts?|especialistas?)\b")),
)


def hours_in(text: str) -> float | tuple[float, float] | None:
    """Hours of a course: `5h20min`, `~3.5 horas`, `6-7 horas`, `2h55 (175 min)`, `285 minutos`.

    What stands in parentheses explains and is looked at only if nothing else is stated. Hours per week are no total.
    """
    folded = fold(text[:_MAX_TEXT]).strip()
    outside = _PARENTHESES.sub(" ", folded)
    for part in (outside, folded):
        times = _TIMES.search(part)
        found = _hours_in((part[: times.start()] + " " + part[times.end() :] if times else part).strip())
        if found is not None:
            return _rounded(
                _times(int(times[1]), found) if times and _hours_in(part[: times.start()]) is None else found
            )
    return None


def _times(count: int, each: _Hours) -> _Hours | None:
    """`12 encontros de 50 min` states the whole as well as the part."""
    low, high = each if isinstance(each, tuple) else (each, each)
    return _plausible((count * low, count * high))


def _rounded(value: _Hours | None) -> _Hours | None:
    if isinstance(value, tuple):
        return round(value[0], 2), round(value[1], 2)
    return value if value is None else round(value, 2)


def minutes_in(text: str) -> int | None:
    """Minutes of a lesson or module: `15 min`, `1h30`, `60 min - síncrono`; of a range the upper bound's mean."""
    folded = fold(text[:_MAX_TEXT]).strip()
    clock = _CLOCK.match(folded)
    if clock and clock[3] is None and clock[0][-1].isdigit() and int(clock[1]) >= _FEWEST_CLOCK_MINUTES:
        return round(int(clock[1]) + int(clock[2]) / 60)  # a player's 12:30 is minutes and seconds
    minutes = _MINUTES.search(folded)
    if minutes and not _HOURS.search(folded):
        ranged = _MINUTES_RANGE.search(folded)
        if ranged:
            return round((_number(ranged[1]) + _number(ranged[2])) / 2)
        return round(_number(minutes[1]))
    hours = _hours_in(folded)
    if hours is None:
        return None
    return round(60 * (sum(hours) / 2 if isinstance(hours, tuple) else hours))


def _hours_in(text: str) -> _Hours | None:
    if _PER.search(text):
        text = re.sub(r"[\d.,\- a]*\s*(?:horas?|h|hours?)\s*(?:/|por |per )\s*\w+", " ", text)
    clock = _CLOCK.match(text)
    ranged = _HOURS_RANGE.search(text)
    both = _HOURS_MINUTES.search(text)
    single = _HOURS.search(text)
    value: _Hours | None = None
    first = min((found.start() for found in (ranged, both, single) if found), default=-1)
    if clock:
        value = int(clock[1]) + int(clock[2]) / 60
    elif both and both.start() == first:
        value = _number(both[1]) + int(both[2]) / 60
    elif ranged and ranged.start() == first:
        value = (_number(ranged[1]), _number(ranged[2]))
    elif single:
        value = _number(single[1]) + (0.5 if single[2] else 0)
    elif minutes_range := _MINUTES_RANGE.search(text):
        value = (_number(minutes_range[1]) / 60, _number(minutes_range[2]) / 60)
    elif minutes := _MINUTES.search(text):
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


def money_in(text: str) -> float | None:
    """Reais: the one amount stated; the price paid at once where instalments stand beside it.

    None for a range, or several amounts of which none is marked as the one to pay ("de … por …", "à vista").
    """
    folded = fold(text[:_MAX_TEXT])
    plain = _INSTALMENTS.sub(" ", folded)
    amounts = [_amount(found) for found in _MONEY.finditer(plain)]
    amounts = amounts or [_amount(found) for found in _REAIS.finditer(plain)]
    if re.search(r"(?:r\$\s*)?\d[\d.,]*\s*(?:-|–|—|a|ate)\s*(?:r\$\s*)?\d", plain):
        return None
    if not amounts:
        return 0.0 if re.search(r"\b(?:gratuit[oa]|gratis|free|sem custo)\b", folded) else None
    if len(set(amounts)) == 1:
        return amounts[0]
    marked = next((found for pattern in _THE_ONE_TO_PAY if (found := pattern.search(plain))), None)
    return _amount_of(marked[1], marked[2], marked[3]) if marked else None


def _amount(found: re.Match[str]) -> float:
    return _amount_of(found[1], found[2], found[3])


def _amount_of(whole: str, cents: str | None, thousands: str | None) -> float:
    value = float(whole.replace(".", "") + (cents or "").replace(",", "."))
    return value * 1000 if thousands else value


def count_in(text: str) -> int | None:
    """The first whole number; None where a range is stated instead of a number."""
    plain = _PARENTHESES.sub(" ", fold(text[:_MAX_TEXT]))
    if _COUNT_RANGE.search(plain):
        return None
    if word := _COUNT_WORD.match(plain):
        return _NUMBERS_IN_WORDS[word[1]]
    found = _COUNT.search(plain)
    return int(found[1]) if found and 0 < int(found[1]) <= _MAX_COUNT else None


def level_in(text: str) -> Level | None:
    """The first level that a text names, reading from its start and parentheses last."""
    folded = fold(text[:_MAX_TEXT])
    for part in (_PARENTHESES.sub(" ", folded), folded):
        hits = [(found.start(), level) for level, pattern in _LEVELS if (found := pattern.search(part))]
        if hits:
            return min(hits)[1]
    return None
