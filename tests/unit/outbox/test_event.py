"""An event as plain data, as scripts read it."""

import json

from outbox import Outbox, ids
from outbox import catalogue as c


def test_an_event_is_json_through_and_through(box: Outbox) -> None:
    """Ids and times as text, references by their ids, the payload as data; without it where that is asked for."""
    page = c.ContentUpserted(slug="p--a", title="t", content_type="other", project="p", parent="p--b")
    (event,) = box.append(page).appended
    plain = json.loads(json.dumps(event.as_dict()))
    assert plain["refs"] == [str(ids.project_id("p")), str(ids.content_id("p--b"))]
    assert plain["aggregate_id"] == str(ids.content_id("p--a"))
    assert plain["event_id"] == str(event.event_id)
    assert plain["occurred_at"] == "2026-03-01T12:00:00+00:00"
    assert plain["payload"] == event.payload
    assert event.as_dict(payload=False) == {name: value for name, value in plain.items() if name != "payload"}
