from pathlib import Path

import pytest

from outbox import ConfigurationError, OutboxSettings, environment


def test_without_settings_the_defaults_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are absolute from the start, so a later chdir changes nothing."""
    monkeypatch.chdir(tmp_path)
    found = OutboxSettings.from_env({})
    assert found.outbox_path == tmp_path / ".outbox" / "outbox.db"
    assert found.content_root == tmp_path / "outputs"
    assert found.payload_limit_bytes == 16 * 1024 * 1024
    assert found.creator_mind is None


def test_empty_is_as_good_as_unset() -> None:
    """`VAR=` in a Procfile means nothing."""
    assert OutboxSettings.from_env({"OUTBOX_PATH": "", "CREATOR_MIND_ID": ""}) == OutboxSettings.from_env({})


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    """One run, one list."""
    (tmp_path / "file").touch()
    env = {
        "CONTENT_ROOT": str(tmp_path / "file"),
        "OUTBOX_PATH": str(tmp_path),
        "OUTBOX_PAYLOAD_LIMIT_BYTES": "16 MiB",
    }
    with pytest.raises(ConfigurationError) as refused:
        OutboxSettings.from_env(env)
    for name in env:
        assert name in str(refused.value)
    assert refused.value.exit_code == 3


@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "²"])
def test_a_limit_is_a_positive_whole_number(limit: str) -> None:
    """Anything else is a fault of the configuration, not a traceback."""
    with pytest.raises(ConfigurationError, match="OUTBOX_PAYLOAD_LIMIT_BYTES"):
        OutboxSettings.from_env({"OUTBOX_PAYLOAD_LIMIT_BYTES": limit})


def test_the_environment_goes_before_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` in the working directory fills in what is not set."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("CREATOR_MIND_ID=from-file\nPERSONA_MIND_ID=from-file\n")
    monkeypatch.setenv("PERSONA_MIND_ID", "from-env")
    monkeypatch.delenv("CREATOR_MIND_ID", raising=False)
    found = OutboxSettings.from_env(environment())
    assert (found.creator_mind, found.persona_mind) == ("from-file", "from-env")
