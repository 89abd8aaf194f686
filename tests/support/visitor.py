"""Talks to the console as a browser does, over real HTTP, and shows what a browser hides."""

import http.client
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from tests.support.processes import DEADLINE_SECONDS, environment, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    html: str

    @property
    def text(self) -> str:
        """What is read on the page."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.html)).replace("\N{NARROW NO-BREAK SPACE}", "").split())


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Somebody with the address of a console; `enter` exchanges its key for the cookie."""

    address: str
    process: subprocess.Popen[str]
    cookie: str | None = None
    form_key: str | None = None
    netloc: str = field(init=False)

    def __post_init__(self) -> None:
        self.netloc = urlsplit(self.address).netloc

    def enter(self) -> Answer:
        answer = self.get("/?" + urlsplit(self.address).query)
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        page = self.get("/")
        self.form_key = re.findall(r'name="form_key" value="([^"]+)"', page.html)[0]
        return page

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, form: Mapping[str, str], **headers: str) -> Answer:
        """Send a form as the console's own pages do; headers and the key may be told otherwise."""
        sent = {"form_key": self.form_key or ""} | dict(form)
        more = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{self.netloc}"} | headers
        return self._ask("POST", path, urlencode(sent), more)

    def _ask(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection(self.netloc, timeout=DEADLINE_SECONDS)
        try:
            own = {"Cookie": self.cookie} if self.cookie else {}
            given = {name: value for name, value in (own | dict(headers)).items() if value}
            connection.request(method, path, body, given)
            found = connection.getresponse()
            return Answer(status=found.status, headers=found.headers, html=found.read().decode())
        finally:
            connection.close()


@contextmanager
def console(outbox: Path, *, arguments: Sequence[str] = (), **more: str) -> Iterator[Visitor]:
    """A console of its own process on a free port; no database is named to it."""
    env = environment(outbox, None, **more)
    with worker("console", "--port", "0", *arguments, env=env, cwd=outbox.parent) as process:
        assert process.stdout is not None
        yield Visitor(address=process.stdout.readline().strip(), process=process)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
