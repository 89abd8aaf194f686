"""The console over real HTTP, on real outbox files, with no database anywhere."""

import http.client
import json
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
import uvicorn

from outbox import Event, Outbox, ParkedState, Resolution
from outbox import catalogue as c
from outbox.notes import audit
from outbox.operating import CourseTally
from tests.support.lessons import lesson, path_of, publish
from tests.support.make_outbox import got_in, project
from tests.support.parked import put_held, put_parked
from tests.support.processes import DEADLINE_SECONDS, ROOT, environment, until, worker
from tests.support.visitor import Visitor, console
from worker.console.overview import read_overview
from worker.console.patience import ImpatientProtocol

SCRIPT = "<script>alert('pão')</script>"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    """A course; the fourth event is parked, the one after it is held behind it, the last one waits."""
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "content") as opened:
        opened.append(*project())
        publish(opened, "a", "# Aula\n\nmá\n")
        opened.append(c.ContentMetadataMerged(slug="curso-x--a", metadata={"n": 1}), lesson("b"))
        put_parked(opened, opened.event(4), reason=f"refused {SCRIPT}", sqlstate="23514", attempts=2)
        put_held(opened, opened.event(5), behind_seq=4)
        yield opened


@pytest.fixture
def visitor(box: Outbox) -> Iterator[Visitor]:
    with console(box.path) as found:
        found.enter()
        yield found


def rows(box: Outbox) -> list[tuple[object, ...]]:
    """Everything in the file, in every table."""
    tables = [name for (name,) in box.connection.execute("select name from sqlite_master where type = 'table'")]
    return [(table, *row) for table in sorted(tables) for row in box.connection.execute(f"select * from {table}")]


def edited(event: Event, **fields: object) -> dict[str, str]:
    """The form of an edit, as a browser sends it: line ends as CR LF."""
    payload = json.loads(event.payload_json) | fields
    return {
        f"field:{name}": (value if isinstance(value, str) else json.dumps(value)).replace("\n", "\r\n")
        for name, value in payload.items()
    }


def test_the_page_answers_what_an_operator_asks(visitor: Visitor) -> None:
    """Generation, what is wrong, what needs a person, backlog, parked events, courses: from the outbox file alone."""
    text = visitor.get("/").text
    for said in (
        "Generation is safe",
        "No worker has run here yet",
        "worker run",
        "6 events wait now",
        "1 parked · 1 held behind",
        "curso-x--a",
        "poison 23514",
        "2 attempts",
        "1 waits behind it",
        "Curso X",
        "No outage so far",
        "Nobody had to decide anything yet",
    ):
        assert said in text, said


def test_an_event_that_nobody_can_read_spoils_no_page(box: Outbox, visitor: Visitor) -> None:
    """A course and a content whose payloads are no JSON: the overview stands, and the event can be discarded."""
    course, content = got_in(box, "{not json", kind="project.upserted"), got_in(box, "[")
    for seq in (course, content):
        put_parked(box, box.event(seq), reason="the payload is not JSON")
    assert visitor.get("/").status == 200
    page = visitor.get(f"/parked/{content}")
    assert (page.status, "the payload is not JSON" in page.text) == (200, True)
    assert "outbox parked edit" in page.text
    assert "<pre>[</pre>" in page.html
    assert visitor.post(f"/parked/{content}/discard", {"reason": "unreadable"}).status == 303
    assert box.parked.find(content).resolution is Resolution.DISCARD


def test_the_console_is_locked_without_its_key(box: Outbox) -> None:
    """Another user of the host can connect; without the printed address every page is refused, and says how to get in."""
    with console(box.path) as stranger:
        for path in ("/", "/live", "/parked/4", "/?key=wrong", "/parked/4?key="):
            answer = stranger.get(path)
            assert (answer.status, "curso-x" in answer.html) == (401, False)
            assert "locked" in answer.text
        assert stranger.post("/parked/4/discard", {"reason": "mine"}).status == 401
        assert stranger.get("/", Cookie="outbox_console=ü".encode().decode("latin-1")).status == 401
        before = stranger.get("/?" + stranger.address.partition("?")[2])
        assert before.status == 303
        assert before.headers["location"] == "/"
        cookie = before.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert stranger.address.partition("key=")[2] not in before.headers["set-cookie"]
    assert box.parked.find(4) is not None


@pytest.mark.parametrize(
    "path",
    [
        "/parked/99999999999999999999", "/parked/9223372036854775808", "/parked/9223372036854775807", "/parked/0",
        "/parked/-1", "/parked/1.5", "/parked/1e9", "/parked/%D9%A3", "/parked/", "/parked/" + "9" * 400, "/parked/x",
        "/parked/99999999999999999999/retry", "/parked/00004",
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_is_not_found(visitor: Visitor, path: str) -> None:
    """A number that no log has, and what is no number."""
    assert visitor.get(path).status in {404, 405}
    assert visitor.post(f"{path}/retry", {"reason": "x"}).status == 404


@pytest.mark.parametrize("after", ["99999999999999999999", "-5", "x", "9" * 400, "\u0663", "1e3"])
def test_a_page_after_an_impossible_number_is_a_page(visitor: Visitor, after: str) -> None:
    """The beginning, or an empty rest; never a fault."""
    assert visitor.get(f"/parked?after={quote(after)}").status == 200
    assert visitor.get(f"/events?from={quote(after)}").status == 200
    assert visitor.get(f"/events?state=waiting&from={quote(after)}").status == 200


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"POST /pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab"],
    ids=["nothing", "half a line", "half the headers", "half a form"],
)  # fmt: skip
def test_a_client_that_is_slow_to_ask_is_let_go(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """However steadily its bytes drip: the limit runs from the first to the last."""
    monkeypatch.setattr(ImpatientProtocol, "request_seconds", 0.3)

    async def app(scope: object, receive: object, send: object) -> None:
        await receive()  # type: ignore[operator]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, http=ImpatientProtocol, ws="none", lifespan="off", log_level="error")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        with socket.create_connection(listener.getsockname(), timeout=DEADLINE_SECONDS) as client:
            client.sendall(sent)
            ended = b"?"
            with suppress(ConnectionError):
                while ended and not sent:
                    ended = client.recv(1024)
                while sent:  # it drips on until it is cut off
                    client.sendall(b"X")
                    client.settimeout(0.05)
                    with suppress(TimeoutError):
                        if not client.recv(1024):
                            break
        server.should_exit = True
        thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


def test_a_foreign_host_is_refused(visitor: Visitor) -> None:
    """A name of somebody else's that was made to point to the loopback address opens nothing."""
    for host in (
        "evil.example",
        "evil.example:8787",
        "127.0.0.1.evil.example",
        "10.0.0.1:8787",
        "[::1]",
        "localhost:x",
    ):
        answer = visitor.get("/", Host=host)
        assert (answer.status, "curso-x" in answer.html) == (400, False), host


def test_a_tunnel_may_have_another_port(visitor: Visitor) -> None:
    """With `ssh -L` the browser's port is not the console's."""
    assert visitor.get("/", Host="localhost:9999").status == 200
    assert visitor.get("/", Host="localhost").status == 200


def test_a_form_of_somebody_else_is_refused(box: Outbox, visitor: Visitor) -> None:
    """Another site's page can make the operator's browser send a form; it knows no key, and cannot hide where it is from."""
    before = rows(box)
    wrong: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"form_key": ""}, {}),
        ({"form_key": "wrong"}, {}),
        ({}, {"Origin": "http://evil.example"}),
        ({}, {"Origin": "null"}),
        ({}, {"Origin": ""}),
    ]
    acts = ("retry", "discard", "edit", "edit/apply", "supersede", "supersede/apply")
    for path in (*(f"/parked/4/{act}" for act in acts), "/several", "/several/apply", "/pause", "/resume"):
        for form, headers in wrong:
            assert visitor.post(path, {"reason": "r"} | form, **headers).status == 403, (path, form, headers)
    assert rows(box) == before


def test_a_get_changes_nothing(box: Outbox, visitor: Visitor) -> None:
    """Whatever is looked at, every table stays as it is; and what decides is no GET."""
    before = rows(box)
    for path in (
        "/",
        "/live?span=7d",
        "/?span=none&after=x",
        "/parked/4",
        "/parked/5",
        "/parked/1",
        "/parked?q=aula&type=content.upserted&sqlstate=23514&state=parked",
        "/events?state=delivered&q=x",
        "/events/4",
        "/docs/runbook",
        "/static/console.css",
    ):
        assert visitor.get(path).status == 200
    assert visitor.get("/parked/999").status == 404
    assert visitor.get("/nothing").status == 404
    for path in ("/parked/4/discard", "/parked/4/edit", "/parked/4/edit/apply", "/several/apply", "/pause"):
        assert visitor.get(path).status == 405
    assert rows(box) == before


def test_every_answer_is_closed_up(visitor: Visitor) -> None:
    """No frame, no cache, nothing from elsewhere, nothing inline; not on refusals either."""
    for path in ("/", "/parked/4", "/nothing", "/static/console.js"):
        headers = visitor.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert headers["server"] is None
    assert "frame-ancestors" in visitor.get("/", Host="evil.example").headers["content-security-policy"]


def test_payloads_and_reasons_are_escaped(box: Outbox, visitor: Visitor) -> None:
    """What an event says is shown, never run."""
    box.append(lesson("evil", SCRIPT, metadata={SCRIPT: SCRIPT}))
    put_parked(box, box.event(7), reason=SCRIPT)
    pages = [visitor.get("/"), visitor.get("/parked/4"), visitor.get("/parked/7")]
    form = edited(box.event(7), title=f"x{SCRIPT}") | {"reason": SCRIPT}
    pages += [visitor.post("/parked/7/edit", form), visitor.post("/parked/7/edit", form | {"field:title": ""})]
    for page in pages:
        assert "<script>alert" not in page.html
        assert "alert(" in page.text
    assert [page.status for page in pages] == [200, 200, 200, 200, 422]


def test_no_secret_is_on_any_page(box: Outbox) -> None:
    """The console is not told the database, and shows nothing of its environment."""
    dsn = "postgresql://outbox_worker:sesame-sesame@db.example:5432/postgres"
    with console(box.path, SUPABASE_DB_URL=dsn) as visitor:
        visitor.enter()
        for path in ("/", "/live", "/parked/4", "/nothing"):
            assert "sesame" not in visitor.get(path).html
            assert "db.example" not in visitor.get(path).html


def test_an_edit_is_shown_first_and_keeps_the_original(box: Outbox, visitor: Visitor) -> None:
    """Looking at the difference decides nothing; applying it leaves the log as it was, and an entry with who and why."""
    original = box.event(4)
    before = rows(box)
    form = edited(original, title="Melhor", body="# Aula\n\nboa\n") | {"reason": "typo"}
    preview = visitor.post("/parked/4/edit", form)
    assert preview.status == 200
    assert 'title − "Aula a" + "Melhor"' in preview.text
    assert ("− má" in preview.text, "+ boa" in preview.text) == (True, True)
    assert rows(box) == before
    checked = json.loads(_hidden(preview.html, "checked"))
    assert checked == json.loads(original.payload_json) | {"title": "Melhor", "body": "# Aula\n\nboa\n"}
    done = visitor.post("/parked/4/edit/apply", {"checked": json.dumps(checked), "reason": "typo"})
    assert (done.status, done.headers["location"]) == (303, "/parked/4?done=edit")
    found = box.parked.find(4)
    assert found is not None
    assert (found.state, found.resolution) == (ParkedState.RELEASING, Resolution.EDIT)
    assert json.loads(found.payload_json or "") == checked
    assert box.event(4) == original
    (act,) = audit.trail(box.connection)
    assert (act.action, act.seq, act.reason, act.before) == ("edit", 4, "typo", original.payload_json)
    assert act.who
    page = visitor.get("/parked/4?done=edit").text
    assert "It is applied as edited by the worker" in page
    assert '+ "Melhor"' in page
    assert "What to do with it" not in page


def test_a_field_that_was_not_touched_keeps_its_line_ends(box: Outbox, visitor: Visitor) -> None:
    """Browsers send CR LF whatever was there; a lesson written on another system stays as it was written."""
    box.append(lesson("crlf", "# Aula\r\n\r\num\r\n"), lesson("mixed", "um\r\ndois\ntrês\n"))
    for seq, body, after in ((7, "# Aula\n\ndois\n", "# Aula\r\n\r\ndois\r\n"), (8, "um\ndois\ntrês\n", None)):
        put_parked(box, box.event(seq), reason="r")
        form = edited(box.event(seq), title="T", body=body) | {"reason": "r"}
        checked = json.loads(_hidden(visitor.post(f"/parked/{seq}/edit", form).html, "checked"))
        assert checked["body"] == (after or "um\r\ndois\ntrês\n")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": ""}, "$.title"),
        ({"slug": "other"}, "another aggregate"),
        ({}, "same as before"),
        ({"title": "x", "reason": " "}, "A reason is needed"),
        ({"field:metadata": "{"}, "metadata is not JSON"),
    ],
    ids=["contract", "aggregate", "unchanged", "no reason", "no json"],
)
def test_an_edit_that_cannot_be_is_told_with_what_was_typed(
    box: Outbox, visitor: Visitor, fields: dict[str, str], said: str
) -> None:
    """The contract is that of the command; nothing typed is lost, and nothing is decided."""
    box.append(lesson("m", metadata={"a": 1}))
    put_parked(box, box.event(7), reason="r")
    before = rows(box)
    reason = fields.pop("reason", "because of this")
    form = edited(box.event(7)) | {k if ":" in k else f"field:{k}": v for k, v in fields.items()} | {"reason": reason}
    answer = visitor.post("/parked/7/edit", form)
    assert answer.status == 422
    assert said in answer.text
    assert reason.strip() in answer.html
    assert rows(box) == before
    payload = json.loads(box.event(7).payload_json) | {"title": ""}
    assert visitor.post("/parked/7/edit/apply", {"checked": json.dumps(payload), "reason": "r"}).status == 422
    assert visitor.post("/parked/7/edit/apply", {"checked": "[]", "reason": "r"}).status == 422
    assert visitor.post("/parked/7/edit/apply", {"checked": "{", "reason": "r"}).status == 422
    assert rows(box) == before


@pytest.mark.parametrize("act", ["retry", "discard"])
def test_retry_and_discard_need_a_reason_and_leave_a_trail(box: Outbox, visitor: Visitor, act: str) -> None:
    """The same functions as the commands use: state, resolution, audit."""
    assert visitor.post(f"/parked/4/{act}", {"reason": ""}).status == 422
    assert audit.trail(box.connection) == []
    assert visitor.post(f"/parked/4/{act}", {"reason": "because"}).status == 303
    found = box.parked.find(4)
    assert found is not None
    assert (found.state, found.resolution) == (ParkedState.RELEASING, Resolution(act))
    assert [(one.action, one.reason) for one in audit.trail(box.connection, seq=4)] == [(act, "because")]
    again = visitor.post(f"/parked/4/{act}", {"reason": "twice"})
    assert again.status == 409
    assert "releasing already" in again.text
    held = visitor.post(f"/parked/5/{act}", {"reason": "impatient"})
    told = "only held behind event 4" if act == "retry" else "event 5 is releasing already"  # discarded along with 4
    assert (held.status, told in held.text) == (409, True)


def test_supersede_shows_the_file_as_it_is_and_notices_that_it_moved(box: Outbox, visitor: Visitor) -> None:
    """What is applied is what was looked at; a file that changed in between is shown anew."""
    place = box.place_of(path_of("a"))
    place.write_text("# Aula\n\nboa\n")
    first = visitor.post("/parked/4/supersede", {"reason": "repaired"})
    assert "+ boa" in first.text
    form = {"reason": "repaired", "checked": _hidden(first.html, "checked")}
    place.write_text("# Aula\n\nótima\n")
    moved = visitor.post("/parked/4/supersede/apply", form)
    assert (moved.status, "+ ótima" in moved.text) == (409, True)
    assert audit.trail(box.connection) == []
    form["checked"] = _hidden(moved.html, "checked")
    assert visitor.post("/parked/4/supersede/apply", form).status == 303
    found = box.parked.find(4)
    assert found is not None
    assert found.resolution is Resolution.SUPERSEDE
    assert json.loads(found.payload_json or "")["body"] == "# Aula\n\nótima\n"


def test_pause_and_resume(box: Outbox, visitor: Visitor) -> None:
    """The worker is told to wait, with a reason, and to go on."""
    assert visitor.post("/pause", {"reason": ""}).status == 422
    assert visitor.post("/pause", {"reason": "maintenance"}).status == 303
    assert box.relay.paused
    assert "Resume delivery" in visitor.get("/").text
    assert "maintenance" in visitor.get("/").text
    assert visitor.post("/resume", {}).status == 303
    assert not box.relay.paused
    assert [act.action for act in audit.trail(box.connection)] == ["pause", "resume"]


def test_it_works_while_a_worker_runs_and_writes(box: Outbox, visitor: Visitor, tmp_path: Path) -> None:
    """A real worker whose database is away; the page tells the outage, and a decision reaches the file."""
    with socket.socket() as nobody:  # bound, not listening: connections are refused
        nobody.bind(("127.0.0.1", 0))
        dsn = f"postgresql://outbox_worker:sesame@127.0.0.1:{nobody.getsockname()[1]}/postgres"
        with worker("run", env=environment(box.path, dsn), cwd=tmp_path) as process:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "outage_began" in line)
            assert line
            until(lambda: "OUTAGE" in visitor.get("/live").text, what="the page tells the outage")
            text = visitor.get("/").text
            assert "the database was away" in text
            assert "goes on" in text
            assert visitor.post("/parked/4/retry", {"reason": "mended"}).status == 303
            assert box.parked.list(state=ParkedState.RELEASING)[0].seq == 4
            assert "the worker takes it up next" in visitor.get("/").text


def test_an_outbox_that_cannot_be_read_is_told_and_comes_back(box: Outbox, visitor: Visitor) -> None:
    """A damaged or missing file is a sentence with a remedy; put back, the same console shows it."""
    original = box.path.read_bytes()
    box.connection.execute("pragma wal_checkpoint(truncate)")
    original = box.path.read_bytes()
    moved = box.path.with_suffix(".kept")
    box.path.rename(moved)
    assert "no outbox at" in visitor.get("/").text
    assert visitor.post("/parked/4/retry", {"reason": "r"}).status == 503
    box.path.write_bytes(b"no database at all, only words" * 200)
    text = visitor.get("/live").text
    assert "Generation is not safe" in text
    assert "outbox recover --salvage" in text
    box.path.unlink()
    moved.rename(box.path)
    assert box.path.read_bytes() == original
    assert "Generation is safe" in visitor.get("/").text


def test_a_large_payload_is_edited_in_a_shell(box: Outbox, visitor: Visitor) -> None:
    """A form is no editor for a book; the page stays a page, and says the command."""
    box.append(lesson("book", "palavra " * 100_000))
    put_parked(box, box.event(7), reason="r")
    page = visitor.get("/parked/7")
    assert "outbox parked edit 7" in page.text
    assert len(page.html) < 100_000
    assert visitor.post("/parked/7/retry", {"reason": "x" * 5_000_000}).status == 413


def test_many_parked_events_are_shown_in_pages(box: Outbox, visitor: Visitor) -> None:
    """In seq order, with a link to the next ones."""
    appended = box.append(*(lesson(f"p{number}") for number in range(30))).appended
    for event in appended:
        put_parked(box, event, reason="r")
    overview = visitor.get("/").html
    assert 'href="/parked/15"' in overview
    assert 'href="/parked/16"' not in overview
    assert "All of them" in overview
    assert 'href="/parked/36"' in visitor.get("/parked").html
    assert 'href="/parked/9"' not in visitor.get("/parked?after=25").html
    assert 'href="/parked/26"' in visitor.get("/parked?after=25").html


def test_it_listens_on_the_loopback_address_alone(box: Outbox) -> None:
    """No option makes it listen elsewhere, and no other address of the host answers."""
    with console(box.path) as visitor:
        port = int(visitor.netloc.rpartition(":")[2])
        listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
        where = [line.split()[1] for line in listening.splitlines() if line.split()[3] == "0A"]
        assert [one for one in where if one.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]
    refused = subprocess.run(
        [sys.executable, "-m", "worker", "console", "--host", "0.0.0.0"],  # noqa: S104 - it is refused
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert refused.returncode == 2


def test_a_signal_that_comes_before_it_serves_ends_it(box: Outbox) -> None:
    """A supervisor may stop it the moment its address stands there."""
    program = (
        "import os, pathlib, signal, sys\n"
        "from outbox import OutboxSettings\n"
        "from worker.console.server import serve_console\n"
        "where = OutboxSettings(outbox_path=pathlib.Path(sys.argv[1]), content_root=pathlib.Path(sys.argv[1]).parent)\n"
        "serve_console([where], port=0, told=lambda *_: os.kill(os.getpid(), signal.SIGTERM))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(box.path)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_port_in_use_is_told(box: Outbox) -> None:
    """Exit code 3 with the way out, and nothing on stdout."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with worker("console", "--port", str(port), env=environment(box.path, None), cwd=box.path.parent) as process:
            out, err = process.communicate()
    assert (process.returncode, out) == (3, "")
    assert f"port {port} is in use" in err
    assert "--port" in err


def test_an_outbox_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As by every other command."""
    with worker("console", "--port", "0", env=environment(tmp_path / "no.db", None), cwd=tmp_path) as process:
        _, err = process.communicate()
    assert process.returncode == 3
    assert "OUTBOX_PATH" in err


def test_a_signal_ends_it(box: Outbox) -> None:
    """SIGTERM and Ctrl-C, also while a browser keeps its connection open; exit code 0, nothing of requests on stderr."""
    for number in (signal.SIGTERM, signal.SIGINT):
        with worker("console", "--port", "0", env=environment(box.path, None), cwd=box.path.parent) as process:
            assert process.stdout is not None
            visitor = Visitor(address=process.stdout.readline().strip(), process=process)
            visitor.enter()
            kept = http.client.HTTPConnection(visitor.netloc, timeout=DEADLINE_SECONDS)
            kept.request("GET", "/", headers={"Cookie": str(visitor.cookie)})
            assert kept.getresponse().read()
            process.send_signal(number)
            assert process.wait() == 0
            kept.close()
            assert process.stderr is not None
            assert "key=" not in process.stderr.read()


def test_nothing_is_left_beside_the_outbox(box: Outbox, visitor: Visitor) -> None:
    """The key and the cookie are in no file; what is there belongs to its owner alone."""
    visitor.get("/")
    for path in box.path.parent.iterdir():
        if path.is_file():
            assert visitor.address.partition("key=")[2].encode() not in path.read_bytes()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_page_costs_the_same_whatever_waits(tmp_path: Path) -> None:
    """With 1,000,000 events waiting a look is a bounded number of small steps; no statement walks the log."""
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project())
        _a_million(box)
        assert read_overview(box, CourseTally(box.outbox_id), span="24h").status.backlog == 1_000_003
        said: list[str] = []
        box.connection.set_trace_callback(said.append)
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        box.connection.set_progress_handler(count, 1000)
        tally = CourseTally(box.outbox_id)
        for _ in range(3):  # each look counts one slice of the courses
            page = read_overview(box, tally, span="24h")
        box.connection.set_progress_handler(None, 0)
        box.connection.set_trace_callback(None)
        assert page.courses.counted_seq == 150_000
        assert not page.courses.complete
        # Three slices of 50,000 rows at some 12 instructions each, and three times the rest of the page.
        assert steps < 3 * (50 * 15 + 100)
        assert len(said) < 3 * 2500
        for statement in set(said):
            plan = [row[-1] for row in box.connection.execute(f"explain query plan {statement}")]
            # In order, from one end, until the first row: no walk.
            assert "SCAN events" not in plan or statement.rstrip("; \n").endswith("limit 1"), statement
        while not tally.look(box.connection, 0).complete:
            pass
        (course,) = tally.look(box.connection, 400_000).rows
        assert (course.slug, course.applied, course.waiting) == ("curso-x", 400_000, 600_003)
        (course,) = tally.look(box.connection, 100).rows  # the database was restored
        assert (course.applied, course.waiting) == (100, 999_903)


def _a_million(box: Outbox) -> None:
    """Events of one course, as many as an outage of weeks leaves; written by SQLite itself."""
    box.connection.execute("begin immediate")
    box.connection.execute(
        """
        insert into events (seq, event_id, type, version, aggregate_type, aggregate_id, previous_seq, refs,
                            payload_sha256, occurred_at, payload)
        with recursive n (i) as (select 4 union all select i + 1 from n where i < 1000003),
          project as (select aggregate_id as id from events where seq = 1)
        select i, printf('%08x-%04x-7000-8000-%012x', (1767000000000 + i * 1000) >> 16, (1767000000000 + i * 1000) & 65535, i),
               'content.upserted', 1, 'content', printf('00000000-0000-5000-8000-%012x', i), null,
               json_array(project.id, 'x'), printf('%064x', i), '2026-01-01T00:00:00.000000+00:00', '{"slug":"s"}'
        from n, project
        """
    )
    box.connection.execute("commit")


def _hidden(html: str, name: str) -> str:
    value = html.split(f'name="{name}" value="')[1].partition('"')[0]
    return unescape(value)
