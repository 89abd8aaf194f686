"""The console in a real browser: by keyboard alone, light and dark, narrow and wide.

Chromium and its driver come from Debian's packages; CI installs them. Where they are missing the tests are skipped, and
the summary says so.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from outbox import Outbox, Resolution
from outbox import catalogue as c
from outbox.notes import audit
from outbox.operating import steering
from tests.support import chromium
from tests.support.chromium import Browser, browser
from tests.support.lessons import lesson, publish
from tests.support.make_outbox import project
from tests.support.parked import put_held, put_parked
from tests.support.processes import until
from tests.support.visitor import Visitor, console

MISSING = chromium.missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

# Every text against the ground that it stands on; WCAG asks for 4.5 : 1.
TOO_PALE = """
const channel = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
function ground(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    layers.push(parse(getComputedStyle(at).backgroundColor));
    if (layers.at(-1)[3] === 1) break;
  }
  return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
}
const pale = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
  const under = ground(element);
  const [x, y] = [light(over(parse(getComputedStyle(element).color), under)), light(under)];
  if ((Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05) < 4.5) pale.push(walker.currentNode.data.trim().slice(0, 40));
}
return pale;
"""


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    """An outage that goes on, and a parked lesson with one held behind it; names as long as they get."""
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "content") as opened:
        opened.append(*project())
        publish(opened, "a", "# Aula\n\n" + "palavra-comprida-" * 30 + "\n\nfim\n")
        opened.append(c.ContentMetadataMerged(slug="curso-x--a", metadata={"n": 1}))
        opened.append(*(lesson(f"{'muito-' * 25}{number}") for number in range(12)))
        put_parked(opened, opened.event(4), reason=f"refused {'sem_espaço_' * 20}", sqlstate="23514")
        put_held(opened, opened.event(5), behind_seq=4)
        opened.relay.outage_began("the database does not answer")
        yield opened


@pytest.fixture
def visitor(box: Outbox) -> Iterator[Visitor]:
    with console(box.path) as found:
        yield found


def opened(tab: Browser, visitor: Visitor, path: str = "/") -> Browser:
    """The page, as one comes to it with the printed address; what the browser said before is forgotten."""
    tab.driver.get("about:blank")  # the page of the test before asks its server, which is gone, until it is left
    tab.complaints()
    tab.size(1280)
    tab.scheme("light")
    tab.driver.get(visitor.address)
    if path != "/":
        tab.driver.get(f"http://{visitor.netloc}{path}")
    return tab


def focused(tab: Browser) -> str:
    return str(tab.js("return document.activeElement.id || document.activeElement.textContent.trim()"))


def tab_to(tab: Browser, target: str) -> None:
    """Press Tab until the focus is there, and see it on the way at every stop."""
    for _ in range(60):
        tab.press(Keys.TAB)
        style = tab.js("const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]")
        assert style == ["solid", "3px"], focused(tab)
        if focused(tab) == target:
            return
    raise AssertionError(f"Tab never comes to {target}")


def test_a_parked_event_is_resolved_by_keyboard_alone(tab: Browser, visitor: Visitor, box: Outbox) -> None:
    """From the first page to the decision without a pointer; the focus is seen at every stop."""
    opened(tab, visitor)
    tab.press(Keys.TAB)
    assert focused(tab) == "Skip to content"
    tab.press(Keys.ENTER)
    tab_to(tab, "parked-4")
    tab.press(Keys.ENTER)
    until(lambda: tab.driver.current_url.endswith("/parked/4"), what="the page of the event")
    tab_to(tab, "edit-summary")
    tab.press(Keys.ENTER)
    tab_to(tab, "field-title")
    tab.press(Keys.CONTROL + "a", "Melhor")
    tab_to(tab, "edit-reason")
    tab.press("typo", Keys.ENTER)
    until(lambda: tab.driver.current_url.endswith("/parked/4/edit"), what="the difference")
    assert "Melhor" in tab.driver.find_element(By.TAG_NAME, "ins").text
    assert audit.trail(box.connection) == []
    assert focused(tab) == "Apply it so"
    tab.press(Keys.ENTER)
    until(lambda: "done=edit" in tab.driver.current_url, what="the decision")
    found = box.parked.find(4)
    assert found is not None
    assert found.resolution is Resolution.EDIT
    assert json.loads(found.payload_json or "") == json.loads(box.event(4).payload_json) | {"title": "Melhor"}
    assert [act.reason for act in audit.trail(box.connection)] == ["typo"]
    assert tab.complaints() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_fits_and_can_be_read(tab: Browser, visitor: Visitor, width: int, scheme: str) -> None:
    """No sideways scrolling, no pale text, no complaint of the browser, nothing asked of another host."""
    opened(tab, visitor)
    tab.asked_for()
    tab.complaints()
    tab.size(width)
    tab.scheme("dark" if scheme == "dark" else "light")
    for path in (
        "/",
        "/?span=30d",
        "/parked",
        "/events?q=a",
        "/docs/runbook",
        "/parked/4",
        "/parked/4#edit",
        "/parked/5",
        "/parked/2",
        "preview",
    ):
        if path == "preview":
            tab.driver.get(f"http://{visitor.netloc}/parked/4")
            tab.js("document.getElementById('edit').open = true")
            tab.driver.find_element(By.ID, "field-title").send_keys(" melhor")
            tab.driver.find_element(By.ID, "edit-reason").send_keys("typo", Keys.ENTER)
            until(lambda: tab.driver.current_url.endswith("/edit"), what="the difference")
        else:
            tab.driver.get(f"http://{visitor.netloc}{path}")
        tab.js("for (const one of document.querySelectorAll('details')) one.open = true")
        assert tab.js("return document.documentElement.scrollWidth") <= width, path
        assert tab.js(TOO_PALE) == [], path
        red = int(tab.js("return getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"))
        assert (red < 100) == (scheme == "dark")
    assert tab.complaints() == []
    hosts = {address.split("/")[2] for address in tab.asked_for() if address.startswith("http")}
    assert hosts == {visitor.netloc}


def test_the_page_refreshes_itself_and_keeps_the_focus(tab: Browser, visitor: Visitor, box: Outbox) -> None:
    """News appears without a reload; whoever stands on a link goes on standing there."""
    opened(tab, visitor)
    tab.js("document.getElementById('parked-4').focus()")
    steering.pause(box, "maintenance")
    until(lambda: "maintenance" in tab.driver.find_element(By.ID, "live").text, what="the pause is shown")
    assert focused(tab) == "parked-4"
    assert "maintenance" in tab.js("return document.getElementById('said').textContent")
    assert tab.complaints() == []


def test_the_tab_says_how_things_stand(tab: Browser, visitor: Visitor, box: Outbox) -> None:
    """Its title and icon follow the worst news, without a reload."""
    opened(tab, visitor)
    assert tab.driver.title.startswith("No worker · 17 waiting")
    box.relay.remember_position(UUID("00000000-0000-4000-8000-000000000001"), 17, box.event(17).event_id)
    box.relay.outage_ended()
    until(lambda: "parked" in tab.driver.title, what="the title follows")
    assert tab.js("return document.getElementById('icon').getAttribute('href')") == "/static/icon-warn.svg"
    assert tab.complaints() == []


def test_a_page_is_chosen_at_once_and_counted(tab: Browser, visitor: Visitor, box: Outbox) -> None:
    """One box for the whole page; the count is said; the next page shows what would be decided."""
    for seq in (6, 7):
        put_parked(box, box.event(seq), reason="refused")
    opened(tab, visitor, "/parked")
    tab.complaints()
    tab.driver.find_element(By.ID, "choose-6").click()
    assert tab.driver.find_element(By.ID, "count").text == "1 chosen"
    tab.driver.find_element(By.ID, "this-page").click()
    assert tab.driver.find_element(By.ID, "count").text == "3 chosen"
    tab.driver.find_element(By.ID, "several-reason").send_keys("mended", Keys.ENTER)
    until(lambda: tab.driver.current_url.endswith("/several"), what="what would be decided")
    assert "Retry 3 events" in tab.driver.find_element(By.ID, "several").text
    tab.driver.find_element(By.ID, "apply").click()
    until(lambda: tab.driver.current_url.endswith("/several/apply"), what="the decision")
    assert {act.seq for act in audit.trail(box.connection)} == {4, 6, 7}
    assert tab.complaints() == []


def test_an_open_form_is_not_taken_away(tab: Browser, visitor: Visitor, box: Outbox) -> None:
    """While somebody writes a reason the page waits; the form is sent as it was written."""
    opened(tab, visitor)
    tab.driver.find_element(By.ID, "pausing-summary").click()
    field = tab.driver.find_element(By.ID, "pause-reason")
    field.send_keys("database ")
    before = tab.js("return performance.getEntriesByType('resource').length")
    tab.driver.set_script_timeout(30)
    # Longer than one round of the refresh, by the browser's own clock.
    tab.driver.execute_async_script("setTimeout(arguments[0], 5600)")
    assert tab.js("return performance.getEntriesByType('resource').length") == before
    field.send_keys("maintenance", Keys.ENTER)
    until(lambda: box.relay.paused, what="the pause")
    assert [act.reason for act in audit.trail(box.connection)] == ["database maintenance"]


def test_a_console_that_ended_is_told(tab: Browser, box: Outbox) -> None:
    """An old page never looks like a new one."""
    with console(box.path) as visitor:
        opened(tab, visitor)
        assert not tab.driver.find_element(By.ID, "silent").is_displayed()
    until(lambda: tab.driver.find_element(By.ID, "silent").is_displayed(), what="the silence is told")
    tab.complaints()
