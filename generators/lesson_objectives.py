"""What a lesson is to achieve: the brief's own objective that fits it best, and two of the lesson's kind."""

from collections import Counter
from collections.abc import Sequence

from generators.bloom import bloom_level
from generators.lesson_writer.kind import Kind, generic_name
from generators.lesson_writer.phrases import Chooser, bank
from generators.portuguese import infinitive, nameable, noun_phrase, plain, upper_first, with_article, without_notes
from generators.word_stems import stems

OBJECTIVES_PER_LESSON = 3
_TELLING_SHARE = 4


def serving(title: str, objectives: Sequence[str]) -> str | None:
    """The course objective that shares most words with a lesson's title; None if none shares any."""
    each = [stems(text) for text in objectives]
    # A word that many objectives share ("aluno" in a course for teachers) tells none of them from the others.
    common = Counter(word for words in each for word in words)
    wanted = {word for word in stems(title) if common[word] <= max(1, len(each) // _TELLING_SHARE)}
    shared = [len(wanted & words) for words in each]
    return objectives[shared.index(max(shared))] if any(shared) else None


def object_name(objective: str | None, *, own: bool = False) -> str | None:
    """What an objective acts on; a single word only where the objective is the lesson's own."""
    found = noun_phrase(objective) if objective else None
    return found if found and (own or len(found.split()) > 1) else None


def lesson_objectives(
    title: str, *, kind: Kind, stated: str | None, named_by: str | None, seed: str, index: int
) -> tuple[str, list[str]]:
    """Bloom level and three objectives, each starting with its verb.

    Args:
        title: of the lesson.
        kind: of the lesson.
        stated: the objective that comes first.
        named_by: what lends the lesson a name, where its title has none.
        seed: of the course.
        index: of the lesson.
    """
    name = nameable(title) or named_by or ""
    fields = {"topic": name, "topic_said": (with_article(name, title, [stated or ""]) or "") if name else ""}
    chooser = Chooser(seed=seed, index=index, fields=fields, generic=generic_name(kind))
    drawn = chooser.pick_many(f"objectives.{kind}", bank("objectives")[kind], OBJECTIVES_PER_LESSON)
    own = [upper_first(without_notes(plain(stated)).rstrip(".;"))] if stated and infinitive(stated) else []
    level = bloom_level(own[0]) if own else None
    return level or str(drawn[0][0]), (own + [str(text) for _, text in drawn])[:OBJECTIVES_PER_LESSON]
