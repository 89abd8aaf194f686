"""docs/scaling.md and its drawing say what the kept figures of the load test say."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from benchmarks.load.__main__ import PARTS, main
from benchmarks.load.draw import KEPT, PAGE, drawn
from benchmarks.load.kept import keep
from benchmarks.load.page import TABLES
from benchmarks.load.plot import Panel, drawing
from benchmarks.page import MARKER

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("path", drawn(), ids=lambda path: path.name)
def test_the_page_and_the_drawing_are_what_the_kept_figures_say(path: Path) -> None:
    """`python -m benchmarks.load.draw` was run after the last figures; drawing anew gives the same bytes."""
    assert path.read_text(encoding="utf-8") == drawn()[path]


def test_every_table_stands_on_the_page() -> None:
    """No part is measured and then kept to oneself."""
    blocks = [found["what"] for found in MARKER.finditer(PAGE.read_text(encoding="utf-8"))]
    assert sorted(blocks) == sorted(TABLES)


def test_the_kept_figures_tell_of_every_part_and_of_no_path_or_host() -> None:
    """They can be compared; a load stands beside every point, and no row was lost or differs."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert all(len(kept[part]["rows"]) == len(kept[part]["load"]) > 1 for part in PARTS)
    assert all(row["rows_differ"] == row.get("parked", 0) == 0 for row in kept["fleet"]["rows"])
    assert all(row["not_seen"] == 0 for row in kept["steady"]["rows"])
    assert not re.search(r"/(?:tmp|home|root|work|dev|mnt)\b|hostname", KEPT.read_text(encoding="utf-8"))


def test_the_drawing_names_each_line_and_has_light_and_dark() -> None:
    """Lines differ in their dashes and are named at their ends: colour alone tells nothing to who does not see it."""
    lines = {name: [(1.0, 2.0), (10.0, value)] for name, value in {"a < b": 3.0, "c": 3.1, "d": 30.0}.items()}
    drawn_anew = drawing([Panel(title="t", x="events", lines=lines)], "all")
    root = ET.fromstring(drawn_anew)  # noqa: S314 - our own
    ends = {text.text: float(text.get("y", "0")) for text in root.iter(f"{SVG}text") if text.text in lines}
    assert set(ends) == set(lines)
    assert abs(ends["a < b"] - ends["c"]) >= 14
    assert "prefers-color-scheme: dark" in drawn_anew
    assert drawn_anew.count("stroke-dasharray") == 3


def test_a_part_is_kept_row_by_row_beside_those_that_stand_there(tmp_path: Path) -> None:
    """An hour of measuring is not lost with its last point."""
    file = tmp_path / "kept.json"
    keep(file, {"cores": 2}, "log", [{"events": 1, "took_s": 1.23456789}])

    def breaks() -> list[dict[str, int]]:
        yield {"outboxes": 1}  # type: ignore[misc]
        raise OSError

    with pytest.raises(OSError, match=r"^$"):
        keep(file, {"cores": 2}, "fleet", breaks())
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept["log"]["rows"] == [{"events": 1, "took_s": 1.235}]
    assert kept["fleet"]["rows"] == [{"outboxes": 1}]


@pytest.mark.parametrize("words", [["--outboxes", "51"], ["--only", "everything"], ["--events", "3"]])
def test_what_cannot_be_meant_is_a_usage_error(words: list[str]) -> None:
    """The smallest Supabase sizes have room for some fifty sessions."""
    assert CliRunner().invoke(main, words).exit_code == 2
