"""Settings: read once, faults told together, the secret never shown."""

from pathlib import Path

import pytest

from worker import SettingsFault, WorkerSettings


def test_nothing_set_holds() -> None:
    settings = WorkerSettings.from_env({})
    assert settings.persist is False
    assert settings.db_url is None


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), ("1", True), ("ON", True), ("false", False), ("", False)]
)
def test_the_flag_is_read_as_people_write_it(text: str, *, expected: bool) -> None:
    assert WorkerSettings.from_env({"CREATOR_OS_DB_PERSIST": text}).persist is expected


@pytest.mark.parametrize(("text", "expected"), [("", True), (" ", True), ("true", True), ("off", False)])
def test_a_flag_that_is_left_blank_is_as_it_is_by_default(text: str, *, expected: bool) -> None:
    """As every other variable is: a line of `.env` without a value decides nothing."""
    assert WorkerSettings.from_env({"OUTBOX_SECOND_LANE": text}).second_lane is expected


@pytest.mark.parametrize("name", ["SUPABASE_DB_URL", "SUPABASE_MIGRATE_DB_URL", "OUTBOX_NOTIFY"])
def test_no_secret_is_in_the_repr(name: str) -> None:
    settings = WorkerSettings.from_env({name: "postgresql://u:s3cret@h/d"})
    assert settings != WorkerSettings.from_env({})
    assert "s3cret" not in repr(settings)


def test_what_is_read_alone_is_read_from_the_settings_file_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`worker migrate` looks for a pg_dump deep inside, and a connection asks there whether TLS may be left out."""
    (tmp_path / "settings").write_text("OUTBOX_PG_DUMP=/opt/pg_dump\nOUTBOX_INSECURE=perhaps\n")
    monkeypatch.setenv("OUTBOX_ENV_FILE", str(tmp_path / "settings"))
    assert WorkerSettings.value("OUTBOX_PG_DUMP") == "/opt/pg_dump"
    with pytest.raises(SettingsFault, match="OUTBOX_INSECURE: 'perhaps' is not true or false; unset, it is false"):
        WorkerSettings.value("OUTBOX_INSECURE")


def test_a_path_in_a_settings_file_may_begin_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No shell reads that file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert WorkerSettings.from_env({"OUTBOX_METRICS_FILE": "~/m.prom"}).metrics_file == tmp_path / "m.prom"


def test_all_faults_are_told_together_and_none_quotes_the_secret() -> None:
    env = {
        "SUPABASE_DB_URL": "s3cret",
        "CREATOR_OS_DB_PERSIST": "perhaps",
        "OUTBOX_POLL_SECONDS": "0",
        "OUTBOX_BATCH_BYTES": "many",
        "OUTBOX_STATEMENT_TIMEOUT_SECONDS": "inf",
        "OUTBOX_PAYLOAD_LIMIT_BYTES": "-1",
    }
    with pytest.raises(SettingsFault) as caught:
        WorkerSettings.from_env(env)
    assert all(name in str(caught.value) for name in env)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("text", "port"), [("", None), ("0", 0), ("9464", 9464), ("65535", 65535)])
def test_a_port_is_read_as_a_number(text: str, port: int | None) -> None:
    assert WorkerSettings.from_env({"OUTBOX_METRICS_PORT": text}).metrics_port == port


@pytest.mark.parametrize("text", ["65536", "-1", "http"])
def test_what_is_no_port_is_told_with_what_would_be_one(text: str) -> None:
    with pytest.raises(SettingsFault, match=r"OUTBOX_METRICS_PORT: .* is not a port \(1 to 65535, or 0 for any"):
        WorkerSettings.from_env({"OUTBOX_METRICS_PORT": text})
