"""The units that are published while the power goes: each number stands for the same files and events every time."""

import hashlib
from dataclasses import dataclass
from functools import cache

import msgspec

from outbox import Outbox
from outbox.catalogue import ContentMetadataMerged, ContentUpserted, Payload

PERIOD = 96  # units that far apart publish the same paths, each with bytes of its own
READS = (
    1_000_000 * PERIOD
)  # a unit that much later says anew what the earlier one's files say; it reads them, and writes none
_PLACES = 5


@dataclass(frozen=True, slots=True)
class Planned:
    """What unit `number` publishes.

    Attributes:
        number: of the unit; its events name it.
        files: path -> bytes.
        payloads: its events, in order.
    """

    number: int
    files: dict[str, bytes]
    payloads: tuple[Payload, ...]


@cache
def planned(number: int) -> Planned:
    """One of six kinds: texts (new, overwritten, two at once), with a picture that no event carries, and patches."""
    if number >= READS:
        read = planned(number - READS)
        payloads = tuple(msgspec.structs.replace(payload, metadata={"unit": number}) for payload in read.payloads)
        return Planned(number, read.files, payloads)
    texts: list[str] = []
    pictures: list[str] = []
    place = number % PERIOD
    match place % 6:
        case 0:
            texts = [f"module-{place // 6}/lesson-{place}"]
        case 1:
            texts = [f"module-1/lesson-{place % _PLACES}"]
        case 2:
            texts, pictures = [f"module-1/lesson-{place % _PLACES}"], [f"pictures/{place % _PLACES}", "logo"]
        case 3:
            pictures = [f"pictures/{place % _PLACES}", f"pictures/{place}/cover"]
        case 4:
            texts = [f"module-2/lesson-{place % _PLACES}", f"deep/er/module-{place}/lesson"]
    files: dict[str, bytes] = {}
    payloads: list[Payload] = [ContentMetadataMerged(slug="course--outline", metadata={"unit": number})]
    for text in texts:
        path = f"course/{text}.md"
        body = f"# {text}, {number}\n" + f"pão {number}\n" * (number * 37 % 400)
        files[path] = body.encode()
        slug = "course--" + text.replace("/", "-")
        payloads.append(
            ContentUpserted(
                slug=slug, title=text, content_type="lesson", body=body, file_path=path, metadata={"unit": number}
            )
        )
    for picture in pictures:
        # The logo has two versions only, so that sometimes the one that is wanted stands there already.
        version = number // PERIOD % 2 if picture == "logo" else number
        files[f"course/{picture}.png"] = b"\x89PNG" + hashlib.sha256(b"%d" % version).digest() * (version % 50 + 1)
    return Planned(number, files, tuple(payloads))


def publish(box: Outbox, unit: Planned) -> list[int]:
    """Publish one; returns the seqs of its events. When this returns, no power loss takes any of it."""
    with box.unit() as opened:
        for path, data in unit.files.items():
            if unit.number >= READS:
                opened.record(path, hashlib.sha256(data).hexdigest(), len(data))
            else:
                opened.write(path, data)
        for payload in unit.payloads:
            opened.append(payload)
    return [event.seq for event in opened.result.appended]
