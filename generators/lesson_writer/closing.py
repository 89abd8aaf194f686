import re

from generators.lesson_writer.draft import Draft
from generators.lesson_writer.phrases import bank
from generators.portuguese import infinitive
from generators.voice_phrases import sayings

_LONGEST_IN_THE_MIDDLE = 8


def write_closing(draft: Draft) -> list[str]:
    """What was mastered with before and after, the action for now, and where the course goes on."""
    return [*_mastered(draft), *_action(draft), *_next(draft)]


def _mastered(draft: Draft) -> list[str]:
    verbs = [verb for verb in map(infinitive, draft.request.lesson.objectives) if verb][:3]
    deck = draft.pick_many_raw("closing", "mastered", len(bank("closing")["mastered"]))
    gained = [f"- {_gain(verb, deck)}" for verb in verbs]
    pairs = draft.pick_many("closing", "before_after", 2)
    table = ["| Antes | Depois |", "| --- | --- |", *(f"| {before} | {after} |" for before, after in pairs)]
    return ["## 💡 O Que Você Dominou", draft.pick("closing", "review"), "\n".join(gained), "\n".join(table)]


def _gain(verb: str, deck: list[str]) -> str:
    """The next phrase of the deck that can carry an objective.

    A long objective closes its sentence, and no word of weight comes twice ("um roteiro para escrever um roteiro").
    """
    words = set(re.findall(r"\w{6,}", verb.casefold()))
    is_long = "," in verb or len(verb.split()) > _LONGEST_IN_THE_MIDDLE
    fitting = [
        option
        for option in deck
        if not words & set(re.findall(r"\w{6,}", option.casefold())) and not (is_long and not option.endswith("{can}."))
    ]
    chosen = (fitting or deck)[0]
    deck.remove(chosen)
    return chosen.replace("{can}", verb)


def _action(draft: Draft) -> list[str]:
    return ["## ⚡ FAÇA AGORA (2 minutos)", draft.pick("closing", "action")]


def _next(draft: Draft) -> list[str]:
    more = draft.has("next")
    lines = [
        "## ➡️ Próxima Aula" if more else "## ➡️ Próximo Passo",
        draft.pick("closing", "next" if more else "last"),
    ]
    said = sayings(draft.request.brief.voice.phrases)
    if said:
        voice = draft.request.brief.voice
        quote = draft.pick_from(
            "saying", bank("closing")["closing_phrase"], phrase=said[draft.request.index % len(said)]
        )
        lines.append(f"{quote} — {voice.persona}" if voice.persona else quote)
    return lines
