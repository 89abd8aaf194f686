"""The event catalogue, version 1: every type, the contract of its payload, and what it does in Postgres.

A payload refers to other aggregates by natural key (slug), because rows that were in the database before
keep the ids that the server gave them. A field left UNSET is left alone in the database; None sets it to
null. `docs/events.md` is generated from this module.
"""

from __future__ import annotations

import builtins
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from outbox.catalogue import ids
from outbox.errors import UnknownEventType

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


class Payload(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """What an event says. Instances are checked when they are appended, not when they are made."""

    slug: Slug


class AudienceUpserted(Payload, frozen=True):
    name: Name
    description: str | UnsetType | None = UNSET
    demographics: Mapping | UnsetType = UNSET
    psychographics: Mapping | UnsetType = UNSET
    technical_level: TechnicalLevel | UnsetType | None = UNSET
    learning_preferences: Mapping | UnsetType = UNSET


class ProjectUpserted(Payload, frozen=True):
    name: Name
    description: str | UnsetType | None = UNSET
    project_type: ProjectType = "course"
    status: ProjectStatus | UnsetType = UNSET
    target_audience: Slug | UnsetType | None = UNSET
    default_frameworks: list[str] | UnsetType = UNSET
    metadata: Mapping | UnsetType = UNSET
    creator_mind: Name | UnsetType | None = UNSET
    persona_mind: Name | UnsetType | None = UNSET


class ProjectStatusChanged(Payload, frozen=True):
    status: ProjectStatus


class ContentUpserted(Payload, frozen=True):
    title: Name
    content_type: ContentType
    project: Slug | UnsetType | None = UNSET
    parent: Slug | UnsetType | None = UNSET
    sequence_order: Annotated[int, Meta(ge=0, le=32767)] | UnsetType | None = UNSET
    body: str | UnsetType | None = UNSET
    ai_generated: bool | UnsetType = UNSET
    status: ContentStatus | UnsetType = UNSET
    fidelity_score: Score | UnsetType | None = UNSET
    metadata: Mapping | UnsetType = UNSET
    file_path: FilePath | UnsetType | None = UNSET
    published_at: Moment | UnsetType | None = UNSET
    published_url: str | UnsetType | None = UNSET
    generation_execution_id: UUID | UnsetType | None = UNSET


class ContentStatusChanged(Payload, frozen=True):
    status: ContentStatus
    published_at: Moment | UnsetType | None = UNSET
    published_url: str | UnsetType | None = UNSET


class ContentMetadataMerged(Payload, frozen=True):
    metadata: Mapping


class ContentFidelityScored(Payload, frozen=True):
    score: Score


class ContentDeleted(Payload, frozen=True):
    deleted_at: Moment | UnsetType = UNSET


class ContentMindLinked(Payload, frozen=True):
    mind: Name
    role: MindRole


class ContentMindUnlinked(Payload, frozen=True):
    mind: Name
    role: MindRole


class ContentTagged(Payload, frozen=True):
    tag: Name
    tag_type: Name | UnsetType | None = UNSET


class ContentUntagged(Payload, frozen=True):
    tag: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One event type.

    Attributes:
        type: name as in the log, ``aggregate.happened``.
        version: the version written today; older ones are upcast when read (`outbox.catalogue.upcast`).
        payload: class of the payload.
        aggregate_type: audience, project or content.
        slot: names what a later event replaces; an event equal to the newest one in its slot is no news.
        patches: True where an upsert that came later makes the same patch news again.
        refs: ids of the other aggregates that must exist before this event can be applied.
        effect: one sentence for the docs: what happens in Postgres.
        example: a payload for the docs and the tests.
    """

    type: str
    version: int
    payload: builtins.type[Payload]
    aggregate_type: str
    slot: Callable[[Any], str]
    refs: Callable[[Any], tuple[UUID, ...]]
    effect: str
    example: Payload
    patches: bool = False


STATE_SLOT = "state"


def _fixed(slot: str) -> Callable[[Any], str]:
    return lambda _payload: slot


def _mind_slot(payload: ContentMindLinked | ContentMindUnlinked) -> str:
    return f"mind:{payload.role}:{payload.mind}"


def _tag_slot(payload: ContentTagged | ContentUntagged) -> str:
    return f"tag:{payload.tag}"


def _no_refs(_payload: Payload) -> tuple[UUID, ...]:
    return ()


def _project_refs(payload: ProjectUpserted) -> tuple[UUID, ...]:
    return (ids.audience_id(payload.target_audience),) if payload.target_audience else ()


def _content_refs(payload: ContentUpserted) -> tuple[UUID, ...]:
    project = (ids.project_id(payload.project),) if payload.project else ()
    parent = (ids.content_id(payload.parent),) if payload.parent else ()
    return project + parent


_LESSON = "pao-caseiro--1-1-o-fermento"
_CONTRACTS = (
    Contract(
        type="audience.upserted",
        version=1,
        payload=AudienceUpserted,
        aggregate_type="audience",
        slot=_fixed(STATE_SLOT),
        refs=_no_refs,
        effect="Inserts or updates the row of `audience_profiles` with this slug.",
        example=AudienceUpserted(slug="padeiros-iniciantes", name="Padeiros iniciantes", technical_level="beginner"),
    ),
    Contract(
        type="project.upserted",
        version=1,
        payload=ProjectUpserted,
        aggregate_type="project",
        slot=_fixed(STATE_SLOT),
        refs=_project_refs,
        effect="Inserts or updates the row of `content_projects` with this slug; metadata is merged by key.",
        example=ProjectUpserted(
            slug="pao-caseiro",
            name="Pão caseiro",
            target_audience="padeiros-iniciantes",
            metadata={"language": "pt-BR"},
        ),
    ),
    Contract(
        type="project.status_changed",
        version=1,
        payload=ProjectStatusChanged,
        aggregate_type="project",
        slot=_fixed("status"),
        refs=_no_refs,
        effect="Sets `content_projects.status`.",
        example=ProjectStatusChanged(slug="pao-caseiro", status="in_progress"),
        patches=True,
    ),
    Contract(
        type="content.upserted",
        version=1,
        payload=ContentUpserted,
        aggregate_type="content",
        slot=_fixed(STATE_SLOT),
        refs=_content_refs,
        effect="Inserts or updates the row of `contents` with this slug, body and all; revives a deleted one.",
        example=ContentUpserted(
            slug=_LESSON,
            title="O fermento",
            content_type="course_lesson",
            project="pao-caseiro",
            parent="pao-caseiro--modulo-1",
            sequence_order=1,
            body="# Aula 1.1: O fermento\n",
            file_path="courses/pao-caseiro/lessons/1.1-o-fermento.md",
            metadata={"duration_minutes": 12},
        ),
    ),
    Contract(
        type="content.status_changed",
        version=1,
        payload=ContentStatusChanged,
        aggregate_type="content",
        slot=_fixed("status"),
        refs=_no_refs,
        effect="Sets `contents.status`, and where given `published_at` and `published_url`.",
        example=ContentStatusChanged(slug=_LESSON, status="reviewed"),
        patches=True,
    ),
    Contract(
        type="content.metadata_merged",
        version=1,
        payload=ContentMetadataMerged,
        aggregate_type="content",
        slot=_fixed("metadata"),
        refs=_no_refs,
        effect="Merges the given keys into `contents.metadata`; keys that others wrote stay.",
        example=ContentMetadataMerged(slug=_LESSON, metadata={"difficulty": "beginner"}),
        patches=True,
    ),
    Contract(
        type="content.fidelity_scored",
        version=1,
        payload=ContentFidelityScored,
        aggregate_type="content",
        slot=_fixed("fidelity"),
        refs=_no_refs,
        effect="Sets `contents.fidelity_score`.",
        example=ContentFidelityScored(slug=_LESSON, score=0.92),
        patches=True,
    ),
    Contract(
        type="content.deleted",
        version=1,
        payload=ContentDeleted,
        aggregate_type="content",
        slot=_fixed(STATE_SLOT),
        refs=_no_refs,
        effect="Sets `contents.deleted_at` (soft delete); the row stays.",
        example=ContentDeleted(slug=_LESSON),
    ),
    Contract(
        type="content.mind_linked",
        version=1,
        payload=ContentMindLinked,
        aggregate_type="content",
        slot=_mind_slot,
        refs=_no_refs,
        effect="Adds the row of `content_minds` for this content, mind and role.",
        example=ContentMindLinked(slug=_LESSON, mind="ana_padeira", role="author"),
    ),
    Contract(
        type="content.mind_unlinked",
        version=1,
        payload=ContentMindUnlinked,
        aggregate_type="content",
        slot=_mind_slot,
        refs=_no_refs,
        effect="Removes the row of `content_minds` for this content, mind and role.",
        example=ContentMindUnlinked(slug=_LESSON, mind="ana_padeira", role="author"),
    ),
    Contract(
        type="content.tagged",
        version=1,
        payload=ContentTagged,
        aggregate_type="content",
        slot=_tag_slot,
        refs=_no_refs,
        effect="Adds the row of `content_tags`, and the tag itself where it is new.",
        example=ContentTagged(slug=_LESSON, tag="fermentação"),
    ),
    Contract(
        type="content.untagged",
        version=1,
        payload=ContentUntagged,
        aggregate_type="content",
        slot=_tag_slot,
        refs=_no_refs,
        effect="Removes the row of `content_tags`; the tag stays.",
        example=ContentUntagged(slug=_LESSON, tag="fermentação"),
    ),
)

CONTRACTS: dict[str, Contract] = {contract.type: contract for contract in _CONTRACTS}
_BY_PAYLOAD: dict[type[Payload], Contract] = {contract.payload: contract for contract in _CONTRACTS}


def contract_of(payload: Payload) -> Contract:
    """Return the contract that a payload object belongs to.

    Raises:
        UnknownEventType: the class is not in the catalogue.
    """
    contract = _BY_PAYLOAD.get(type(payload))
    if contract is None:
        name = type(payload).__name__
        raise UnknownEventType(name, "$", f"no event type has this payload; known are {', '.join(CONTRACTS)}")
    return contract
