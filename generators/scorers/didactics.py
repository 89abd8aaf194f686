"""Didática Lendária: seven elements, 100 points, 70 to pass."""

import re
from dataclasses import dataclass

from generators.scorers.document import Section, sections, sentences, words_of

PASS_POINTS = 70
_I = re.IGNORECASE
_HOOK = re.compile(
    r"\?|\bvocê\b|\bimagine\b|\bpense\b|\bvamos\b|\beu\b|\ba gente\b|\bhoje\b"
    r"|\byou\b|\bthink of\b|\blet['’]?s\b|\bI\b|\btoday\b"
    r"|\btú\b|\busted\b|\bimagina\b|\bpiensa\b|\bhoy\b",
    _I,
)
_NEXT = re.compile(
    r"pr[óo]xim[ao] (?:aula|passo|m[óo]dulo|etapa|cap[íi]tulo|parada)|a seguir|na sequ[êe]ncia|transi[çc][ãa]o"
    r"|next (?:lesson|step|module|chapter)|up next|pr[óo]xim[ao] (?:lecci[óo]n|clase|paso)|a continuaci[óo]n",
    _I,
)
_ANALOGY = re.compile(
    r"\bimagin[ea]\b|\bpens[ea] (?:em|no|na|num|numa|nisso)\b|\bé como\b|\bcomo se\b|\bfunciona como\b|\banalogia\b"
    r"|\bé (?:tipo|igual|parecid[oa])\b|\bmetáfora\b|\bcompar[ea]\b"
    r"|\bthink of\b|\b(?:is|are|works?|just) like\b|\bas if\b|\banalogy\b"
    r"|\bes como\b|\bcomo si\b|\banalogía\b|\bimagina\b",
    _I,
)
_DIAGRAM = re.compile(
    r"\[\s*(?:DIAGRAM|DIAGRAMA|IMAGEM|IMAGEN|IMAGE|FIGURE|FIGURA|ILUSTRA[ÇC][ÃA]O|TELA|VISUAL)\s*:([^\]]*)\]", _I
)
_REVIEW = re.compile(
    r"\bdominou\b|\brecapitul\w+|\bresumo\b|\brevis[ãa]o\b|\brecap\b|\bo que (?:voc[êe] )?aprendeu\b|\bs[íi]ntese\b"
    r"|\bmastered\b|\bsummary\b|\breview\b|\bkey takeaways?\b|\bdominas\b|\bresumen\b|\brepaso\b",
    _I,
)
_ACTION = re.compile(
    r"\bfa[çc]a agora\b|\bexerc[íi]cio|\bm[ãa]o na massa|\bpr[áa]tica\b"
    r"|\bdesafio\b|\bsua vez\b|\ba[çc][ãa]o\b|\btarefa\b"
    r"|\bdo it now\b|\bexercises?\b|\bpractice\b|\byour turn\b|\bhazlo ahora\b|\bejercicio|\bpráctica\b|\btu turno\b",
    _I,
)
_LEAST_TEXT_SENTENCES = 12
_HOOK_BLOCKS = 6
_HOOK_WORDS = 20
_STEP_LEVEL = 2
_CONCEPT_WORDS = 20
_CONCEPTS = range(1, 8)
_ENOUGH_QUESTIONS = 2
_QUESTION_WORDS = 4
_ANALOGY_WORDS = 8
_DIAGRAM_WORDS = 4
_SECTION_WORDS = {"review": 15, "action": 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class DidacticsScore:
    """Points of the seven elements; `_FULL` says how many each can have."""

    hook: int
    concepts: int
    transition: int
    questions: int
    images: int
    review: int
    action: int

    @property
    def total(self) -> int:
        return self.hook + self.concepts + self.transition + self.questions + self.images + self.review + self.action

    @property
    def passed(self) -> bool:
        return self.total >= PASS_POINTS

    @property
    def missing(self) -> tuple[str, ...]:
        """The elements that are not there at all or only in part, in words for the author."""
        return tuple(
            f"{name}: {getattr(self, name)} of {full}" for name, full in _FULL.items() if getattr(self, name) < full
        )


_FULL = {
    "hook": 15,
    "concepts": 20,
    "transition": 10,
    "questions": 15,
    "images": 20,
    "review": 10,
    "action": 10,
}


def score_didactics(markdown: str) -> DidacticsScore:
    """Score one lesson; 0 to 100. A text with hardly a sentence in it scores nothing, whatever words it holds."""
    found = sections(markdown)
    prose = found[0].sentences
    if len(prose) < _LEAST_TEXT_SENTENCES:
        return DidacticsScore(**dict.fromkeys(_FULL, 0))
    return DidacticsScore(
        hook=_hook(found[0]),
        concepts=_concepts(found),
        transition=10 if any(_NEXT.search(text) for text in prose[len(prose) // 2 :]) or _next_section(found) else 0,
        questions=_questions(prose),
        images=_images(found[0]),
        review=_titled(found, _REVIEW, "review"),
        action=_titled(found, _ACTION, "action"),
    )


def _hook(whole: Section) -> int:
    opening = sentences(whole.all_blocks[:_HOOK_BLOCKS])
    words = sum(len(words_of(text)) for text in opening)
    return 15 if words >= _HOOK_WORDS and any(_HOOK.search(text) for text in opening) else 0


def _concepts(found: list[Section]) -> int:
    """Inner sections that explain something, of which a lesson bears a few."""
    inner = [
        item for item in found if item.level >= _STEP_LEVEL and not item.children and item.prose_words >= _CONCEPT_WORDS
    ]
    steps = [item for item in inner if not (_REVIEW.search(item.heading) or _ACTION.search(item.heading))]
    return 20 if len(steps) in _CONCEPTS else 12 if steps else 0


def _questions(prose: list[str]) -> int:
    asked = [text for text in prose if text.rstrip('"”’)*_ ').endswith("?") and len(words_of(text)) >= _QUESTION_WORDS]
    return 15 if len(asked) >= _ENOUGH_QUESTIONS else 8 if asked else 0


def _images(whole: Section) -> int:
    blocks = whole.all_blocks
    analogy = any(_ANALOGY.search(block) and _spoken_words(block) >= _ANALOGY_WORDS for block in blocks)
    diagrams = [match[1] for block in blocks for match in _DIAGRAM.finditer(block)]
    drawn = any(len(words_of(text)) >= _DIAGRAM_WORDS for text in diagrams)
    return 10 * analogy + 10 * drawn


def _spoken_words(block: str) -> int:
    return sum(len(words_of(text)) for text in sentences([block]))


def _titled(found: list[Section], pattern: re.Pattern[str], name: str) -> int:
    return 10 if any(pattern.search(s.heading) and s.prose_words >= _SECTION_WORDS[name] for s in found) else 0


def _next_section(found: list[Section]) -> bool:
    return any(_NEXT.search(item.heading) and item.prose_words > 0 for item in found)
