"""Metrics and health of a running worker, for Prometheus: over HTTP on loopback, and as a file."""

from worker.metrics.meter import PrometheusMeter
from worker.metrics.published import published

__all__ = ["PrometheusMeter", "published"]
