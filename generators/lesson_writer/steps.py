from generators.lesson_writer.draft import Draft
from generators.lesson_writer.fields import concepts_of, said
from generators.lesson_writer.phrases import bank
from generators.portuguese import infinitive

_PLACES = ("first", "second", "third")


def write_steps(draft: Draft) -> list[str]:
    """`## S`: why before what, analogy, map, three steps with questions, pitfalls, exercise, transition."""
    concepts = concepts_of(draft.request)
    steps = [
        draft.pick_apart(
            f"steps.{draft.kind}.{place}",
            bank("steps")[draft.kind][place],
            column=number,
            **_concept(draft, concepts[number % len(concepts)]),
        )
        for number, place in enumerate(_PLACES)
    ]
    one, two, three = (step["heading"].replace("“", "‘").replace("”", "’") for step in steps)
    lines = ["## 🛤️ S - STEPS (Rota)", draft.pick("route", "why_first")]
    lines.append(draft.pick_from(f"analogy.{draft.kind}", bank("route")["analogy"][draft.kind], index=draft.kind_index))
    lines.append(draft.optional(70, draft.pick("route", "analogy_two")))
    lines.append(draft.pick("route", "diagram_intro"))
    lines.append(draft.pick("route", "diagram", one=one, two=two, three=three))
    deeper = draft.pick_many("route", "deeper", 9)
    aims = _aims(draft)
    questions = draft.pick_many("closing", "question", 3, **_concept(draft, concepts[0]))
    for number, step in enumerate(steps):
        lines.append(f"### Passo {number + 1}: {step['heading']}")
        if aims and not any(name and name in step["heading"] for name in concepts):
            verb, phrase = aims.popitem()
            # A step whose text names the objective itself needs no line that says it again.
            lines.append(draft.optional(8, "" if verb in step["text"][0] else phrase))
        lines.append(step["text"][0])
        lines.append(draft.optional(10 + number, step["text"][1]))
        lines += [draft.optional(50 + 10 * turn + number, deeper[3 * turn + number]) for turn in range(3)]
        question = f"🤔 **Pergunta para pensar:** {questions[number]}"
        lines.append(draft.optional(45, question) if number == 1 else question)
    return [*lines, *_pitfalls(draft), *_exercise(draft), _transition(draft)]


def _aims(draft: Draft) -> dict[str, str]:
    """A line for the first step that does not name the subject: which objective of the author's it serves."""
    request = draft.request
    outlined = [lesson.objective for module in request.brief.outline for lesson in module.lessons if lesson.objective]
    stated = {verb for verb in map(infinitive, (*request.brief.objectives, *outlined)) if verb}
    own = next((verb for verb in map(infinitive, request.lesson.objectives) if verb in stated), None)
    return {own: draft.pick("route", "step_aim", can=own)} if own else {}


def _concept(draft: Draft, name: str) -> dict[str, str]:
    return {"concept": name, "concept_said": said(draft.request, name)}


def _pitfalls(draft: Draft) -> list[str]:
    found = draft.pick_many("closing", "pitfall", 3)
    return [
        "### ⚠️ Armadilhas comuns",
        "\n".join(f"- ⚠️ {text}" for text in found[:2]),
        draft.optional(65, f"- ⚠️ {found[2]}"),
    ]


def _exercise(draft: Draft) -> list[str]:
    exercises = bank("route")["exercise"][draft.kind]
    items = draft.pick_apart(f"exercise.{draft.kind}", exercises, column=len(_PLACES))
    return [
        "### 🛠️ Exercício guiado",
        draft.pick("route", "exercise_intro"),
        "\n".join(f"{number}. {text}" for number, text in enumerate(items, 1)),
        draft.optional(32, draft.pick("route", "exercise_check")),
    ]


def _transition(draft: Draft) -> str:
    slot = "transition" if draft.has("next") else "transition_last"
    return f"🔗 **Transição:** {draft.pick('closing', slot)}"
