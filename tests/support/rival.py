"""Publishes one and the same file again and again: `rival.py OUTBOX ROOT NAME COUNT`."""

import os
import sys
from pathlib import Path

from outbox import Outbox
from tests.support.lessons import publish

with Outbox.open(Path(sys.argv[1]), content_root=Path(sys.argv[2])) as box:
    for number in range(int(sys.argv[4])):
        publish(box, sys.argv[3], f"# {os.getpid()} says {number}\n")
