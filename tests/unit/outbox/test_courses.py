"""Which events belong to which course, and how far each course is delivered."""

import uuid

import pytest

from outbox import Outbox, ids
from outbox import catalogue as c
from outbox.operating import Courses, CourseTally
from outbox.ops.courses import CourseProgress
from outbox.ops.prune import plan_prune, prune
from tests.support.lessons import SetClock, lesson
from tests.support.parked import put_parked

HERE = uuid.UUID(int=1)


def _content(name: str, **fields: object) -> c.ContentUpserted:
    return c.ContentUpserted(slug=name, title=name, content_type="other", **fields)


def _look(box: Outbox, applied_seq: int = 0, tally: CourseTally | None = None, **how: int) -> Courses:
    return (tally or CourseTally(box.outbox_id)).look(box.connection, applied_seq, **how)


def _counts(found: Courses) -> dict[str | None, int]:
    """Events of each course by slug, wherever they are."""
    return {row.slug: row.applied + row.waiting + row.parked for row in found.rows}


def test_an_event_belongs_to_the_course_that_its_content_was_stored_in(box: Outbox) -> None:
    """By the project it names, by its parent's, or by what an earlier event of its aggregate said."""
    box.append(
        c.ProjectUpserted(slug="curso-x", name="Curso X"),
        _content("outline", project="curso-x"),
        _content("lesson", project="curso-x", parent="outline"),
        _content("below", parent="lesson"),
        c.ContentTagged(slug="below", tag="nós"),
        c.ContentMetadataMerged(slug="below", metadata={"a": 1}),
        _content("below", parent="lesson", body="novo"),
    )
    (course,) = _look(box, 4).rows
    assert course == CourseProgress(slug="curso-x", name="Curso X", applied=4, waiting=3, parked=0)


def test_what_belongs_to_no_course_is_counted_by_itself(box: Outbox) -> None:
    """Audiences, and contents that name neither project nor parent."""
    box.append(c.AudienceUpserted(slug="iniciantes", name="Iniciantes"), _content("aviso"), _content("aviso", body="2"))
    (row,) = _look(box, 1).rows
    assert row == CourseProgress(slug=None, name=None, applied=1, waiting=2, parked=0)


def test_a_course_of_which_only_lessons_are_known_goes_by_its_id(box: Outbox) -> None:
    """Its project was made elsewhere: this outbox has no name for it."""
    box.append(lesson("a", project="curso-de-fora"))
    (row,) = _look(box).rows
    assert (row.slug, row.name, row.waiting) == (str(ids.project_id("curso-de-fora")), None, 1)


@pytest.mark.parametrize("slice_events", [1, 2, 50])
def test_a_look_counts_a_slice_and_the_next_goes_on(box: Outbox, slice_events: int) -> None:
    """However small the slices are, what they add up to is the same, also where a parent is stored anew meanwhile."""
    box.append(
        c.ProjectUpserted(slug="curso-x", name="Curso X"),
        _content("outline", project="curso-x"),
        _content("below", parent="outline"),
        c.ProjectUpserted(slug="curso-y", name="Curso Y"),
        _content("outline", project="curso-y"),
        _content("beside", parent="outline"),
    )
    tally = CourseTally(box.outbox_id)
    found = _look(box, 0, tally, slice_events=slice_events)
    assert found.counted_seq == min(slice_events, 6)
    while not found.complete:
        found = _look(box, 0, tally, slice_events=slice_events)
    assert _counts(found) == {"curso-x": 3, "curso-y": 3}


def test_a_parent_that_comes_after_its_child_is_taken_for_no_course(box: Outbox) -> None:
    """What is not known yet is not guessed; the child counts with its course once it is stored again."""
    box.append(_content("below", parent="outline"), c.ProjectUpserted(slug="curso-x", name="Curso X"))
    box.append(_content("outline", project="curso-x"))
    tally = CourseTally(box.outbox_id)
    assert _counts(_look(box, 0, tally)) == {None: 1, "curso-x": 2}
    box.append(_content("below", parent="outline", project="curso-x", body="novo"))
    assert _counts(_look(box, 0, tally)) == {None: 1, "curso-x": 3}


def test_parked_events_are_neither_applied_nor_waiting(box: Outbox) -> None:
    """And courses that need somebody stand first."""
    for name in ("a", "b"):
        box.append(
            c.ProjectUpserted(slug=f"curso-{name}", name=f"Curso {name.upper()}"),
            _content(name, project=f"curso-{name}"),
        )
    put_parked(box, box.event(4), reason="r")
    rows = _look(box, 4).rows
    assert [(row.slug, row.applied, row.waiting, row.parked) for row in rows] == [
        ("curso-b", 1, 0, 1),
        ("curso-a", 2, 0, 0),
    ]


@pytest.mark.parametrize(("before", "of_none"), [(0, {}), (2, {None: 1})])
def test_pruning_between_two_looks_loses_no_course(
    box: Outbox, clock: SetClock, before: int, of_none: dict[None, int]
) -> None:
    """What is gone is not counted, or as of no course where counting had begun; what follows finds its course."""
    box.append(c.ProjectUpserted(slug="curso-x", name="Curso X"))
    for number in range(5):
        box.append(lesson(f"{number}", project="curso-x"))
    tally = CourseTally(box.outbox_id)
    if before:
        assert _counts(_look(box, 0, tally, slice_events=before)) == {"curso-x": before}
    clock.move(days=100)
    box.relay.remember_position(HERE, 4, box.event(4).event_id)
    box.relay.remember_verified(HERE, 4)
    assert prune(box, plan_prune(box, keep_days=1)) == 3
    found = _look(box, 6, tally)
    assert _counts(found) == {str(ids.project_id("curso-x")): 3 + before, **of_none}
    assert found.complete


def test_a_restored_database_sets_the_course_back(box: Outbox) -> None:
    """The position may go back; the counts go with it."""
    box.append(c.ProjectUpserted(slug="curso-x", name="Curso X"), _content("a", project="curso-x"))
    tally = CourseTally(box.outbox_id)
    assert [(row.applied, row.waiting) for at in (2, 1, 2) for row in _look(box, at, tally).rows] == [
        (2, 0),
        (1, 1),
        (2, 0),
    ]


def test_a_look_at_a_log_where_nothing_happened_asks_for_no_name(box: Outbox) -> None:
    """However many courses there are; what changed since the last look is told all the same."""
    for name in ("a", "b", "c"):
        box.append(
            c.ProjectUpserted(slug=f"curso-{name}", name=f"Curso {name.upper()}"),
            _content(name, project=f"curso-{name}"),
        )
    tally = CourseTally(box.outbox_id)
    first = _look(box, 2, tally)
    asked: list[str] = []
    box.connection.set_trace_callback(asked.append)
    assert _look(box, 2, tally) == first
    assert not [one for one in asked if one.startswith("select payload")]
    box.append(c.ProjectUpserted(slug="curso-b", name="Outro"))
    found = _look(box, 4, tally)
    assert len([one for one in asked if one.startswith("select payload")]) == 1
    assert [(row.name, row.applied, row.waiting) for row in found.rows] == [
        ("Curso C", 0, 2),
        ("Outro", 2, 1),
        ("Curso A", 2, 0),
    ]
    put_parked(box, box.event(2), reason="r")
    assert [row.parked for row in _look(box, 4, tally).rows] == [1, 0, 0]
    box.connection.set_trace_callback(None)
