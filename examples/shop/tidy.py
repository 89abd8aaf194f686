"""The salt of the first order is brought back, and the coffee leaves the window: `python tidy.py`, after `sell.py`."""

import events
from sell import line_of, place_order

from outbox import Outbox, OutboxSettings


def main() -> None:
    settings = OutboxSettings.from_env()
    with Outbox.open(settings.outbox_path, content_root=settings.content_root) as box, box.unit() as unit:
        unit.append(events.LineRemoved(token=line_of(1, "salt")))
        place_order(unit, 1, {"bread": 2, "coffee": 1})
        unit.append(events.ArticleUnshelved(code="coffee", shelf="window"))
    print(f"{len(unit.result.appended)} events are kept")


if __name__ == "__main__":
    main()
