"""Another machine is asked with TLS, or not at all."""

import psycopg
import pytest

from tests.support.postgres import Database
from worker import SettingsFault
from worker.connect.address import is_this_machine
from worker.connect.connection import connect
from worker.connect.login import judge_login
from worker.faults.verdict import Verdict
from worker.migrate import TargetError
from worker.migrate import connect as connect_to_migrate

# An address that is not a loopback one by name, and leads to this machine all the same.
ELSEWHERE = "0.0.0.0"  # noqa: S104


def elsewhere(database: Database, mode: str) -> str:
    return database.worker_dsn.replace("127.0.0.1", ELSEWHERE).replace("sslmode=disable", mode)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OUTBOX_INSECURE", "PGSSLMODE", "PGHOST"):
        monkeypatch.delenv(name, raising=False)


def test_tls_that_is_switched_off_is_refused_before_anything_is_sent(database: Database) -> None:
    """Naming the host and both ways out; a migration says the same."""
    with pytest.raises(SettingsFault, match=r"0\.0\.0\.0 is another machine, and sslmode=disable") as refusal:
        connect(elsewhere(database, "sslmode=disable"))
    assert "OUTBOX_INSECURE=true" in str(refusal.value.remedy)
    assert refusal.value.kind == "not_encrypted"
    with pytest.raises(TargetError, match="another machine"):
        connect_to_migrate(elsewhere(database, "sslmode=disable"))


@pytest.mark.parametrize("mode", ["", "sslmode=prefer", "sslmode=allow", "application_name=x"])
def test_a_server_without_tls_is_refused_before_the_password(database: Database, mode: str) -> None:
    """libpq's default would go on in the clear."""
    with pytest.raises(psycopg.OperationalError) as refusal:
        connect(elsewhere(database, mode))
    judged = judge_login(refusal.value, known_address=False)
    assert (judged.verdict, judged.kind) == (Verdict.ENVIRONMENT, "tls")


def test_the_environment_of_libpq_counts(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """PGSSLMODE and PGHOST are read as libpq reads them."""
    monkeypatch.setenv("PGSSLMODE", "disable")
    monkeypatch.setenv("PGHOST", ELSEWHERE)
    with pytest.raises(SettingsFault, match="another machine"):
        connect(database.worker_dsn.replace("127.0.0.1", "").replace("?sslmode=disable", "").replace("@:", "@:"))


@pytest.mark.parametrize("said", ["true", "1", "YES"])
def test_whoever_means_it_may(database: Database, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """OUTBOX_INSECURE=true is for a network of one's own."""
    monkeypatch.setenv("OUTBOX_INSECURE", said)
    for mode in ("sslmode=disable", ""):
        with connect(elsewhere(database, mode)) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_of_several_hosts_each_is_asked_as_it_should_be(database: Database) -> None:
    """The loopback one needs no TLS; one elsewhere without TLS is passed over for it."""
    port = database.worker_dsn.rpartition(":")[2].partition("/")[0]
    both = database.worker_dsn.replace(f"127.0.0.1:{port}", f"{ELSEWHERE}:{port},127.0.0.1:{port}")
    with connect(both.replace("sslmode=disable", "")) as connection:
        assert connection.info.host == "127.0.0.1"
    with pytest.raises(SettingsFault, match="another machine"):
        connect(both)


@pytest.mark.parametrize(
    ("parts", "here"),
    [
        ({}, True), ({"host": ""}, True), ({"host": "/run/postgresql"}, True), ({"host": "@abstract"}, True),
        ({"host": "localhost"}, True), ({"host": "127.0.0.1"}, True), ({"host": "127.8.8.8"}, True),
        ({"host": "::1"}, True), ({"host": "db.example", "hostaddr": "127.0.0.1"}, True),
        ({"host": "localhost", "hostaddr": "10.0.0.5"}, False), ({"host": "10.0.0.5"}, False),
        ({"host": "db"}, False), ({"host": "localhost.example.com"}, False), ({"host": "fe80::1%eth0"}, False),
        ({"host": "127.0.0.1.example.com"}, False),
    ],
)  # fmt: skip
def test_what_is_this_machine(parts: dict[str, str], here: bool) -> None:  # noqa: FBT001
    """By the string alone: nothing is looked up."""
    assert is_this_machine(parts) is here
