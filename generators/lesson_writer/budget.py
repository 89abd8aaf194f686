"""How the minutes of a lesson are divided between what is told and what is done."""

from dataclasses import dataclass

WORDS_PER_MINUTE = 150
ACTION_MINUTES = 2
DEFAULT_MINUTES = 10

# A text that takes longer than this to read is put down; the rest of a long lesson is practice.
MAX_TOLD_MINUTES = 10
MIN_TOLD_MINUTES = 5
_PRACTICE_SHARE = 0.3
_LEAST_PRACTICE_MINUTES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Minutes of one lesson.

    Attributes:
        minutes: as the curriculum states them.
        exercise_minutes: for the exercise; with the told part and the closing action they make up the whole.
        words: how long the told part may become.
    """

    minutes: int
    exercise_minutes: int
    words: int


def budget(minutes: int | None) -> Budget:
    """Divide a lesson's minutes; a lesson without any counts as `DEFAULT_MINUTES`."""
    whole = minutes or DEFAULT_MINUTES
    exercise = max(_LEAST_PRACTICE_MINUTES, round(whole * _PRACTICE_SHARE))
    told = min(MAX_TOLD_MINUTES, max(MIN_TOLD_MINUTES, whole - exercise - ACTION_MINUTES))
    exercise = max(exercise, whole - told - ACTION_MINUTES)
    return Budget(minutes=whole, exercise_minutes=exercise, words=told * WORDS_PER_MINUTE)
