"""A login that fails is judged by what was answered, in whatever language, and by libpq's own words where nobody did."""

import psycopg
import pytest

from tests.support.refusing import PASSWORD, Refusing
from worker.connect import login
from worker.connect.connection import connect
from worker.connect.login import LOGIN_REFUSED, judge_login
from worker.errors import SettingsFault
from worker.judgement import Verdict

SPANISH = {"S": "FATAL", "M": "la autentificación password falló para el usuario «outbox_worker»"}
GERMAN = {"S": "FATAL", "M": "Passwort-Authentifizierung für Benutzer »outbox_worker« fehlgeschlagen"}
RUSSIAN = {"S": "ВАЖНО", "M": 'пользователь "outbox_worker" не прошёл проверку подлинности (по паролю)'}
TURKISH = {"S": "ÖLÜMCÜL (FATAL)", "M": '"outbox_worker" kullanıcısı için şifre doğrulaması başarısız'}
CHINESE = {"S": "致命错误", "M": '用户 "outbox_worker" Password 认证失败'}
PORTUGUESE = {"S": "FATAL", "M": "autenticação do tipo senha falhou para o usuário"}


def failure(sqlstate: str | None, text: str = "any wording") -> psycopg.Error:
    error = psycopg.OperationalError(text)
    error.sqlstate = sqlstate  # type: ignore[misc]
    return error


def answered(server: Refusing, password: str = PASSWORD) -> psycopg.Error:
    with pytest.raises(psycopg.OperationalError) as failed:
        connect(server.dsn(password))
    return failed.value


@pytest.mark.parametrize("words", [SPANISH, GERMAN, RUSSIAN, TURKISH, CHINESE, PORTUGUESE], ids=lambda one: one["S"])
def test_a_refused_password_is_told_as_such_in_every_language(words: dict[str, str]) -> None:
    """By its SQLSTATE; severity and message are in the server's language."""
    with Refusing({**words, "C": "28P01", "F": "auth.c", "L": "331", "R": "auth_failed"}) as server:
        judged = judge_login(answered(server), known_address=True)
    assert (judged.verdict, judged.sqlstate, judged.kind) == (Verdict.ENVIRONMENT, "28P01", LOGIN_REFUSED)
    assert judged.reason == "the database refuses this user or password"


@pytest.mark.parametrize(
    "words",
    [
        'invalid value for parameter "client_encoding": "bogus"',
        "el valor para el parámetro «client_encoding» no es válido: «bogus»",
        "ungültiger Wert für Parameter »client_encoding«: »bogus«",
        'неверное значение для параметра "client_encoding": "bogus"',
        'parâmetro "client_encoding" não aceita o valor "bogus"',
    ],
)
def test_a_setting_that_the_server_refuses_is_named_in_every_language(words: str) -> None:
    """The name of a setting is the first that stands in quotes; its value is not told."""
    said = {"S": "FATAL", "C": "22023", "M": words, "F": "guc.c", "L": "1", "R": "set_config_with_handle"}
    with Refusing(said, asks_password=False) as server:
        judged = judge_login(answered(server), known_address=True)
    assert judged.reason.endswith("PGOPTIONS asks for: client_encoding")


def test_words_in_another_encoding_hide_no_code() -> None:
    """A server may speak Latin-1 before the session has an encoding."""
    with Refusing({**SPANISH, "C": "28P01"}, encoding="latin-1") as server:
        assert judge_login(answered(server), known_address=True).sqlstate == "28P01"


@pytest.mark.parametrize(
    ("code", "routine", "verdict", "kind"),
    [
        ("28000", "ClientAuthentication", Verdict.ENVIRONMENT, LOGIN_REFUSED),
        ("28P01", "auth_failed", Verdict.ENVIRONMENT, LOGIN_REFUSED),
        ("3D000", "InitPostgres", Verdict.ENVIRONMENT, "no_database"),
        ("42501", "CheckMyDatabase", Verdict.ENVIRONMENT, "connect_right"),
        ("55000", "CheckMyDatabase", Verdict.ENVIRONMENT, "database_closed"),
        ("53300", "InitializeSessionUserId", Verdict.ENVIRONMENT, "role_limit"),
        ("53300", "CheckMyDatabase", Verdict.ENVIRONMENT, "database_limit"),
        ("53300", "InitProcess", Verdict.OUTAGE, "too_many_connections"),
        ("53300", "InitPostgres", Verdict.OUTAGE, "too_many_connections"),
        ("57P03", "ProcessStartupPacket", Verdict.OUTAGE, "starting"),
        ("57P01", "ProcessInterrupts", Verdict.OUTAGE, "stopping"),
        ("53200", "InitPostgres", Verdict.OUTAGE, "unreachable"),
        ("58P01", "InitPostgres", Verdict.OUTAGE, "unreachable"),
        ("P0001", "exec_stmt_raise", Verdict.ENVIRONMENT, "session_refused"),
        ("22023", "set_config_option", Verdict.ENVIRONMENT, "session_option"),
        ("42704", "find_option", Verdict.ENVIRONMENT, "session_option"),
        ("42501", "set_config_with_handle", Verdict.ENVIRONMENT, "session_option"),
        ("ZZ123", "anything", Verdict.ENVIRONMENT, "session_refused"),
    ],
)
def test_what_a_server_answers_to_a_login_decides(code: str, routine: str, verdict: Verdict, kind: str) -> None:
    """A server that answers was reached; what passes by itself stays an outage. No wording is looked at."""
    said = {"S": "FATAL", "C": code, "M": "cualquier cosa", "F": "postinit.c", "L": "1", "R": routine}
    with Refusing(said, asks_password=False) as server:
        judged = judge_login(answered(server), known_address=True)
    assert (judged.verdict, judged.kind, judged.sqlstate) == (verdict, kind, code)


@pytest.mark.parametrize(
    ("code", "words", "verdict", "kind"),
    [
        ("08P01", "SASL authentication failed", Verdict.ENVIRONMENT, LOGIN_REFUSED),
        ("08P01", "no such database: nowhere", Verdict.ENVIRONMENT, "no_database"),
        ("08P01", "no such user: nobody", Verdict.ENVIRONMENT, LOGIN_REFUSED),
        ("08P01", "SSL required", Verdict.ENVIRONMENT, "tls"),
        ("08P01", "no more connections allowed (max_client_conn)", Verdict.OUTAGE, "too_many_connections"),
        ("08P01", "pgbouncer cannot connect to server", Verdict.OUTAGE, "pooler"),
        ("XX000", "(EADDRNOTALLOWED) address not in tenant allow_list", Verdict.ENVIRONMENT, LOGIN_REFUSED),
        ("XX000", "(ENOIDENTIFIER) no tenant identifier", Verdict.ENVIRONMENT, LOGIN_REFUSED),
        ("XX000", "(EINVALIDUSERINFO) bad user", Verdict.ENVIRONMENT, LOGIN_REFUSED),
        ("XX000", "(ESSLREQUIRED) SSL required", Verdict.ENVIRONMENT, "tls"),
        ("XX000", "(EBANNED) banned", Verdict.ENVIRONMENT, LOGIN_REFUSED),
        ("XX000", "(ECIRCUITBREAKER) too many authentication failures", Verdict.OUTAGE, "pooler_shut"),
        ("XX000", "(EMAXCONNSESSION) max clients reached", Verdict.OUTAGE, "too_many_connections"),
        ("XX000", "(EDBHANDLEREXITED) connection to the database closed", Verdict.OUTAGE, "pooler"),
        ("28P01", "password authentication failed", Verdict.ENVIRONMENT, LOGIN_REFUSED),
        ("08006", "Failed to connect to database", Verdict.OUTAGE, "unreachable"),
    ],
)
def test_a_pooler_is_understood_by_its_words_where_its_code_says_nothing(
    code: str, words: str, verdict: Verdict, kind: str
) -> None:
    """They are in English always, and there is nothing else."""
    with Refusing({"S": "FATAL", "C": code, "M": words}) as server:
        judged = judge_login(answered(server), known_address=True)
    assert (judged.verdict, judged.kind) == (verdict, kind)


@pytest.mark.parametrize("words", ["(ENOTFOUND) tenant/user postgres.x not found", "Tenant or user not found"])
@pytest.mark.parametrize(("known", "verdict"), [(True, Verdict.OUTAGE), (False, Verdict.ENVIRONMENT)])
def test_an_unknown_project_is_an_outage_only_where_the_address_has_worked(
    words: str, *, known: bool, verdict: Verdict
) -> None:
    """It is paused, or was never there."""
    with Refusing({"S": "FATAL", "C": "XX000", "M": words}) as server:
        judged = judge_login(answered(server), known_address=known)
    assert (judged.verdict, judged.kind) == (verdict, "unknown_project")


@pytest.mark.parametrize("code", ["08P01", "XX000"])
@pytest.mark.parametrize(("known", "verdict"), [(True, Verdict.OUTAGE), (False, Verdict.ENVIRONMENT)])
def test_an_answer_that_says_nothing_is_weighed_by_whether_the_address_has_worked(
    code: str, *, known: bool, verdict: Verdict
) -> None:
    with Refusing({"S": "FATAL", "C": code, "M": "something new"}) as server:
        assert judge_login(answered(server), known_address=known).verdict is verdict


def test_a_missing_password_is_seen_without_any_words() -> None:
    """libpq says that one was needed and none was there."""
    with Refusing({}) as server:
        judged = judge_login(answered(server, password=""), known_address=True)
    assert (judged.verdict, judged.kind) == (Verdict.ENVIRONMENT, LOGIN_REFUSED)
    assert judged.reason == "SUPABASE_DB_URL holds no password"


def test_a_refused_login_is_not_tried_at_the_next_address() -> None:
    """A pooler may count them, and ban whoever has two."""
    said = {**SPANISH, "C": "28P01"}
    with Refusing(said) as one, Refusing(said) as two:
        with pytest.raises(psycopg.OperationalError):
            connect(f"postgresql://u:p@127.0.0.1:{one.port},127.0.0.1:{two.port}/x")
        assert (one.logins, two.logins) == (1, 0)


def test_of_several_hosts_the_one_that_needs_a_person_wins() -> None:
    """One is away, the other answered."""
    with Refusing({"S": "FATAL", "C": "3D000", "M": "x"}) as one:
        with pytest.raises(psycopg.OperationalError) as failed:
            connect(f"postgresql://u:p@127.0.0.1:{one.port},127.0.0.1:1/x?connect_timeout=30")
        assert judge_login(failed.value, known_address=True).kind == "no_database"


def test_a_server_that_hangs_up_is_an_outage() -> None:
    """Nothing was answered: whatever it is, it is not known to be ours to mend."""
    with Refusing({}, hangs_up=True) as server:
        assert judge_login(answered(server), known_address=True).verdict is Verdict.OUTAGE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("connection failed: Connection refused", "nothing listens at the database's address"),
        ('could not translate host name "x" to address', "the database's host name does not resolve"),
        ("[Errno -2] failed to resolve host 'db.x': unknown", "the database's host name does not resolve"),
        ("could not receive data from server: Connection timed out", "the database does not answer in time"),
        ("connection failed: Network is unreachable", "there is no network"),
        ("connection timeout expired", "the database does not answer in time"),
        ("server closed the connection unexpectedly", "the connection was lost"),
        ("session is read-only", "the database is read-only: is its disk full, or is it a standby?"),
        ("something new", "the database cannot be reached"),
    ],
)
def test_where_nobody_answered_it_is_an_outage(text: str, words: str) -> None:
    judged = judge_login(failure(None, text), known_address=True)
    assert (judged.verdict, judged.reason) == (Verdict.OUTAGE, words)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("fe_sendauth: no password supplied", LOGIN_REFUSED),
        ("SSL error: certificate verify failed", "tls"),
        ('root certificate file "/x" does not exist', "tls"),
        ('server certificate for "a" does not match host name "b"', "tls"),
        ("server does not support SSL, but SSL was required", "tls"),
        ("channel binding required but not supported", "tls"),
        ('definition of service "x" not found', "connection_string"),
        ('invalid sslmode value: "x"', "connection_string"),
        ('invalid port number: "x"', "connection_string"),
        ("GSSAPI encryption required but no credential cache", "connection_string"),
    ],
)
def test_what_libpq_itself_refuses_needs_a_person(text: str, kind: str) -> None:
    judged = judge_login(failure(None, text), known_address=True)
    assert (judged.verdict, judged.kind) == (Verdict.ENVIRONMENT, kind)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ('invalid sslmode value: "DISABLE"', "sslmode"),
        ('invalid target_session_attrs value: "readwrite"', "target_session_attrs"),
        ('invalid port number: "abc"', "port"),
        ('invalid integer value "abc" for connection option "keepalives"', "keepalives"),
        ("bad value for connect_timeout: 'abc'", "connect_timeout"),
    ],
)
def test_an_option_whose_value_libpq_does_not_take_is_named(text: str, option: str) -> None:
    assert judge_login(failure(None, text), known_address=True).reason.endswith(f"does not take: {option}")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("sslmode=require&sslrootcert=system", "sslmode, sslrootcert"),
        ("ssl_min_protocol_version=TLSv9", "ssl_min_protocol_version"),
        ("sslnegotiation=direct", "sslmode, sslnegotiation"),
        ("scram_client_key=x", "scram_client_key"),
        ("ssl_max_protocol_version=TLSv1", "ssl_min_protocol_version, ssl_max_protocol_version"),
        ("load_balance_hosts=x", "load_balance_hosts"),
        ("port=5432,5433", "port"),
        ("hostaddr=192.0.2.1.5", "hostaddr"),
    ],
)
def test_what_libpq_refuses_before_it_asks_anybody_is_no_outage(options: str, named: str) -> None:
    """No server was asked, so none is away: whatever the words are, the options that they speak of are named."""
    with pytest.raises(psycopg.Error) as failed:
        connect(f"postgresql://outbox_worker:x@localhost:1/postgres?{options}")
    judged = judge_login(failed.value, known_address=True)
    assert (judged.verdict, judged.kind) == (Verdict.ENVIRONMENT, "connection_string")
    assert judged.reason.endswith(f"does not take: {named}")


@pytest.mark.parametrize("said", ["database", "true", "on", "1", "yes"])
def test_a_session_for_replication_is_refused_by_its_name(said: str) -> None:
    """The server would speak of rights that nobody needs, or take no statements; nobody is asked."""
    with pytest.raises(SettingsFault, match="leave replication out"):
        connect(f"postgresql://outbox_worker:x@localhost:1/postgres?replication={said}")
    with pytest.raises(psycopg.OperationalError):  # nobody listens there
        connect("postgresql://outbox_worker:x@localhost:1/postgres?replication=false")


def test_without_codes_a_severity_alone_shows_that_somebody_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where libpq cannot be told to be verbose; what passes is then known by its English words."""
    monkeypatch.setattr("worker.connect.connection._libpq", lambda: None)
    with Refusing({**SPANISH, "C": "28P01"}) as server:
        assert judge_login(answered(server), known_address=True).verdict is Verdict.ENVIRONMENT
    with Refusing({"S": "FATAL", "C": "57P03", "M": "the database system is starting up"}) as server:
        assert judge_login(answered(server), known_address=True).verdict is Verdict.OUTAGE


def test_nothing_is_poison_before_an_event_was_sent() -> None:
    assert {verdict for verdict, _, _ in login.rows()} == {Verdict.OUTAGE, Verdict.ENVIRONMENT}
    assert judge_login(failure("23505"), known_address=True).verdict is Verdict.ENVIRONMENT
