"""Outboxes with content, for tests of the worker."""

from pathlib import Path

from outbox import Outbox
from outbox import catalogue as c

PROJECT = "curso-x"


def lesson(number: int, *, body: str | None = None, project: str = PROJECT) -> c.ContentUpserted:
    return c.ContentUpserted(
        slug=f"{project}--aula-{number}",
        title=f"Aula {number} – ação ✅",
        content_type="course_lesson",
        project=project,
        parent=f"{project}--modulo-1",
        sequence_order=number % 32767,
        body=body if body is not None else f"# Aula {number}\n" + f"O pão {number} cresce à noite. 🍞\n" * 40,
        file_path=f"courses/{project}/lessons/1.{number}.md",
        metadata={"duration_minutes": number % 60, "source": {"path": f"lessons/1.{number}.md"}},
    )


def project(slug: str = PROJECT) -> list[c.Payload]:
    return [
        c.ProjectUpserted(slug=slug, name="Curso X", metadata={"language": "pt-BR"}),
        c.ContentUpserted(slug=f"{slug}--outline", title="Outline", content_type="course_outline", project=slug),
        c.ContentUpserted(
            slug=f"{slug}--modulo-1",
            title="Módulo 1",
            content_type="course_module",
            project=slug,
            parent=f"{slug}--outline",
            sequence_order=1,
        ),
    ]


def filled(path: Path, lessons: int) -> Outbox:
    """An outbox with a course of that many lessons; every third is scored, tagged and its metadata patched."""
    box = Outbox.open(path)
    with box.unit() as unit:
        for payload in project():
            unit.append(payload)
        for number in range(1, lessons + 1):
            unit.append(lesson(number))
            slug = f"{PROJECT}--aula-{number}"
            if number % 3 == 0:
                unit.append(c.ContentFidelityScored(slug=slug, score=round(number % 100 / 100, 2)))
                unit.append(c.ContentTagged(slug=slug, tag=f"tag-{number % 7}"))
                unit.append(c.ContentMetadataMerged(slug=slug, metadata={"difficulty": "beginner"}))
            if number % 5 == 0:
                unit.append(lesson(number, body=f"# Aula {number}, revista\n" * 20))
            if number % 11 == 0:
                unit.append(c.ContentDeleted(slug=slug))
    return box


def got_in(box: Outbox, text: str, *, version: int = 1, kind: str | None = None) -> int:
    """An event that no append would take, put into the file by hand."""
    with box.unit() as unit:
        unit.append(c.ContentUpserted(slug=f"p--x{box.last_seq}", title="t", content_type="other"))
    (event,) = unit.result.appended
    box.connection.execute("drop trigger if exists the_newest_event_stays")
    box.connection.execute("delete from events where seq = ?", [event.seq])
    box.connection.execute(
        "insert into events (seq, event_id, type, version, aggregate_type, aggregate_id, payload_sha256, occurred_at, payload)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            event.seq,
            str(event.event_id),
            kind or event.type,
            version,
            event.aggregate_type,
            str(event.aggregate_id),
            event.payload_sha256,
            event.occurred_at.isoformat(),
            text,
        ],
    )
    return event.seq
