"""The console as pictures, in real Chromium: at four widths, light and dark, on a bad day.

`make pictures` keeps a few of them in docs/pictures, for the documentation.
"""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from selenium.webdriver.common.by import By

from outbox import Outbox
from outbox import catalogue as c
from tests.support import chromium
from tests.support.chromium import Browser, browser
from tests.support.lessons import SetClock, lesson, publish
from tests.support.make_outbox import project
from tests.support.parked import put_held, put_parked
from tests.support.visitor import Visitor, console

MISSING = chromium.missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

KEPT = os.environ.get("CONSOLE_PICTURES")
LARGEST_BYTES = 100_000
WIDTHS = (360, 768, 1280, 1920)
DESTINATION = UUID("00000000-0000-4000-8000-000000000001")
# What the documentation shows: page, width, scheme.
IN_THE_DOCS = {
    ("overview", 768, "light"),
    ("overview", 360, "dark"),
    ("parked", 768, "light"),
    ("outboxes", 768, "dark"),
}


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def bad_day(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two outboxes: one with outages, parked events and a worker that was blocked; one that is well."""
    folder = tmp_path_factory.mktemp("outboxes")
    clock = SetClock(dt.datetime.now(dt.UTC) - dt.timedelta(hours=23))
    with Outbox.open(folder / "a" / "outbox.db", content_root=folder / "content", clock=clock) as box:
        box.append(*project())
        box.append(*(lesson(f"fermento-{number}") for number in range(12)))
        box.append(c.ContentMetadataMerged(slug="curso-x--fermento-2", metadata={"n": 1}))
        for hour in range(23):
            for number in range(8 + hour % 5 * 6):
                box.append(lesson(f"{hour}-{number}"))
                clock.move(seconds=60)
            if hour in {5, 15}:
                box.relay.outage_began("the database does not answer")
            if hour in {7, 21}:
                box.relay.outage_ended()
            if hour not in {5, 6, 15, 16, 17, 18, 19, 20}:
                box.relay.remember_position(DESTINATION, box.last_seq, box.event(box.last_seq).event_id)
            clock.time = dt.datetime.now(dt.UTC) - dt.timedelta(hours=22 - hour)
        box.append(*project("curso-y"))
        box.append(*(lesson(f"novo-{number}") for number in range(40)))
        for seq in range(5, 15):
            too_long = seq % 3 > 0
            reason = "value too long for type character varying(200)" if too_long else "violates check constraint"
            put_parked(box, box.event(seq), reason=reason, sqlstate="22001" if too_long else "23514")
        put_held(box, box.event(16), behind_seq=6)
    with Outbox.open(folder / "b" / "outbox.db", content_root=folder / "content") as box:
        publish(box, "a")
        box.relay.remember_position(DESTINATION, 1, box.event(1).event_id)
    return [folder / "a" / "outbox.db", folder / "b" / "outbox.db"]


@pytest.fixture(scope="module")
def one(bad_day: list[Path]) -> Iterator[Visitor]:
    with console(bad_day[0]) as found:
        yield found


@pytest.fixture(scope="module")
def both(bad_day: list[Path]) -> Iterator[Visitor]:
    with console(bad_day[0], arguments=[str(path) for path in bad_day]) as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_are_pictures_that_fit(
    tab: Browser, one: Visitor, both: Visitor, tmp_path: Path, width: int, scheme: str
) -> None:
    """Nothing sticks out to the side, no text lies on another, and every picture has something on it."""
    folder = Path(KEPT) if KEPT else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    for name, visitor, path in (
        ("overview", one, "/"),
        ("parked", one, "/parked?q=fermento"),
        ("event", one, "/parked/8"),
        ("events", one, "/events"),
        ("outboxes", both, "/"),
    ):
        tab.size(width, 700)
        tab.scheme("dark" if scheme == "dark" else "light")
        tab.driver.get(visitor.address)
        tab.driver.get(f"http://{visitor.netloc}{path}")
        assert tab.js("return document.documentElement.scrollWidth") <= width, name
        assert tab.js(OVERLAPPING) == [], name
        kept = (name, width, scheme) in IN_THE_DOCS
        if KEPT and not (kept or os.environ.get("CONSOLE_PICTURES_ALL")):
            continue
        picture = folder / f"console-{name}-{width}-{scheme}.png"
        if kept:
            tab.driver.save_screenshot(str(picture))
            _fits_the_docs(picture)
            if (name, width) == ("overview", 768):
                curves = picture.with_name("console-curves.png")
                tab.size(width, 2000)  # what is below the edge of the window is not in a picture
                tab.driver.find_element(By.CSS_SELECTOR, "section[aria-labelledby=backlog]").screenshot(str(curves))
                _fits_the_docs(curves)
        else:
            tab.picture(picture)
            assert picture.stat().st_size > 5_000, name
    assert tab.complaints() == []


def _fits_the_docs(picture: Path) -> None:
    """The size depends on the fonts of the host: only where a picture is kept does it matter."""
    assert picture.stat().st_size > 5_000
    assert not KEPT or picture.stat().st_size < LARGEST_BYTES


# Texts of the pictures' axes that lie on each other.
OVERLAPPING = """
const found = [];
for (const plot of document.querySelectorAll('svg.plot')) {
  const texts = [...plot.querySelectorAll('text')].map((one) => [one.textContent, one.getBoundingClientRect()]);
  for (const [a, x] of texts) for (const [b, y] of texts) {
    if (x !== y && x.left < y.right && y.left < x.right && x.top < y.bottom && y.top < x.bottom) found.push(`${a} on ${b}`);
  }
}
return found;
"""
