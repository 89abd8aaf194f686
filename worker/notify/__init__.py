"""Messages to people: an outage began or is over, an event was parked, a person is needed."""

from worker.notify.notifier import notifying

__all__ = ["notifying"]
