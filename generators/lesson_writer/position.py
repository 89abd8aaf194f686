from generators.lesson_writer.draft import Draft


def write_position(draft: Draft) -> list[str]:
    """`## P`: where the reader may be coming from, and that every one of these places will do."""
    return [
        "## 🗺️ P - POSITION (Origem)",
        draft.pick("position", "intro"),
        draft.pick("position", "never"),
        draft.pick("position", "already"),
        draft.optional(30, draft.pick("position", "third")),
        draft.pain_or_plain("position", "empathy", pain=draft.request.index % 2 == 1, turn=1),
        draft.optional(35, draft.pick("position", "previous" if draft.has("previous") else "first")),
    ]
