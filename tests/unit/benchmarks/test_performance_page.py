"""docs/performance.md and its drawing say what the kept figures say."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.chart import chart, share
from benchmarks.draw import PAGE, drawn
from benchmarks.finding import Finding, Reading
from benchmarks.page import MARKER
from benchmarks.results import COMMITTED, load
from benchmarks.runs import THEMES

SVG = "{http://www.w3.org/2000/svg}"


def finding(value: float, target: float, *, at_most: bool = True) -> Finding:
    return Finding.of([Reading(theme="append", what="a < b & `c`", value=value, target=target, at_most=at_most)])


@pytest.mark.parametrize("path", drawn(), ids=lambda path: path.name)
def test_the_page_and_the_drawing_are_what_the_kept_figures_say(path: Path) -> None:
    """`python -m benchmarks.draw` was run after the last figures; nobody edits a figure by hand."""
    assert path.read_text(encoding="utf-8") == drawn()[path]


def test_no_label_runs_under_its_bar() -> None:
    """At six and a half pixels a letter, which is wide for this font."""
    drawing = ET.fromstring(drawn()[PAGE.with_suffix(".svg")])  # noqa: S314 - our own
    left = min(
        float(bar.get("x", "0")) for bar in drawing.iter(f"{SVG}rect") if bar.get("class") in {"holds", "missed"}
    )
    labels = [text.text or "" for text in drawing.iter(f"{SVG}text") if text.get("x") == "34"]
    assert labels
    assert [label for label in labels if 34 + 6.5 * len(label) > left] == []


def test_every_theme_has_its_figures_on_the_page() -> None:
    """No theme is measured and then kept to oneself."""
    blocks = [found["what"] for found in MARKER.finditer(PAGE.read_text(encoding="utf-8")) if not found["name"]]
    assert sorted(theme for block in blocks for theme in block.split()) == sorted([*THEMES, "machine", "watched"])


@pytest.mark.parametrize("file", COMMITTED, ids=lambda file: file.stem)
def test_the_kept_figures_come_from_five_runs_and_name_no_path_and_no_host(file: Path) -> None:
    """They can be compared, and tell nothing about whose machine it was."""
    results = load(file)
    assert {theme.runs for theme in results.themes.values()} == {5}
    assert all(len(one.values) == 5 for one in results.findings())
    assert not re.search(r"/(?:tmp|home|root|work|dev|mnt)\b|hostname", file.read_text(encoding="utf-8"))


def test_a_bar_that_ends_left_of_the_line_holds_whichever_way_is_better() -> None:
    """One line for all targets."""
    assert share(finding(1.2, 1.5), 1.2) == pytest.approx(0.8)
    assert share(finding(5, 4, at_most=False), 5) == pytest.approx(0.8)
    assert share(finding(0, 0), 0) == 0
    assert share(finding(2, 1.5), 2) > 1


def test_the_drawing_is_well_formed_and_says_a_miss_in_words() -> None:
    """Colour alone tells nothing to who does not see it; light and dark are both provided for."""
    drawing = chart([finding(2, 1.5), finding(1, 1.5), finding(99, 1.5)])
    root = ET.fromstring(drawing)  # noqa: S314 - our own
    texts = ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]
    assert texts.count("a < b & c") == 3
    assert any(text.startswith("missed: 2.00 ×") for text in texts)
    assert any(text.startswith("→ missed: 99.0 ×") for text in texts)
    assert [bar.get("class") for bar in root.iter(f"{SVG}rect")] == ["page", "missed", "holds", "missed"]
    assert "prefers-color-scheme: dark" in drawing
