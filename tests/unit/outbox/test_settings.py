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


ODD_PATHS = {
    "file:outbox.db": "is a URL",
    "file:///srv/outbox.db": "is a URL",
    "sqlite:///outbox.db": "is a URL",
    "sqlite+pysqlite:////srv/outbox.db": "is a URL",
    "postgresql://me:secret@host/db": "is a URL",
    ":memory:": "would be forgotten",
    "C:\\outbox\\outbox.db": "of another system",
    " outbox.db": "a space or a line break",
    "outbox.db ": "a space or a line break",
    "outbox.db\n": "a space or a line break",
    "/nowhere/outbox.db\r": "a space or a line break",
    "out\tbox.db": "a control character",
    '"outbox.db"': "quotes around it",
    "'/nowhere/outbox.db'": "quotes around it",
    "$HOME/outbox.db": "only a shell fills in",
    "/srv/${USER}/outbox.db": "only a shell fills in",
    "%TEMP%/outbox.db": "only a shell fills in",
    "*.db": "only a shell fills in",
    "OUTBOX_PATH=outbox.db": "says its name twice",
    "/dev/null": "a device or a pipe",
    "there.db-wal": r"belongs to the outbox .*there\.db;",
    "there.db.lock": r"belongs to the outbox .*there\.db;",
    "there.db.worker.lock": r"belongs to the outbox .*there\.db;",
    "folder/": "is a directory",
}


@pytest.mark.parametrize("said", ODD_PATHS)
def test_what_is_no_path_of_an_outbox_is_refused_in_one_sentence(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that was meant for a shell or another program: told with what to write, and no strange file is made."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.db").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match=ODD_PATHS[said]) as refused:
        OutboxSettings.from_env({"OUTBOX_PATH": said})
    assert (str(refused.value).count("\n"), "secret" in str(refused.value)) == (0, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "there.db"]


@pytest.mark.parametrize("name", ["a b.db", "a:b.db", "a$", "it's.db", "ação.db", "x=1.db", "a%20b.db", "a#b.db", "-"])
def test_a_name_that_a_person_may_have_chosen_is_taken(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blanks, colons and quotes inside it are part of it."""
    monkeypatch.chdir(tmp_path)
    assert OutboxSettings.from_env({"OUTBOX_PATH": f"./folder of mine/{name}"}).outbox_path.name == name


@pytest.mark.parametrize("name", ["file:x", "out\nbox", "$HOME", "a?mode=rwc", "a "])
def test_what_is_there_already_is_a_path_however_odd(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outbox with an odd name, or in a folder with one, is used as ever."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    (tmp_path / name / name).touch()
    for path in (f"{name}/{name}", f"{name}/outbox.db"):
        assert OutboxSettings.from_env({"OUTBOX_PATH": path}).outbox_path == tmp_path / path


def test_the_content_root_is_looked_at_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for said in ("$HOME/outputs", "file:///srv", "outputs\n"):
        with pytest.raises(ConfigurationError, match="CONTENT_ROOT: "):
            OutboxSettings.from_env({"CONTENT_ROOT": said})


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
