"""The six methods that existing generators call, offline."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from generators.persister import CoursePersister, UnknownReference
from outbox import ContractError, Outbox, ids


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "outputs") as opened:
        yield opened


@pytest.fixture
def persister(box: Outbox) -> CoursePersister:
    return CoursePersister(box, creator_mind="helena")


def test_ids_are_returned_at_once_and_are_those_of_the_natural_key(persister: CoursePersister) -> None:
    """A parent's id needs no answer from anybody."""
    project = persister.persist_project({"name": "Pão caseiro"})
    lesson = persister.persist_content({"title": "O fermento", "content_type": "course_lesson"}, project)
    assert project == ids.project_id("pao-caseiro")
    assert lesson == ids.content_id("pao-caseiro--o-fermento")


def test_lessons_of_two_projects_do_not_collide(persister: CoursePersister) -> None:
    """A slug is made below its project's."""
    one, two = (persister.persist_project({"name": name}) for name in ("Curso um", "Curso dois"))
    lesson = {"title": "Introdução"}
    assert persister.persist_lessons_batch([lesson], one) != persister.persist_lessons_batch([lesson], two)


def test_a_batch_is_all_or_nothing(persister: CoursePersister, box: Outbox) -> None:
    """One lesson that breaks its contract keeps the others out, and the error says so."""
    project = persister.persist_project({"name": "Pão caseiro"})
    before = box.last_seq
    with pytest.raises(ContractError):
        persister.persist_lessons_batch([{"title": "Boa"}, {"title": "Má", "status": "nonsense"}], project)
    assert box.last_seq == before


def test_the_batch_keeps_its_order(persister: CoursePersister, box: Outbox) -> None:
    """The place in the list becomes the sequence order."""
    project = persister.persist_project({"name": "Pão caseiro"})
    persister.persist_lessons_batch([{"title": "Um"}, {"title": "Dois"}], project)
    orders = [event.payload["sequence_order"] for event in box.read(event_type="content.upserted")]
    assert orders == [1, 2]


def test_lessons_of_the_same_title_in_a_batch_are_rows_of_their_own(persister: CoursePersister) -> None:
    """No lesson overwrites another, and a second run finds the same ids."""
    project = persister.persist_project({"name": "Pão caseiro"})
    lessons = [{"title": "Prática"}, {"title": "Teoria"}, {"title": "Prática"}]
    first = persister.persist_lessons_batch(lessons, project)
    assert len(set(first)) == 3
    assert first[2] == ids.content_id("pao-caseiro--pratica-3")
    assert persister.persist_lessons_batch(lessons, project) == first


def test_storing_the_same_again_appends_nothing(persister: CoursePersister, box: Outbox) -> None:
    """A second run is no news."""
    for _ in range(2):
        project = persister.persist_project({"name": "Pão caseiro", "project_metadata": {"a": 1}})
        persister.persist_content({"title": "O fermento", "content": "texto"}, project)
    assert box.last_seq == 2


def test_patches_find_the_content_of_an_earlier_process(persister: CoursePersister, box: Outbox) -> None:
    """An id is enough to update what another process stored."""
    project = persister.persist_project({"name": "Pão caseiro"})
    lesson = persister.persist_content({"title": "O fermento"}, project)
    later = CoursePersister(box)
    assert later.update_content_metadata(lesson, {"difficulty": "beginner"}) == lesson
    assert later.update_fidelity_score(lesson, 0.93) == lesson
    assert later.link_mind_to_content(lesson, uuid4(), "author") == lesson
    kinds = [event.type for event in box.read()][-3:]
    assert kinds == ["content.metadata_merged", "content.fidelity_scored", "content.mind_linked"]


def test_an_unknown_id_is_refused(persister: CoursePersister) -> None:
    """A patch for a content that nobody stored would be poison later."""
    with pytest.raises(UnknownReference, match="give its slug"):
        persister.update_fidelity_score(uuid4(), 0.5)


def test_a_role_that_the_database_would_refuse_is_refused_here(persister: CoursePersister) -> None:
    """The role “persona” breaks a CHECK; the generator learns it at once."""
    project = persister.persist_project({"name": "Pão caseiro"})
    lesson = persister.persist_content({"title": "O fermento"}, project)
    with pytest.raises(ContractError):
        persister.link_mind_to_content(lesson, "helena", "persona")


def test_the_creator_is_on_the_project(persister: CoursePersister, box: Outbox) -> None:
    """Rows without a creator are invisible to everyone."""
    persister.persist_project({"name": "Pão caseiro"})
    assert box.event(1).payload["creator_mind"] == "helena"


def test_a_batch_of_lessons_is_one_unit_of_work(persister: CoursePersister, box: Outbox) -> None:
    """Twenty lessons are there together, in order; `make bench` says how long that takes."""
    project = persister.persist_project({"name": "Pão caseiro"})
    before = box.last_seq
    lessons = [{"title": f"Aula {n}", "content": "texto de aula " * 500} for n in range(20)]
    persister.persist_lessons_batch(lessons, project)
    appended = box.read(after=before)
    assert [event.payload["title"] for event in appended if event.type == "content.upserted"] == [
        lesson["title"] for lesson in lessons
    ]


def test_a_persister_of_the_environment_stores_where_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outbox, creator and persona come from the variables; leaving the block closes the file."""
    settings = {"OUTBOX_PATH": "o.db", "CONTENT_ROOT": "out", "CREATOR_MIND_ID": "helena", "PERSONA_MIND_ID": "lia"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    with CoursePersister.from_env() as persister:
        persister.persist_project({"name": "Pão caseiro", "project_metadata": {"level": "beginner"}})
    with Outbox.open(tmp_path / "o.db", create=False) as box:
        payload = box.event(1).payload
    assert (payload["creator_mind"], payload["persona_mind"]) == ("helena", "lia")
    assert payload["metadata"] == {"level": "beginner"}


def test_nobody_is_made_up_where_no_mind_is_known(box: Outbox) -> None:
    """Whoever migrated the rows knows their owner; the event leaves it as it is."""
    CoursePersister(box).persist_project({"name": "Pão caseiro"})
    assert not {"creator_mind", "persona_mind", "metadata"} & box.event(1).payload.keys()


@pytest.mark.parametrize("as_text", [False, True])
def test_references_are_ids_ids_as_text_or_slugs(persister: CoursePersister, box: Outbox, *, as_text: bool) -> None:
    """Callers kept ids in JSON, and know the slugs of what they did not store themselves."""
    project = persister.persist_project({"name": "Pão caseiro"})
    outline = persister.persist_content({"title": "Plano", "slug": "pao-caseiro--outline"}, project)
    lesson = {"title": "O fermento", "content_type": "course_lesson"}
    references = (str(project), str(outline)) if as_text else ("pao-caseiro", "pao-caseiro--outline")
    persister.persist_content(lesson, *references)
    payload = box.event(box.last_seq).payload
    assert (payload["project"], payload["parent"]) == ("pao-caseiro", "pao-caseiro--outline")


def test_a_content_without_a_project_stands_alone(persister: CoursePersister, box: Outbox) -> None:
    """Its slug is made of its title only."""
    lesson = persister.persist_content({"title": "Aviso geral", "slug": ""})
    assert lesson == ids.content_id("aviso-geral")
    assert box.event(1).payload["content_type"] == "other"
    assert "project" not in box.event(1).payload
