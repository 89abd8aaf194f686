import re

from generators.lesson_writer.draft import Draft
from generators.lesson_writer.fields import place_fields, touches
from generators.portuguese import infinitive
from generators.voice_phrases import greeting

_OUTCOMES = 3
_HELLO = re.compile(r"^(?:Olá|Oi)[^!?]*[!?] ")


def write_goal(draft: Draft) -> list[str]:
    """`## G`: greeting, hook, three outcomes, why it matters."""
    spoken = greeting(draft.request.brief.voice.phrases)
    hello = draft.pick("goal", "greeting")
    lines = ["## 🎯 G - GOAL (Destino)", f"{spoken} {_HELLO.sub('', hello)}" if spoken else hello]
    # A promise to answer a pain is made only where the lesson has to do with it.
    near = touches(draft.request)
    lines.append(draft.pain_or_plain("goal", "hook", pain=near and draft.request.index % 2 == 0))
    if place := place_fields(draft.request):
        lines.append(draft.optional(5, draft.pick("goal", "place" if "module_can" in place else "place_only", **place)))
    lines.append(draft.pick("goal", "outcomes"))
    lines.append("\n".join(f"- ✅ {_bold_verb(text)}" for text in draft.request.lesson.objectives[:_OUTCOMES]))
    lines.append(draft.pick("goal", "why"))
    lines.append(draft.optional(40, draft.pain_or_plain("goal", "stakes", pain=near and draft.request.index % 3 == 0)))
    if draft.has("after") and draft.request.index % 2 == 1:
        lines.append(draft.optional(60, draft.pick("goal", "promise_after")))
    return lines


def _bold_verb(objective: str) -> str:
    text = objective.strip().rstrip(".;")
    if infinitive(text) is None:
        return text
    verb, _, rest = text.partition(" ")
    return f"**{verb}** {rest}".rstrip()
