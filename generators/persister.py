"""What existing generators call to store a course: the same six methods as before, offline.

Each method appends to the outbox and returns the id at once. The id is made from the natural key, so it is the same on
every machine and in every run, and a child may be stored before anybody answered for its parent. Whether and when the
rows reach the database is the worker's business; nothing here waits for it, and no error is swallowed: what breaks a
contract raises `outbox.ContractError` there and then.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self
from uuid import UUID

from slugify import slugify

from generators.errors import UsageFault
from outbox import Outbox, OutboxSettings, Payload, catalogue, ids

MAX_SLUG_CHARACTERS = 200
Reference = UUID | str


class UnknownReference(UsageFault):
    """An id that this outbox never saw; give the slug instead."""


class CoursePersister:
    """Stores projects and contents through an outbox.

    Args:
        box: an open outbox.
        creator_mind: id or slug of the mind that owns the projects, unless a call says otherwise.
        persona_mind: id or slug of the mind whose voice is used.
    """

    def __init__(self, box: Outbox, *, creator_mind: str | None = None, persona_mind: str | None = None) -> None:
        self._box = box
        self._creator, self._persona = creator_mind, persona_mind
        self._slugs: dict[UUID, str] = {}

    @classmethod
    def from_env(cls) -> Self:
        """A persister on the outbox that the environment names (OUTBOX_PATH, CREATOR_MIND_ID, PERSONA_MIND_ID)."""
        settings = OutboxSettings.from_env()
        box = Outbox.open(
            settings.outbox_path,
            content_root=settings.content_root,
            payload_limit_bytes=settings.payload_limit_bytes,
        )
        return cls(box, creator_mind=settings.creator_mind, persona_mind=settings.persona_mind)

    def close(self) -> None:
        self._box.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def persist_project(
        self,
        project_data: Mapping[str, Any],
        creator_mind_id: Reference | None = None,
        persona_mind_id: Reference | None = None,
    ) -> UUID:
        """Store a course project.

        Args:
            project_data: `name` (or `title`), and as known `slug`, `description`, `project_type`, `status`,
                `target_audience` (slug), `default_frameworks`, `project_metadata` (or `metadata`).
            creator_mind_id: id or slug of the owning mind.
            persona_mind_id: id or slug of the mind whose voice is used.

        Returns:
            The project's id.
        """
        name = str(project_data.get("name") or project_data.get("title") or "")
        slug = str(project_data.get("slug") or _slug(name))
        given = _given(project_data, "description", "project_type", "status", "target_audience", "default_frameworks")
        metadata = project_data.get("project_metadata", project_data.get("metadata"))
        if metadata is not None:
            given["metadata"] = dict(metadata)
        creator, persona = creator_mind_id or self._creator, persona_mind_id or self._persona
        if creator is not None:
            given["creator_mind"] = str(creator)
        if persona is not None:
            given["persona_mind"] = str(persona)
        self._box.append(catalogue.ProjectUpserted(slug=slug, name=name, **given))
        return self._remember(ids.project_id(slug), slug)

    def persist_content(
        self, content_data: Mapping[str, Any], project_id: Reference | None = None, parent_id: Reference | None = None
    ) -> UUID:
        """Store one content.

        Args:
            content_data: `title` and `content_type`, and as known `slug`, `content` (the text), `sequence_order`,
                `metadata`, `status`, `file_path`, `fidelity_score`, `ai_generated`, `generation_execution_id`,
                `published_at`, `published_url`. Without a slug, one is made of the title, below the project's.
            project_id: id or slug of the project.
            parent_id: id or slug of the parent content.

        Returns:
            The content's id.
        """
        payload = self._content(content_data, project_id, parent_id)
        self._box.append(payload)
        return self._remember(ids.content_id(payload.slug), payload.slug)

    def persist_lessons_batch(
        self,
        lessons: Sequence[Mapping[str, Any]],
        project_id: Reference | None = None,
        parent_id: Reference | None = None,
    ) -> list[UUID]:
        """Store lessons as one unit of work: all of them or, when one breaks its contract, none.

        Args:
            lessons: each as for `persist_content`; the content type is "course_lesson" and the order that of the
                list, where a lesson does not say otherwise. Of lessons with the same title and no slug of their own,
                the later ones take their place in the list into their slug.
            project_id: id or slug of the project.
            parent_id: id or slug of the outline or module.

        Returns:
            Ids in the order of the lessons.
        """
        payloads: list[catalogue.ContentUpserted] = []
        taken: set[str] = set()
        for place, lesson in enumerate(lessons, 1):
            ordered = {"content_type": "course_lesson", "sequence_order": place, **lesson}
            payload = self._content(ordered, project_id, parent_id)
            if payload.slug in taken and not lesson.get("slug"):
                # Two lessons called "Prática" are two rows; the second must not overwrite the first.
                ending = f"-{place}"
                own = payload.slug[: MAX_SLUG_CHARACTERS - len(ending)] + ending
                payload = self._content({**ordered, "slug": own}, project_id, parent_id)
            taken.add(payload.slug)
            payloads.append(payload)
        self._box.append(*payloads)
        return [self._remember(ids.content_id(payload.slug), payload.slug) for payload in payloads]

    def update_content_metadata(self, content_id: Reference, metadata: Mapping[str, Any]) -> UUID:
        """Merge keys into a content's metadata; keys that are not given stay as they are."""
        return self._patch(content_id, lambda slug: catalogue.ContentMetadataMerged(slug=slug, metadata=dict(metadata)))

    def update_fidelity_score(self, content_id: Reference, fidelity_score: float) -> UUID:
        """Set how faithful a content is to its voice, 0 to 1."""
        return self._patch(content_id, lambda slug: catalogue.ContentFidelityScored(slug=slug, score=fidelity_score))

    def link_mind_to_content(self, content_id: Reference, mind_id: Reference, role: str = "creator") -> UUID:
        """Link a mind (id or slug) to a content; the roles are those of `outbox.catalogue.MindRole`."""
        return self._patch(
            content_id,
            lambda slug: catalogue.ContentMindLinked(slug=slug, mind=str(mind_id), role=role),  # type: ignore[arg-type]
        )

    def _content(
        self, data: Mapping[str, Any], project_id: Reference | None, parent_id: Reference | None
    ) -> catalogue.ContentUpserted:
        given = _given(data, "sequence_order", "metadata", "status", "file_path", "fidelity_score", "ai_generated")
        given |= _given(data, "generation_execution_id", "published_at", "published_url")
        text = data.get("content", data.get("body"))
        if text is not None:
            given["body"] = str(text)
        project = self._slug_of(project_id) if project_id is not None else None
        if project is not None:
            given["project"] = project
        if parent_id is not None:
            given["parent"] = self._slug_of(parent_id)
        title = str(data.get("title") or "")
        below = f"{project}--" if project else ""
        slug = str(data.get("slug") or below + _slug(title, MAX_SLUG_CHARACTERS - len(below)))
        return catalogue.ContentUpserted(
            slug=slug, title=title, content_type=str(data.get("content_type") or "other"), **given
        )

    def _patch(self, content_id: Reference, make: "Any") -> UUID:
        slug = self._slug_of(content_id)
        payload: Payload = make(slug)
        self._box.append(payload)
        return ids.content_id(slug)

    def _remember(self, aggregate_id: UUID, slug: str) -> UUID:
        self._slugs[aggregate_id] = slug
        return aggregate_id

    def _slug_of(self, reference: Reference) -> str:
        """The slug behind an id that this persister returned, now or in an earlier process."""
        aggregate_id = _uuid(reference)
        if aggregate_id is None:
            return str(reference)
        if aggregate_id not in self._slugs:
            found = self._box.read(limit=1, aggregate_id=aggregate_id)
            if not found:
                raise UnknownReference(f"id {aggregate_id} was never stored through this outbox; give its slug instead")
            self._slugs[aggregate_id] = str(found[0].payload["slug"])
        return self._slugs[aggregate_id]


def _given(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: data[name] for name in names if data.get(name) is not None}


def _slug(text: str, longest: int = MAX_SLUG_CHARACTERS) -> str:
    return str(slugify(text, max_length=longest, word_boundary=True, save_order=True))


def _uuid(reference: Reference) -> UUID | None:
    if isinstance(reference, UUID):
        return reference
    try:
        return UUID(reference)
    except ValueError:
        return None
