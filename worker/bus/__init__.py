"""Forwarding: a host's log goes over a transport that nobody has to trust, and a centre applies it.

The outbox of the host stays the one durable log, and Postgres the one place that says what was applied. What lies
between is a cache on the way: what it loses, doubles or brings out of order costs time and never an event.
docs/fleet.md says when this is worth having; `worker run`, which connects directly, remains the default. Needs the
extra `[bus]`.
"""
