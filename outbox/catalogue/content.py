"""The catalogue of CreatorOS: audiences, projects and contents, with their minds and tags.

A payload refers to other aggregates by natural key (slug), because rows that were in the database before
keep the ids that the server gave them. A field left UNSET is left alone in the database; None sets it to
null. `docs/events.md` is generated from this module.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from outbox.catalogue.declaration import Catalogue
from outbox.catalogue.event_types import Payload, event_type
from outbox.catalogue.tables import Aggregate, Link, Outside, Owner, column

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,198}[a-z0-9])?\Z")]
Text = Annotated[str, Meta(min_length=1)]
Name = Annotated[str, Meta(min_length=1, max_length=500)]
Score = Annotated[float, Meta(ge=0, le=1)]
Moment = Annotated[dt.datetime, Meta(tz=True)]  # a time without a zone is no time
Mapping = dict[str, Any]
# Relative, forward slashes, never climbing out: what a worker or an importer later joins to a root.
FilePath = Annotated[str, Meta(pattern=r"^(?!/)(?!(?:.*/)?\.\.(?:/|\Z)).+\Z", max_length=4096)]

# An open list: the database knows types that no generator makes (interview, raw_source, …).
ContentType = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{1,59}\Z")]
ContentStatus = Literal["draft", "reviewed", "published", "archived"]
ProjectType = Literal["course", "book", "blog_series", "video_series", "newsletter", "social_media_campaign", "other"]
ProjectStatus = Literal["planning", "in_progress", "completed", "archived"]
TechnicalLevel = Literal["beginner", "intermediate", "advanced", "expert"]
MindRole = Literal[
    "creator", "author", "co_author", "host", "guest", "interviewer", "interviewee", "participant", "moderator",
    "contributor", "other",
]  # fmt: skip


mind = Outside(kind="mind", table="public.minds", key="slug", id="id", by_id=True)
tag = Outside(kind="tag", table="public.tags", key="name", id="id", adds=("tag_type",))
audience = Aggregate(
    kind="audience",
    table="public.audience_profiles",
    key=("slug",),
    created="created_at",
    nulls=("creator_mind_id",),  # its default asks who is signed in, which the worker may not ask
    owner=Owner(column="creator_mind_id"),
)
project = Aggregate(
    kind="project",
    table="public.content_projects",
    key=("slug",),
    created="created_at",
    defaults={"status": "planning", "project_metadata": {}},
    owner=Owner(column="creator_mind_id"),
)
content = Aggregate(
    kind="content",
    table="public.contents",
    key=("slug",),
    created="created_at",
    defaults={"status": "draft", "ai_generated": False, "metadata": {}},
    soft_delete="deleted_at",
    owner=Owner(through="project", or_linked=("mind", ("creator", "author", "co_author"))),
)
content_mind = Link(
    name="mind",
    of=content,
    to=mind,
    table="public.content_minds",
    columns=("content_id", "mind_id"),
    keys=("role",),
    created="created_at",
    remembered="mind",
)
content_tag = Link(
    name="tag",
    of=content,
    to=tag,
    table="public.content_tags",
    columns=("content_id", "tag_id"),
    created="created_at",
    remembered="tag",
)

_LESSON = "pao-caseiro--1-1-o-fermento"


class Slugged(Payload, kw_only=True, frozen=True):
    """What an event says of the row with this slug."""

    slug: Slug


@event_type(
    "audience.upserted",
    makes=audience,
    example={"slug": "padeiros-iniciantes", "name": "Padeiros iniciantes", "technical_level": "beginner"},
)
class AudienceUpserted(Slugged, frozen=True):
    """Inserts or updates the row of `audience_profiles` with this slug."""

    name: Name
    description: str | UnsetType | None = UNSET
    demographics: Mapping | UnsetType = UNSET
    psychographics: Mapping | UnsetType = UNSET
    technical_level: TechnicalLevel | UnsetType | None = UNSET
    learning_preferences: Mapping | UnsetType = UNSET


@event_type(
    "project.upserted",
    makes=project,
    example={
        "slug": "pao-caseiro",
        "name": "Pão caseiro",
        "target_audience": "padeiros-iniciantes",
        "metadata": {"language": "pt-BR"},
    },
)
class ProjectUpserted(Slugged, frozen=True):
    """Inserts or updates the row of `content_projects` with this slug; metadata is merged by key."""

    name: Name
    description: str | UnsetType | None = UNSET
    project_type: ProjectType = "course"
    status: ProjectStatus | UnsetType = UNSET
    target_audience: Annotated[Slug | UnsetType | None, column("target_audience_id", refers_to=audience)] = UNSET
    default_frameworks: list[str] | UnsetType = UNSET
    metadata: Annotated[Mapping | UnsetType, column("project_metadata", merged=True)] = UNSET
    creator_mind: Annotated[Name | UnsetType | None, column("creator_mind_id", refers_to=mind)] = UNSET
    persona_mind: Annotated[Name | UnsetType | None, column("persona_mind_id", refers_to=mind)] = UNSET


@event_type(
    "project.status_changed",
    patches=project,
    slot="status",
    example={"slug": "pao-caseiro", "status": "in_progress"},
)
class ProjectStatusChanged(Slugged, frozen=True):
    """Sets `content_projects.status`."""

    status: ProjectStatus


@event_type(
    "content.upserted",
    makes=content,
    example={
        "slug": _LESSON,
        "title": "O fermento",
        "content_type": "course_lesson",
        "project": "pao-caseiro",
        "parent": "pao-caseiro--modulo-1",
        "sequence_order": 1,
        "body": "# Aula 1.1: O fermento\n",
        "file_path": "courses/pao-caseiro/lessons/1.1-o-fermento.md",
        "metadata": {"duration_minutes": 12},
    },
)
class ContentUpserted(Slugged, frozen=True):
    """Inserts or updates the row of `contents` with this slug, body and all; revives a deleted one."""

    title: Name
    content_type: ContentType
    project: Annotated[Slug | UnsetType | None, column("project_id", refers_to=project)] = UNSET
    parent: Annotated[Slug | UnsetType | None, column("parent_content_id", refers_to=content)] = UNSET
    sequence_order: Annotated[int, Meta(ge=0, le=32767)] | UnsetType | None = UNSET
    body: Annotated[str | UnsetType | None, column("content", body=True)] = UNSET
    ai_generated: bool | UnsetType = UNSET
    status: ContentStatus | UnsetType = UNSET
    fidelity_score: Score | UnsetType | None = UNSET
    metadata: Annotated[Mapping | UnsetType, column(merged=True)] = UNSET
    file_path: Annotated[FilePath | UnsetType | None, column(path=True)] = UNSET
    published_at: Moment | UnsetType | None = UNSET
    published_url: str | UnsetType | None = UNSET
    generation_execution_id: UUID | UnsetType | None = UNSET


@event_type("content.status_changed", patches=content, slot="status", example={"slug": _LESSON, "status": "reviewed"})
class ContentStatusChanged(Slugged, frozen=True):
    """Sets `contents.status`, and where given `published_at` and `published_url`."""

    status: ContentStatus
    published_at: Moment | UnsetType | None = UNSET
    published_url: str | UnsetType | None = UNSET


@event_type(
    "content.metadata_merged",
    patches=content,
    slot="metadata",
    example={"slug": _LESSON, "metadata": {"difficulty": "beginner"}},
)
class ContentMetadataMerged(Slugged, frozen=True):
    """Merges the given keys into `contents.metadata`; keys that others wrote stay."""

    metadata: Annotated[Mapping, column(merged=True)]


@event_type("content.fidelity_scored", patches=content, slot="fidelity", example={"slug": _LESSON, "score": 0.92})
class ContentFidelityScored(Slugged, frozen=True):
    """Sets `contents.fidelity_score`."""

    score: Annotated[Score, column("fidelity_score")]


@event_type("content.deleted", deletes=content, example={"slug": _LESSON})
class ContentDeleted(Slugged, frozen=True):
    """Sets `contents.deleted_at` (soft delete); the row stays."""

    deleted_at: Moment | UnsetType = UNSET


@event_type(
    "content.mind_linked", links=content_mind, example={"slug": _LESSON, "mind": "ana_padeira", "role": "author"}
)
class ContentMindLinked(Slugged, frozen=True):
    """Adds the row of `content_minds` for this content, mind and role."""

    mind: Name
    role: MindRole


@event_type(
    "content.mind_unlinked", unlinks=content_mind, example={"slug": _LESSON, "mind": "ana_padeira", "role": "author"}
)
class ContentMindUnlinked(Slugged, frozen=True):
    """Removes the row of `content_minds` for this content, mind and role."""

    mind: Name
    role: MindRole


@event_type("content.tagged", links=content_tag, example={"slug": _LESSON, "tag": "fermentação"})
class ContentTagged(Slugged, frozen=True):
    """Adds the row of `content_tags`, and the tag itself if it is new."""

    tag: Name
    tag_type: Name | UnsetType | None = UNSET


@event_type("content.untagged", unlinks=content_tag, example={"slug": _LESSON, "tag": "fermentação"})
class ContentUntagged(Slugged, frozen=True):
    """Removes the row of `content_tags`; the tag stays."""

    tag: Name


CATALOGUE = Catalogue(
    "content",
    events=[
        AudienceUpserted,
        ProjectUpserted,
        ProjectStatusChanged,
        ContentUpserted,
        ContentStatusChanged,
        ContentMetadataMerged,
        ContentFidelityScored,
        ContentDeleted,
        ContentMindLinked,
        ContentMindUnlinked,
        ContentTagged,
        ContentUntagged,
    ],
)
