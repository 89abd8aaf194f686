"""A lesson of real size: about 8 KB of JSON, Portuguese, with the metadata that a generated lesson has."""

import sqlite3
from pathlib import Path

import msgspec

from outbox.catalogue import ContentUpserted

_SENTENCES = (
    "A fermentação começa quando a farinha encontra a água, e o tempo faz quase todo o resto.",
    "Observe a massa antes de olhar o relógio: temperatura, umidade e força da farinha mudam o ponto.",
    "Quem anota o que fez ontem aprende hoje; quem confia na memória repete o mesmo pão.",
    "Dobre, espere, dobre de novo. O glúten se organiza sem pressa e sem sova pesada.",
)
_BODY_BYTES = 7_700


def lesson(number: int) -> ContentUpserted:
    """Lesson `number` of a course; no two have the same text."""
    lines = [f"# Aula {number}: O fermento natural, passo a passo\n"]
    size = 0
    while size < _BODY_BYTES:
        sentence = _SENTENCES[(number + len(lines)) % len(_SENTENCES)]
        lines.append(f"{len(lines)}. {sentence}")
        size += len(lines[-1].encode()) + 2
    return ContentUpserted(
        slug=f"pao-caseiro--aula-{number}",
        title=f"O fermento natural, aula {number}",
        content_type="course_lesson",
        project="pao-caseiro",
        parent=f"pao-caseiro--modulo-{number // 20}",
        sequence_order=number % 20,
        body="\n".join(lines),
        status="draft",
        ai_generated=True,
        file_path=path(number),
        metadata={"duration_minutes": 12, "source": {"encoding": "utf-8", "newline": "\n"}},
    )


def path(number: int) -> str:
    return f"courses/pao-caseiro/lessons/aula-{number}.md"


def as_json(payload: ContentUpserted) -> str:
    return msgspec.json.encode(payload).decode()


def bare_table(file: Path) -> sqlite3.Connection:
    """The base of every ratio: a table with a key and a text, WAL, synchronous=FULL, SQLite's own checkpoints."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table bare (id integer primary key, payload text not null)")
    return connection
