"""Sizes and ages as a person says them."""

from __future__ import annotations

_STEP = 1024
_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def size(count: float) -> str:
    """Write a number of bytes: ``1.5 MiB``."""
    for unit in ("B", "KiB", "MiB"):
        if count < _STEP:
            return f"{count:,.0f} {unit}" if unit == "B" else f"{count:,.1f} {unit}"
        count /= _STEP
    return f"{count:,.1f} GiB"


def age(seconds: float | None) -> str:
    """Write a duration: ``3 h 20 min``; a dash if there is none."""
    if seconds is None:
        return "-"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"
    return f"{seconds // _DAY:.0f} d {seconds % _DAY // _HOUR:.0f} h"
