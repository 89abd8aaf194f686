"""The console's lists: searched, filtered, chosen from; several outboxes on one page; a key that only reads."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest

from outbox import Outbox, ParkedState, Resolution
from outbox import catalogue as c
from outbox.notes import audit
from outbox.operating import steering
from tests.support.lessons import lesson, publish
from tests.support.make_outbox import project
from tests.support.parked import put_held, put_parked
from tests.support.visitor import Visitor, console

DESTINATION = UUID("00000000-0000-4000-8000-000000000001")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    """A course with ten lessons: four are parked for two reasons, one of them with an event held behind it."""
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "content") as opened:
        opened.append(*project())
        for name in ("pao", "agua", "sal", "forno"):
            publish(opened, name, f"# {name}\n")
        opened.append(c.ContentMetadataMerged(slug="curso-x--sal", metadata={"n": 1}))
        opened.append(*(lesson(f"resto-{number}") for number in range(6)))
        for seq, reason, sqlstate in (
            (4, "no such status", "23514"),
            (5, "too long", "22001"),
            (6, "too long", "22001"),
        ):
            put_parked(opened, opened.event(seq), reason=reason, sqlstate=sqlstate)
        put_held(opened, opened.event(8), behind_seq=6)
        yield opened


@pytest.fixture
def visitor(box: Outbox) -> Iterator[Visitor]:
    with console(box.path) as found:
        found.enter()
        yield found


def listed(html: str) -> list[int]:
    """The events of a list, in its order."""
    return [int(seq) for seq in re.findall(r'class="title" id="(?:parked|event)-(\d+)"', html)]


def states(box: Outbox) -> dict[int, tuple[ParkedState, Resolution | None]]:
    return {row.seq: (row.state, row.resolution) for row in box.parked.list()}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [4, 5, 6, 8]),
        ("q=P%C3%83O", [4]),
        ("q=too+long", [5, 6]),
        ("q=lessons/sal.md", [6]),
        ("sqlstate=22001", [5, 6]),
        ("sqlstate=22001&q=sal", [6]),
        ("type=content.metadata_merged", [8]),
        ("state=held", [8]),
        ("state=parked", [4, 5, 6]),
        ("q=nowhere", []),
    ],
)
def test_parked_events_are_searched_and_filtered(visitor: Visitor, query: str, found: list[int]) -> None:
    """By words of the slug, title, file or reason; by type, SQLSTATE and state; together."""
    page = visitor.get(f"/parked?{query}")
    assert (page.status, listed(page.html)) == (200, found)


def test_several_are_chosen_looked_at_and_decided(box: Outbox, visitor: Visitor) -> None:
    """The first step decides nothing; the second decides about those that were looked at, in one go, with one reason."""
    first = visitor.post("/several", {"act": "retry", "reason": "mended", "seq": "4,6,8"})
    assert first.status == 200
    assert "Retry 2 events: is this what you mean?" in first.text  # 8 is only held: it follows by itself
    assert "1 of those chosen cannot be decided about now" in first.text
    assert audit.trail(box.connection) == []
    seqs = hidden(first.html, "seq")
    assert seqs == "4,6"
    done = visitor.post("/several/apply", {"act": "retry", "reason": "mended", "seq": seqs})
    assert (done.status, "2 events are tried again" in done.text) == (200, True)
    assert {seq: how for seq, (_, how) in states(box).items() if how} == {4: Resolution.RETRY, 6: Resolution.RETRY}
    assert {act.reason for act in audit.trail(box.connection)} == {"mended"}


def test_all_that_a_search_finds_is_decided(box: Outbox, visitor: Visitor) -> None:
    """Without ticking each: those on other pages, too; what the search does not find stays."""
    more = box.append(*(lesson(f"muito-{number}") for number in range(70))).appended
    for event in more:
        put_parked(box, event, reason="too long", sqlstate="22001")
    form = {"act": "discard", "reason": "nobody wants them", "q": "muito", "everything": "1"}
    first = visitor.post("/several", form)
    assert "Discard 70 events" in first.text
    visitor.post("/several/apply", {"act": "discard", "reason": "nobody wants them", "seq": hidden(first.html, "seq")})
    decided = {seq for seq, (_, how) in states(box).items() if how is Resolution.DISCARD}
    assert decided == {event.seq for event in more}


def test_those_that_cannot_be_decided_about_stop_no_other(box: Outbox, visitor: Visitor) -> None:
    """One whose file is gone is named with the reason; the others are decided."""
    box.place_of("courses/curso-x/lessons/agua.md").unlink()
    box.place_of("courses/curso-x/lessons/sal.md").write_text("# sal\n\nmais\n")
    done = visitor.post("/several/apply", {"act": "supersede", "reason": "repaired", "seq": "5,6"})
    assert done.status == 409
    assert "1 could not be decided about" in done.text
    assert "is gone: restore it" in done.text
    assert states(box)[6] == (ParkedState.RELEASING, Resolution.SUPERSEDE)
    assert states(box)[5] == (ParkedState.PARKED, None)


@pytest.mark.parametrize(
    "form",
    [
        {"act": "retry", "reason": "r"},
        {"act": "retry", "reason": "r", "seq": "x,-4,99999999999999999999999"},
        {"act": "retry", "reason": "r", "seq": "8"},
        {"act": "retry", "reason": " ", "seq": "4"},
        {"act": "drop table", "reason": "r", "seq": "4"},
        {"act": "discard", "reason": "r", "q": "nowhere", "everything": "1"},
    ],
    ids=["none", "no numbers", "only held", "no reason", "no decision", "nothing found"],
)
def test_what_cannot_be_decided_is_told(box: Outbox, visitor: Visitor, form: dict[str, str]) -> None:
    """Nothing is changed, and the page says what is missing."""
    answer = visitor.post("/several", form)
    assert (answer.status, "Nothing was changed" in answer.text) == (422, True)
    assert audit.trail(box.connection) == []


def test_waiting_and_delivered_events_are_listed(box: Outbox, visitor: Visitor) -> None:
    """What waits from the oldest on, what was delivered from the newest back, each with where it stands."""
    assert listed(visitor.get("/events?state=delivered").html) == []
    assert listed(visitor.get("/events?state=waiting").html) == list(range(1, 15))
    box.relay.remember_position(DESTINATION, 9, box.event(9).event_id)
    delivered = visitor.get("/events?state=delivered")
    assert listed(delivered.html) == list(range(9, 0, -1))
    assert "delivered" in delivered.text
    assert "held" in delivered.text
    assert listed(visitor.get("/events?state=waiting").html) == list(range(10, 15))
    assert listed(visitor.get("/events").html) == list(range(14, 0, -1))
    assert listed(visitor.get("/events?q=resto-3").html) == [12]
    assert listed(visitor.get("/events?type=project.upserted").html) == [1]
    assert "waits to be delivered" in visitor.get("/events/12").text


def test_a_long_list_is_read_page_by_page(box: Outbox, visitor: Visitor) -> None:
    """Every event comes exactly once, whichever way the list goes."""
    box.append(*(lesson(f"muito-{number}") for number in range(140)))
    for state in ("waiting", "all"):
        seen: list[int] = []
        path = f"/events?state={state}"
        while path:
            page = visitor.get(path).html
            seen += listed(page)
            more = re.search(r'id="next" href="([^"]+)"', page)
            path = unescape(more[1]) if more else ""
        assert seen == sorted(seen, reverse=state == "all")
        assert sorted(seen) == list(range(1, box.last_seq + 1))


def test_the_worst_news_is_the_largest(box: Outbox, visitor: Visitor) -> None:
    """What is wrong stands in the heading, the title and the icon; that generation is safe stands below it."""
    page = visitor.get("/").html
    assert heading(page) == "No worker has run here yet"
    assert "<title>No worker · 14 waiting · Outbox console</title>" in page
    assert "/static/icon-bad.svg" in page
    assert page.index("Generation is safe") > page.index('id="worst"')
    box.relay.remember_position(DESTINATION, 14, box.event(14).event_id)
    steering.pause(box, "maintenance")
    page = visitor.get("/").html
    assert heading(page).startswith("Paused by")
    assert "/static/icon-warn.svg" in page


def test_the_pictures_have_axes_with_times(visitor: Visitor) -> None:
    """Numbers up the side, times along the ground, for the backlog, the flow and the age of the oldest."""
    for span, time in (("24h", r"\d\d:00"), ("1h", r"\d\d:(?:00|15|30|45)"), ("7d", r"\d\d [A-Z][a-z]{2}")):
        page = visitor.get(f"/?span={span}").html
        assert page.count('class="plot"') == 3
        assert len(re.findall(rf">{time}</text>", page)) >= 6
    assert "Times are UTC" in page


def test_a_key_that_only_reads_decides_nothing(box: Outbox) -> None:
    """The second address shows every page, without a form; whatever is posted with it is refused."""
    with console(box.path) as boss:
        boss.enter()
        assert boss.process.stdout is not None
        reader = Visitor(address=boss.process.stdout.readline().strip(), process=boss.process)
        found = reader.get("/?" + reader.address.partition("?")[2])
        reader.cookie = found.headers["set-cookie"].partition(";")[0]
        for path in ("/", "/live", "/parked", "/parked/4", "/events", "/docs/runbook"):
            page = reader.get(path)
            assert page.status == 200, path
            assert str(boss.form_key) not in page.html
            assert 'method="post"' not in page.html
        reader.form_key = boss.form_key
        for path in ("/parked/4/discard", "/parked/4/edit/apply", "/several/apply", "/pause", "/resume"):
            answer = reader.post(path, {"reason": "r", "act": "discard", "seq": "4", "checked": json.dumps({})})
            assert (answer.status, "only reads" in answer.text) == (403, True), path
        assert audit.trail(box.connection) == []
        assert boss.post("/parked/4/discard", {"reason": "r"}).status == 303


def test_several_outboxes_stand_on_one_page(box: Outbox, tmp_path: Path) -> None:
    """The worst first, each with its own pages; one that cannot be read spoils no other."""
    other, third = tmp_path / "b" / "outbox.db", tmp_path / "c" / "outbox.db"
    for path in (other, third):
        with Outbox.open(path, content_root=tmp_path / "content") as opened:
            opened.append(lesson(f"de-{path.parent.name}"))
            if path == other:
                opened.relay.remember_position(DESTINATION, 1, opened.event(1).event_id)
                put_parked(opened, opened.event(1), reason="refused", sqlstate="23514")
    with console(box.path, arguments=(str(box.path), str(other), str(third))) as visitor:
        found = visitor.get("/?" + visitor.address.partition("?")[2])
        visitor.cookie = found.headers["set-cookie"].partition(";")[0]
        third.write_bytes(b"no database at all" * 100)
        page = visitor.get("/").html
        assert re.findall(r'<h2 id="box-(\d)"', page) == ["1", "3", "2"]
        assert "Generation is not safe" in page
        assert "curso-x--de-b" in visitor.get("/2/parked").html
        assert "curso-x--pao" in unescape(visitor.get("/1/parked").html)
        event = visitor.get("/2/parked/1")
        visitor.form_key = hidden(event.html, "form_key")
        done = visitor.post("/2/parked/1/discard", {"reason": "r"})
        assert (done.status, done.headers["location"]) == (303, "/2/parked/1?done=discard")
        for path in ("/2/", "/2/live", "/2/events", "/live", "/docs/runbook"):
            assert visitor.get(path).status == 200, path
        assert visitor.get("/4/").status == 404
    assert audit.trail(box.connection) == []


def test_the_runbook_is_read_in_the_console(visitor: Visitor) -> None:
    """What needs a person leads to its entry, with no network; the page has it, and its links lead on."""
    page = visitor.get("/").html
    entries = re.findall(r'href="/docs/runbook#([\w-]+)"', page)
    runbook = visitor.get("/docs/runbook")
    assert entries
    for entry in entries:
        assert f'id="{entry}"' in runbook.html
    for linked in sorted(set(re.findall(r'href="(/docs/[\w/-]+)', runbook.html))):
        assert visitor.get(linked).status == 200, linked
    for path in ("/docs/../../etc/passwd", "/docs/nothing", "/docs/%2e%2e/README", "/docs/"):
        assert visitor.get(path).status == 404, path


def heading(page: str) -> str:
    return unescape(page.split('<h2 id="worst">')[1].partition("</h2>")[0])


def hidden(html: str, name: str) -> str:
    return unescape(html.split(f'name="{name}" value="')[1].partition('"')[0])
