"""The site that `make site` builds; the building itself is strict about anchors."""

from typing import Any

import yaml

from tests.support.processes import ROOT

CONFIGURED = yaml.safe_load((ROOT / "mkdocs.yml").read_text())


def pages(entries: Any) -> list[str]:
    """The pages of a navigation, in order."""
    if isinstance(entries, str):
        return [entries]
    if isinstance(entries, dict):
        return [page for below in entries.values() for page in pages(below)]
    return [page for entry in entries for page in pages(entry)]


def test_the_navigation_leads_to_pages_that_exist() -> None:
    """Each once; a page that is not in it is found by the search all the same."""
    named = pages(CONFIGURED["nav"])
    assert sorted(named) == sorted(set(named))
    assert [name for name in named if not (ROOT / "docs" / name).is_file()] == []


def test_nothing_is_asked_of_another_host() -> None:
    """Fonts come from elsewhere unless they are switched off."""
    assert CONFIGURED["theme"]["font"] is False
    assert not [value for value in CONFIGURED.get("extra_javascript", []) if "://" in value]
