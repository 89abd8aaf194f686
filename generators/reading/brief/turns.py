"""Conversations as statements: an answer stands beside the name of the field that it was asked for.

Whoever asks, a person in a chat, an interviewer, a form with its answers below or a lone label over its value, the
question tells the field and the answer has to be a value of it: "quantas aulas?" over "12" becomes `lessons: 12`. An
answer that is no such value ("let me think", somebody else's price) leaves both lines as they were.
"""

import itertools
import re
from collections import Counter
from functools import lru_cache

from generators.languages import vocabulary
from generators.reading.amounts import hours_in, in_figures, is_other_money, level_in, price_in
from generators.reading.brief.prose import NAME, flat, tells_of_another
from generators.reading.markdown.label import label_key
from generators.reading.placeholder import stated, undecorated

_STAMP = re.compile(
    r"^\s*(?:\[\d{1,4}[^\]]{3,30}\]\s*([^:\n]{1,40}):"
    r"|\d{1,2}[/.]\d{1,2}[/.]\d{2,4},? \d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp]\.?[Mm]\.?)? - ([^:\n]{1,40}):"
    r"|[(\[]?\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?[)\]]?[\s-]+([^\W\d][^:\n\d]{0,30}):)\s?"
)
_STAMP_ALONE = re.compile(
    r"^\s*(?:([^\s\[\]:][^\[\]:\n]{0,40}), \[[^\]\n]{0,30}\d{1,2}:\d{2}[^\]\n]{0,10}\]"
    r"|\*\*([^*\n:]{1,40})\*\*\s+\d{1,2}:\d{2}(?: ?[AaPp][Mm])?"
    r"|([^\W\d][^\d:.,;!?\n]{0,30}?)\s*(?:[—–|·-]|\(|\s)\s*(?:\w{2,10} (?:at|as|às|a las) )?"
    r"\d{1,2}:\d{2}(?: ?[AaPp][Mm])?\)?:?)\s*$"
)
_SPEAKER = re.compile(r"^\s*(?:[-•]\s+)?(\*\*)?([^\W\d][\w .'’-]{0,24}?)(?:\1?:\1?|\1\s*:)\s*(?=\S)")
_ASKS = re.compile(r"^(?:P|Q|Pergunta|Pregunta|Question)$", re.IGNORECASE)
_ANSWERS = re.compile(r"^(?:R|A|Resposta|Respuesta|Answer)$", re.IGNORECASE)
_QUESTION = re.compile(r"\?[\s*_)\"'”»\W]*$")
_QUOTED_QUESTION = re.compile(r"^\s*>\s*(?:\d{1,2}[.)]\s*)?([^>\n]*?\?)(?:\s.*)?$")
_SENTENCE_END = re.compile(r"[.!;]\s|\s[-–—]\s")
_MARKUP = re.compile(r"^\s*(?:[#|>`~]|[-*+•]\s|[☐☑☒\[]|\s{4}|\t)")
_BOX = re.compile(r"^\s*(?:[-*]\s+)?[(\[]([xX✓ ]?)[)\]]\s*(\S.*)$")
_ASIDE = re.compile(r"\s*\([^()]*\)\s*\*?$")
_OPTION = re.compile(r"^\s*(?:\d{1,2}[.)]\s|\([xX✓ ]?\)|[a-z]\)\s)")  # of a list or a form, no answer by itself
_QUOTED = re.compile(r"[\"“«]([^\"”»]{2,120})[\"”»]")
_NEGATED = re.compile(r"\W*(?:nao|not|no|never|nunca)\b")
_NUMBER = re.compile(r"(?<![\d.,:/])\d{1,3}(?![\d.,:/]*\d)")
_AMOUNT = re.compile(r"(?<![\d.,:/])\d{1,3}(?:[.,]\d{3})+(?!\d)|(?<![\d.,:/])\d{1,6}(?:[.,]\d{1,2})?(?![\d.,:/]*\d)")
_SCALARS = ("title", "instructor", "duration", "modules", "lessons", "level", "price")
_FEWEST_TURNS = 2
_FEW_SPEAKERS = 6
_MAX_LINE = 400
_MAX_LABEL_WORDS = 4
_MAX_ANSWER_WORDS = 7
_MAX_TITLE_WORDS = 9
_ANSWERS_AHEAD = 3


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    words = vocabulary()
    units = [word for unit in ("hour", "minute", "week") for word in words.all("units", unit)]
    parts = {"lessons": words.part_words("lesson", "meeting"), "modules": words.part_words("module") - {*units}}
    many = "|".join(words.all("asks", "many"))
    found = {
        field: re.compile(rf"(?<!\w)(?:{'|'.join(words.all('asks', field))})(?!\w)")
        for field in (
            "title",
            "instructor",
            "duration",
            "level",
            "price",
            "another",
            "unsure",
            "yes",
            "no",
            "open question",
            "me",
        )
    }
    for field, names in parts.items():
        any_name = "|".join(sorted(names, key=len, reverse=True))
        found[field] = re.compile(rf"(?<!\w)(?:{many}) (?:\w+ ){{0,2}}?(?:{any_name})(?!\w)")
        found[f"{field} counted"] = re.compile(rf"(?<![\d.,:/])(\d{{1,3}}) (?:[a-z]+ )?(?:{any_name})(?!\w)")
    hours = "|".join(words.all("units", "hour"))
    found["hours asked"] = re.compile(rf"(?<!\w)(?:{many}) (?:\w+ ){{0,1}}?(?:{hours})(?!\w)")
    found["and a half"] = re.compile(rf"(?<=\d) (?:{'|'.join(words.all('units', 'half'))})(?!\w)")
    found["hedge"] = re.compile(rf"^(?:\W*(?:{'|'.join(words.all('asks', 'hedge'))})(?!\w)[\s,.…]*)+")
    money = [
        name for language in words.languages.values() for names in language["currencies"].values() for name in names
    ]
    others = "|".join(
        re.escape(unit)
        for unit in sorted(
            {*units, *money, *words.part_words("part", "module", "meeting", "lesson", "topic")}, key=len, reverse=True
        )
    )
    found["other unit"] = re.compile(
        rf"\d\s*-?(?:{others})(?![a-z])|(?:r\$|[$€£])\s*\d|\d\s*(?:%|[x/]|people|pessoas|personas)"
    )
    return found


def conversation(lines: list[str], author: str | None = None) -> list[str]:
    """Lines without the times and names of a chat, and with every answer beside what it was asked for.

    Args:
        lines: those of the file, with a chat's times and names.
        author: who wrote the lines that no speaker is named for.
    """
    said, speakers = _spoken(lines)
    return _answered([_with_name(line, who or author) for line, who in zip(said, speakers, strict=True)], speakers)


def _with_name(line: str, who: str | None) -> str:
    """`lo doy yo` as the name of who says it."""
    me = _patterns()["me"].search(flat(line)) if who and len(line.split()) <= _MAX_TITLE_WORDS else None
    return f"instructor: {who}" if me and NAME.fullmatch(who or "") and not NAME.search(line[me.end() :]) else line


def counted_field(label: str) -> str | None:
    """What a label counts: `Nº de unidades` modules; None where it counts nothing of a course."""
    key = label_key(label)
    return next((field for field in ("modules", "lessons") if _patterns()[field].fullmatch(key)), None)


def _spoken(lines: list[str]) -> tuple[list[str], list[str | None]]:
    """What was said, line for line, and by whom; None where nobody is named."""
    said = list(lines)
    speakers: list[str | None] = [None] * len(lines)
    named = _speakers(lines)
    # Lessons over each other with their lengths, `Knots 12:30`, are no names over what they said.
    stamped = [_STAMP_ALONE.match(line) is not None for line in lines]
    alone = sum(stamped) >= _FEWEST_TURNS and not any(one and below for one, below in itertools.pairwise(stamped))
    replied = _is_reply(lines)
    who: str | None = "" if replied else None
    for place, line in enumerate(lines):
        if stamp := _STAMP.match(line):
            who, said[place] = next(filter(None, stamp.groups())).strip(), line[stamp.end() :]
        elif alone and (stamp := _STAMP_ALONE.match(line)):
            who, said[place] = next(filter(None, stamp.groups())).strip(), ""
        elif (turn := _SPEAKER.match(line)) and turn[2].strip() in named:
            who, said[place] = turn[2].strip(), line[turn.end() :]
        elif replied and (quoted := _QUOTED_QUESTION.match(line)):
            speakers[place], said[place] = ">", quoted[1]
            continue
        speakers[place] = who
    return said, speakers


def _is_reply(lines: list[str]) -> bool:
    """Whether a mail answers between the questions that it quotes."""
    said = [line for line in lines if line.strip()]
    return (
        sum(
            _QUOTED_QUESTION.match(line) is not None and not below.lstrip().startswith(">")
            for line, below in itertools.pairwise(said)
        )
        >= _FEWEST_TURNS
    )


def _speakers(lines: list[str]) -> frozenset[str]:
    """Names before a colon that take turns and mean no field: `Rita: quantas aulas?` over `Otávio: 12`."""
    turns = [(turn[2].strip(), line) for line in lines if (turn := _SPEAKER.match(line))]
    asked = {name for name, line in turns if _QUESTION.search(line)}
    pair = {name for name, _ in turns if _ASKS.match(name) or _ANSWERS.match(name)}
    counted = Counter(name for name, _ in turns)
    often = {
        name
        for name, count in counted.items()
        if count >= _FEWEST_TURNS and not vocabulary().fields(label_key(name)) and not vocabulary().numbered(name)
    }
    is_talk = len(often) >= _FEWEST_TURNS and len(often) <= _FEW_SPEAKERS and often & asked
    return frozenset((often if is_talk else set()) | (pair if pair & asked and len(pair) > 1 else set()))


@lru_cache(maxsize=4096)
def asked_field(text: str) -> str | None:
    """The one field that a question or a label asks for; None for none, several, or what is asked about another."""
    patterns = _patterns()
    key = label_key(text)
    found = {field for field in _SCALARS if patterns[field].search(key)}
    meant = vocabulary().fields(key).intersection(_SCALARS)
    if len(found) > 1 or (not found and len(meant) > 1):
        return None
    if tells_of_another(key) or (patterns["another"].search(key) and "level" not in {*found, *meant}):
        return None
    return next(iter(meant if len(meant) == 1 else found), None)


def _answered(lines: list[str], speakers: list[str | None]) -> list[str]:
    kept = list(lines)
    fenced = _fenced(lines)
    for place, line in enumerate(lines):
        if len(line) > _MAX_LINE or fenced[place] or not kept[place].strip() or line.lstrip().startswith("#"):
            continue
        text = _ASIDE.sub("", line.strip()).strip("*_ ")
        is_question = _QUESTION.search(text) is not None
        if not is_question and (_MARKUP.match(line) or not _is_lone_label(text)):
            continue
        if is_question and (ticked := _ticked(kept, place)):
            kept[place : place + 1 + ticked[1]] = [f"{asked_field(text)}: {ticked[0]}", *[""] * ticked[1]]
            continue
        ahead = _answers_to(kept, speakers, place, fenced)
        if not is_question and not _is_stacked(lines, place, ahead):
            continue
        field = asked_field(text)
        for at in ahead if field else ():
            answer = value_of(field or "", kept[at], text)
            if answer is not None:
                kept[place] = f"{field}: {answer}"
                kept[at] = "" if len(kept[at].split()) <= _MAX_ANSWER_WORDS else kept[at]
                break
            if not is_question:
                break
        else:
            if is_question and ahead and not _confirmed(kept, place, ahead[0]):
                _beside(kept, speakers, place, ahead[0])
    return kept


def _fenced(lines: list[str]) -> list[bool]:
    found, inside = [], False
    for line in lines:
        is_fence = line.lstrip().startswith(("```", "~~~"))
        inside = inside != is_fence
        found.append(inside or is_fence)
    return found


def _is_lone_label(text: str) -> bool:
    """Whether a line is nothing but the name of a field, with the value below: `Teacher` over `Lida Farrow`."""
    if (
        not text
        or text.isupper()
        or text[0].isdigit()
        or text[-1] in ".,;!…"
        or ":" in text[:-1]
        or len(text.split()) > _MAX_LABEL_WORDS
    ):
        return False
    return len(vocabulary().fields(label_key(text)).intersection(_SCALARS)) == 1


def _ticked(lines: list[str], place: int) -> tuple[str, int] | None:
    """The one ticked option of those right below a question about a field, and how many lines the options take."""
    options = list(itertools.takewhile(lambda option: option, map(_BOX.match, lines[place + 1 : place + 12])))
    chosen = [option for option in options if option and option[1].strip()]
    if len(options) < _FEWEST_TURNS or len(chosen) != 1 or asked_field(lines[place]) is None:
        return None
    return chosen[0][2].strip(), len(options)


def _is_stacked(lines: list[str], place: int, ahead: list[int]) -> bool:
    """Whether a lone label stands among others without blank lines; between blank lines it is a heading."""
    after = ahead[0] + 1 if ahead else len(lines)
    return bool(place and lines[place - 1].strip()) or bool(after < len(lines) and lines[after].strip())


def _answers_to(lines: list[str], speakers: list[str | None], place: int, fenced: list[bool]) -> list[int]:
    """Places of the lines that may answer: the other's next few, or without names the next line."""
    found: list[int] = []
    for at in range(place + 1, min(len(lines), place + 8)):
        if not lines[at].strip():
            if not speakers[place] and at > place + 1:
                break
            continue
        if (
            fenced[at]
            or _MARKUP.match(lines[at])
            or _OPTION.match(lines[at])
            or (_QUESTION.search(lines[at]) and not found)
        ):
            break
        if speakers[place] is None:
            return [at]
        if speakers[at] == speakers[place]:
            if found:
                break
            continue
        if _QUESTION.search(lines[at]):
            break
        found.append(at)
        if len(found) == _ANSWERS_AHEAD:
            break
    return found


def value_of(field: str, text: str, question: str = "") -> str | None:
    """The value of a field that an answer states, as its reader takes it; None if it states none."""
    patterns = _patterns()
    text = undecorated(text.strip().strip("*_ ")).strip()
    hedge = patterns["hedge"].match(flat(text))
    text = text[hedge.end() :] if hedge and hedge.end() < len(text) else text
    folded = flat(text)
    if stated(text) is None or text.endswith("?") or patterns["unsure"].search(folded) or tells_of_another(folded):
        return None
    first = _SENTENCE_END.split(text, maxsplit=1)[0]
    if first != text and field != "level" and (value := value_of(field, first, question)) is not None:
        return value
    is_short = len(text.split()) <= _MAX_ANSWER_WORDS
    read = {"lessons": _counted, "modules": _counted, "duration": _length, "price": _price, "level": _level}.get(field)
    return read(field, text, question, is_short) if read else _named(field, text, is_short=is_short)


def _counted(field: str, text: str, _: str, is_short: bool) -> str | None:  # noqa: FBT001 - one shape for all fields
    figures = in_figures(flat(text))
    counted = _patterns()[f"{field} counted"].search(figures)
    return counted[1] if counted else _bare_number(figures, _NUMBER, is_short=is_short)


def _length(_: str, text: str, question: str, is_short: bool) -> str | None:  # noqa: FBT001
    if hours_in(text) is not None:
        return text
    figures = in_figures(flat(text))
    number = _NUMBER.search(figures)
    if number and (half := _patterns()["and a half"].search(figures)):
        return f"{number[0]} {half[0].strip()} h"
    bare = _bare_number(figures, _NUMBER, is_short=is_short)
    return f"{bare} h" if bare and _patterns()["hours asked"].search(label_key(question)) else None


def _price(_: str, text: str, __: str, is_short: bool) -> str | None:  # noqa: FBT001
    if is_other_money(text):
        return None
    return text if price_in(text) is not None else _bare_number(in_figures(flat(text)), _AMOUNT, is_short=is_short)


def _level(_: str, text: str, __: str, is_short: bool) -> str | None:  # noqa: FBT001
    clauses = re.split(r"[,.;:!]\s|\s[-–—]\s", text)
    told = [part for part in clauses if not _NEGATED.match(flat(part)) and level_in(part)]
    return told[-1] if told and (is_short or len(told[-1].split()) <= _MAX_ANSWER_WORDS) else None


def _bare_number(figures: str, number: re.Pattern[str], *, is_short: bool) -> str | None:
    """The one number of a short answer, if nothing says that it measures something else."""
    numbers = number.findall(figures)
    return numbers[0] if len(numbers) == 1 and is_short and not _patterns()["other unit"].search(figures) else None


def _named(field: str, text: str, *, is_short: bool) -> str | None:
    if field == "instructor":
        found = NAME.search(text[:80])
        return found[0] if found else None
    if quoted := _QUOTED.search(text):
        return quoted[1].strip()
    is_title = is_short or len(text.split()) <= _MAX_TITLE_WORDS
    has_end = text[-1:] in ".!,;:" or re.search(r"[.!;]\s|,\s", text)
    is_label = bool(vocabulary().fields(label_key(text)).intersection(_SCALARS)) or ":" in text
    return text if is_title and not has_end and not is_label and (text[0].isupper() or text[0].isdigit()) else None


def _confirmed(lines: list[str], place: int, at: int) -> bool:
    """Make a statement of "8 aulas?" over "sim", and of "a 50 euros?" over "no, a 60"; says whether it was one."""
    patterns = _patterns()
    answer = flat(lines[at])
    numbers = _NUMBER.findall(in_figures(flat(lines[place])))
    is_open = patterns["open question"].search(flat(lines[place])) is not None
    if is_open or len(lines[place].split()) > _MAX_TITLE_WORDS:
        return False
    if (yes := patterns["yes"].match(answer.strip())) and not re.search(r"\w", answer.strip()[yes.end() :]):
        lines[place], lines[at] = lines[place].replace("?", "").replace("¿", ""), ""
        return True
    if len(numbers) == 1 and patterns["no"].match(answer.strip()):
        others = _NUMBER.findall(in_figures(answer))
        statement = in_figures(flat(lines[place])).replace("?", "").replace("¿", "")
        lines[place] = statement.replace(numbers[0], others[0], 1) if len(others) == 1 else ""
        lines[at] = "" if len(others) == 1 else lines[at]
        return True
    return False


def _beside(lines: list[str], speakers: list[str | None], place: int, at: int) -> None:
    """Put an answer behind the question where that is the label of any other field: `Tom?` over `leve`."""
    meant = vocabulary().fields(label_key(lines[place])) - {"column", "module_title"}
    is_other = meant and not meant & {"objectives", *_SCALARS}
    if speakers[place] and (is_other or _ASKS.match(speakers[place] or "")):
        lines[place], lines[at] = f"{lines[place].rstrip()} {lines[at].strip()}", ""
