"""The defaults that docs/configuration.md and `.env.example` tell are those of the code."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from outbox import OutboxSettings
from worker import WorkerSettings

ROOT = Path(__file__).parents[3]

# Each variable that has a default in the code, and where the settings keep it.
NUMBERS = {
    "OUTBOX_PAYLOAD_LIMIT_BYTES": "outbox.payload_limit_bytes",
    "OUTBOX_POLL_SECONDS": "poll_seconds",
    "OUTBOX_BATCH_EVENTS": "batch_events",
    "OUTBOX_BATCH_BYTES": "batch_bytes",
    "OUTBOX_STATEMENT_TIMEOUT_SECONDS": "statement_timeout_seconds",
    "OUTBOX_HOLD_AFTER_ALIKE": "hold_after_alike",
}
PATHS = {"OUTBOX_PATH": "outbox.outbox_path", "CONTENT_ROOT": "outbox.content_root"}
UNSET = {
    "CREATOR_MIND_ID": "outbox.creator_mind",
    "PERSONA_MIND_ID": "outbox.persona_mind",
    "OUTBOX_METRICS_PORT": "metrics_port",
    "OUTBOX_METRICS_FILE": "metrics_file",
}


def told_by_the_page() -> dict[str, str]:
    page = (ROOT / "docs" / "configuration.md").read_text()
    return {
        name: default.strip(" `") for name, default in re.findall(r"^\| `([A-Z_]+)` \|([^|]*)\|", page, re.MULTILINE)
    }


def told_by_the_example() -> dict[str, str]:
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))


def kept(settings: WorkerSettings, where: str) -> object:
    value: object = settings
    for name in where.split("."):
        value = getattr(value, name)
    return value


@pytest.mark.parametrize("told", [told_by_the_page, told_by_the_example], ids=["page", "example"])
def test_the_defaults_that_are_told_are_the_defaults(told: Callable[[], dict[str, str]]) -> None:
    """Whoever sets a variable to what the page says changes nothing."""
    said = told()
    settings = WorkerSettings.from_env({})
    for name, where in NUMBERS.items():
        assert float(said[name]) == kept(settings, where), name
    for name, where in PATHS.items():
        assert Path(said[name]).absolute() == kept(settings, where), name
    for name, where in UNSET.items():
        assert said[name] == "", name
        assert kept(settings, where) is None, name
    assert (said["OUTBOX_NOTIFY"], settings.notify) == ("", ())
    assert said["CREATOR_OS_DB_PERSIST"] == str(settings.persist).lower() == "false"
    assert said["OUTBOX_SECOND_LANE"] == str(settings.second_lane).lower() == "true"


def test_the_example_is_read_to_the_values_that_it_says() -> None:
    """A copy of `.env.example` is a configuration of the worker, too, and every variable in it is known."""
    said = told_by_the_example()
    assert WorkerSettings.from_env(said) == WorkerSettings.from_env(
        {key: said[key] for key in ("OUTBOX_PATH", "CONTENT_ROOT", "SUPABASE_DB_URL")}
    )


def test_the_example_holds_no_secret() -> None:
    """Where a password belongs, the example says PASSWORD."""
    said = told_by_the_example()
    assert "PASSWORD@" in said["SUPABASE_DB_URL"]
    assert said["SUPABASE_MIGRATE_DB_URL"] == ""


def test_settings_classes_have_no_field_that_the_page_leaves_out() -> None:
    """A new setting fails here until it is told."""
    fields = set(WorkerSettings.__dataclass_fields__) | set(OutboxSettings.__dataclass_fields__)
    told = {where.rsplit(".", maxsplit=1)[-1] for where in [*NUMBERS.values(), *PATHS.values(), *UNSET.values()]}
    assert fields == told | {"outbox", "db_url", "persist", "second_lane", "notify"}


@pytest.mark.parametrize(
    ("path", "pattern"), [(".env.example", r"^([A-Z_]+)="), ("docs/configuration.md", r"^\| `([A-Z_]+)` \|")]
)
def test_each_variable_is_told_once(path: str, pattern: str) -> None:
    """Of two entries, one is out of date sooner or later."""
    names = re.findall(pattern, (ROOT / path).read_text(), re.MULTILINE)
    assert sorted(names) == sorted(set(names))
