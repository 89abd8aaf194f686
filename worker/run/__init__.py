"""The runs of the worker: the relay, serving, draining, replaying, and what they report."""
