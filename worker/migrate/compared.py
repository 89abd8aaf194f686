"""What is ours in a database, fact by fact beside what this version ships.

A fact that is missing, or reads otherwise, breaks a promise of ours. One that is there besides is judged by whom it
lets in: a right or a policy for everybody, a role of the API or the worker is a breach; one for a role of the wider
system is named and left to its owner. Their columns, keys and indexes on tables that were there before us are theirs.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import psycopg

from worker.migrate.facts import Fact, Key, Said, Shipped, made_by_us, read_facts
from worker.migrate.finding import Breach, Findings, Severity

# Tables of the wider system that we read or add to. If they were there before us, their rows and rights are theirs.
WIDER = frozenset({"public.minds", "public.user_profiles", "public.tags", "public.job_executions"})
WORKER = "outbox_worker"
_OF_TAGS = "content_access.sees_tag("
_MOST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How one kind of fact is judged.

    Attributes:
        name: of the finding.
        promise: what is broken.
        lacks: what follows if a fact is missing or reads otherwise.
        adds: what follows if one is there besides.
        missing, extra: how grave that is; None: no breach.
        by_name: told by its name rather than by its statement.
    """

    name: str
    promise: str
    lacks: str = ""
    adds: str = ""
    missing: Severity | None = Severity.ERROR
    extra: Severity | None = Severity.ERROR
    by_name: bool = False


_MADE = ("audit_bookkeeping", "tables of ours are as this version makes them")
_ROWS = ("audit_row_security", "row level security is on for every table of content and bookkeeping")
_THINGS = ("audit_kinds", "our schemas hold our tables and nothing else")
_KINDS = {
    "relation": _Kind(
        name=_THINGS[0],
        promise=_THINGS[1],
        lacks="the relay cannot work with it",
        adds="it is somebody else's, in a schema of ours",
        by_name=True,
    ),
    "own type": _Kind(
        name=_THINGS[0], promise=_THINGS[1], adds="it is somebody else's, in a schema of ours", by_name=True
    ),
    "owner": _Kind(
        name="audit_owners",
        promise="one role owns what is ours",
        lacks="an owner may change it, policies or not, and what it does runs with the rights of that owner",
        extra=None,
    ),
    "type": _Kind(
        name=_MADE[0],
        promise=_MADE[1],
        lacks="values are refused or lose digits",
        adds="a column of somebody's, in a table of the relay",
        extra=Severity.WARNING,
    ),
    "not null": _Kind(
        name=_MADE[0],
        promise=_MADE[1],
        lacks="rows may lack what the relay relies on",
        adds="a row without it is refused",
        extra=Severity.WARNING,
    ),
    "default": _Kind(
        name=_MADE[0],
        promise=_MADE[1],
        lacks="new rows get another value, or are refused",
        adds="new rows get this value",
        extra=Severity.WARNING,
    ),
    "constraint": _Kind(
        name=_MADE[0],
        promise=_MADE[1],
        lacks="rows may be stored that the relay takes for impossible",
        adds="rows that it forbids are refused",
        extra=Severity.WARNING,
    ),
    "index": _Kind(name=_MADE[0], promise=_MADE[1], lacks="looking up is slow", missing=Severity.WARNING, extra=None),
    "row security": _Kind(
        name=_ROWS[0],
        promise=_ROWS[1],
        lacks="every role with a right to the table sees and changes every row",
        extra=None,
    ),
    "forced row security": _Kind(
        name=_ROWS[0],
        promise=_ROWS[1],
        lacks="the owner of the table passes by its policies",
        adds="helpers and migrations run as the owner, for whom there is no policy",
        extra=Severity.WARNING,
    ),
    "policy": _Kind(
        name="audit_policies",
        promise="the row policies are those that this version ships",
        lacks="whom it serves is refused, or sees nothing",
    ),
    "trigger": _Kind(
        name="audit_triggers",
        promise="triggers are ours, or their owner knows what they do to deliveries",
        lacks="what it keeps up to date is not kept up to date",
        adds="belongs to the wider system: it runs at each write of the relay, and may change or refuse it",
        extra=Severity.NOTE,
    ),
    "checks of keys": _Kind(
        name="audit_triggers",
        promise="foreign keys are checked",
        adds="rows may point at nothing: the checks of foreign keys are switched off",
    ),
    "rule": _Kind(
        name="audit_rules",
        promise="no rule turns a write of the relay into something else",
        adds="a write does something else, or nothing, without an error",
    ),
    "view": _Kind(
        name="audit_view",
        promise="the view shows each caller their own rows, not its owner's",
        lacks="its readers see other rows or columns than intended",
    ),
    "function": _Kind(
        name="audit_helpers",
        promise="helpers are to the letter those that this version ships",
        lacks="policies ask helpers whose a row is: another answer is another owner",
        adds="it stands where policies look for helpers",
        by_name=True,
    ),
    "grant": _Kind(
        name="audit_grants",
        promise="each role has the rights that this version gives it, and no other",
        lacks="what needs this right is refused",
    ),
    "role": _Kind(
        name="audit_roles",
        promise="the roles of the worker and of the API have no power beyond their grants",
        lacks="it sees no row of a table with row level security",
        adds="it passes by grants or policies",
        missing=Severity.WARNING,
    ),
    "role setting": _Kind(
        name="audit_role_settings",
        promise="the worker's role has the settings of its migration",
        lacks="a statement, a lock or a transaction of the worker may last for ever",
        adds="changes how every session of this role works",
        missing=Severity.WARNING,
        extra=Severity.WARNING,
    ),
    "default privilege": _Kind(
        name="audit_default_privileges",
        promise="nothing that is made later in our schemas is open by itself",
        adds="what is made later is open to this role from its first moment",
        by_name=True,
    ),
}
# What goes with a table or a function that is not ours.
_OF_A_WHOLE = frozenset({"owner", "type", "not null", "default", "constraint", "grant"})
# How a table is made, apart from who may do what with it: spoken of only if we made it.
_MAKE = frozenset({"type", "not null", "default", "constraint", "owner", "trigger"})


def compare(connection: psycopg.Connection, of: Shipped, expected: Mapping[Key, Said], findings: Findings) -> None:
    """Add what is not as shipped.

    Args:
        connection: to the database; reads only.
        of: which schemas, tables and roles are ours.
        expected: the facts after the migrations that are applied.
        findings: are added to.
    """
    actual = read_facts(connection, of)
    expected = _with_their_tags(expected, actual)
    ours = made_by_us(connection, of)
    casts = _casts(actual)
    gone = {
        about
        for (kind, name), (about, _) in expected.items()
        if kind == "relation" and name == about and (kind, name) not in actual
    }
    strangers = [name for kind, name in actual.keys() - expected.keys() if kind in {"relation", "function"}]
    # In the order in which they are mended: a column before the rights to it.
    order = list(_KINDS)
    for key in sorted(expected.keys() | actual.keys(), key=lambda one: (order.index(one[0]), one[1])):
        fact, (about, texts) = actual.get(key), expected.get(key, ("", ()))
        about = fact.about if fact else about
        if fact and (fact.statement in texts or _alike(fact, texts, casts)):
            continue
        if key[0] == "role setting" and not key[1].startswith(WORKER):
            continue  # the platform's own
        told_once = about in gone and key != ("relation", about)
        if told_once or (key[0] in _OF_A_WHOLE and any(stranger in key[1] for stranger in strangers)):
            continue
        if not about.startswith("public.") or _is_compared(key, about, fact, texts, ours, actual):
            _judge(key, fact, texts, of, findings)
    _compare_types(expected, actual, ours, findings)


def _with_their_tags(expected: Mapping[Key, Said], actual: Mapping[Key, Fact]) -> Mapping[Key, Said]:
    """A helper takes whatever type the wider system's tags have as their id."""
    key = ("type", "public.tags.id")
    if key not in expected or key not in actual:
        return expected
    shipped, there = (one.rpartition(" type ")[2] for one in (expected[key][1][0], actual[key].statement))
    if shipped == there:
        return expected

    def theirs(text: str) -> str:
        return re.sub(rf"\b{shipped}\b", there, text) if _OF_TAGS in text else text

    return {
        (kind, theirs(name)): (about, tuple(map(theirs, texts))) for (kind, name), (about, texts) in expected.items()
    }


def wrong_shapes(connection: psycopg.Connection, of: Shipped) -> tuple[Breach, ...]:
    """What exists and cannot become what the migrations make of it: a view for a table, a text for a number."""
    expected, actual = of.after(of.steps.keys()), read_facts(connection, of)
    findings = Findings()
    _compare_types(expected, actual, frozenset(), findings)
    for (kind, name), (about, (text, *_)) in expected.items():
        found = actual.get((kind, name))
        if kind == "relation" and found and found.statement != text and about.startswith("public."):
            findings.add("", Severity.ERROR, "", Breach(what=f"{name} is a {found.statement}, not a {text}"))
    return tuple(breach for finding in findings.all() for breach in finding.breaches)


def _is_compared(
    key: Key,
    about: str,
    fact: Fact | None,
    texts: tuple[str, ...],
    ours: Collection[str],
    actual: Mapping[Key, Fact],
) -> bool:
    """Whether a fact about something in schema public is ours to speak of."""
    kind = key[0]
    if kind == "index":  # asked by what it is for, under whatever name: audit_indexes, audit_natural_keys
        return False
    if kind == "relation" and not texts and key[1] != about:  # the sequence of a column of theirs
        return False
    if kind in _MAKE and (not texts or about not in ours):  # their own columns and keys
        return (kind == "owner" and ("view", about) in actual) or (
            kind == "trigger" and about not in WIDER and not texts
        )
    if about not in WIDER or about in ours:
        return True
    if kind == "relation":
        return fact is not None and bool(texts)
    # Without row level security a policy would do nothing.
    needless = kind == "policy" and fact is None and ("row security", about) not in actual
    return not needless and any(f" to {WORKER}" in text for text in (fact.statement if fact else "", *texts))


def _judge(key: Key, fact: Fact | None, texts: tuple[str, ...], of: Shipped, findings: Findings) -> None:
    kind = _KINDS[key[0]]
    if fact is None:
        severity, breach = kind.missing, _missing(kind, key[1], texts[0])
    elif texts:
        severity, breach = kind.missing, _changed(kind, fact, texts[0])
    else:
        severity, opens = _besides(kind, fact, of)
        what = fact.name if kind.by_name else _brief(fact.statement)
        # Rows of somebody's: their owner says where they go.
        closes = f"-- its owner moves it: {fact.undo.replace('drop', 'alter')} set schema …;"
        breach = Breach(what=what, opens=opens, closes=closes if fact.kind == "relation" else _sql(fact.undo))
    if severity is not None:
        findings.add(kind.name, severity, kind.promise, breach)


def _missing(kind: _Kind, name: str, text: str) -> Breach:
    if not _is_statement(text):
        return Breach(
            what=f"missing: {name}", opens=kind.lacks, closes="-- worker migrate down, then up, makes it anew"
        )
    # A type that is missing is a column that is missing.
    made = re.sub(r" alter (column .*?) type ", r" add \1 ", text) if kind is _KINDS["type"] else text
    return Breach(what=f"missing: {_brief(made)}", opens=kind.lacks, closes=_sql(made))


def _changed(kind: _Kind, fact: Fact, text: str) -> Breach:
    opens = kind.lacks
    if fact.kind == "policy":
        match = _POLICY.search(fact.statement)
        opens = f"lets {match[3]} {match[2]} other rows than intended" if match else opens
    if fact.kind == "owner":
        return Breach(what=f"{fact.name} belongs to {fact.statement}", opens=opens, closes=_sql(fact.undo))
    if not _is_statement(text):
        closes = f"alter table {fact.name} set logged;" if "unlogged" in fact.statement else ""
        return Breach(what=f"{fact.name} is a {fact.statement}, not a {text}", opens=opens, closes=closes)
    # A statement that replaces or sets needs nothing taken away before.
    over = fact.kind in {"function", "type", "default", "role setting"}
    closes = _sql(text) if over else f"{_sql(fact.undo)}\n{_sql(text)}"
    what = f"{fact.name} is not the one that ships" if kind.by_name else f"{fact.name}: {_brief(fact.statement)}"
    return Breach(what=what, opens=opens, closes=closes)


def _besides(kind: _Kind, fact: Fact, of: Shipped) -> tuple[Severity | None, str]:
    known = {"public", *of.roles}
    if fact.kind == "policy":
        return _policy_besides(fact, known)
    if fact.kind == "grant":
        what, _, role = fact.name.rpartition(" to ")
        if role.strip('"') in known:
            return Severity.ERROR, f"{'everybody' if role == 'public' else role} may use {what}, which is not meant"
        return Severity.NOTE, "belongs to the wider system, whose role it is"
    if fact.kind == "trigger" and not fact.about.startswith("public."):
        return Severity.ERROR, "it runs at each write of the relay, in a table that nobody else has business with"
    return kind.extra, kind.adds


def _policy_besides(fact: Fact, known: Collection[str]) -> tuple[Severity, str]:
    match = _POLICY.search(fact.statement)
    assert match is not None  # noqa: S101 - `facts` wrote it so
    kind, verb, whom = match.groups()
    if kind == "restrictive":
        return Severity.WARNING, f"hides rows from {whom}: writes of the relay may hit none of them"
    if {role.strip().strip('"') for role in whom.split(",")} & set(known):
        return Severity.ERROR, f"lets {whom} {verb} more rows than ours allow"
    return Severity.NOTE, f"belongs to the wider system: lets {whom} {verb} rows"


def _is_statement(text: str) -> bool:
    return text.lower().startswith(("create ", "alter ", "grant "))


def _sql(statement: str) -> str:
    return f"{statement};" if statement else ""


def _brief(statement: str) -> str:
    """A statement on one line, and no more of it than a person reads."""
    flat = " ".join(statement.split())
    return flat if len(flat) <= _MOST else f"{flat[:_MOST]}…"


_POLICY = re.compile(r"as (\w+) for (\w+) to (.*?)(?: using \(| with check \(|$)", re.DOTALL)

# --- the same in other words ---

_ONE_WORD = re.compile(r"(?<![\w)])\(([\w.]+)\)")


def _casts(facts: Mapping[Key, Fact]) -> re.Pattern[str]:
    """Casts to the types of the columns: an enum or a varchar of a table that was there before us is spelled so."""
    types = {fact.statement.rpartition(" type ")[2] for (kind, _), fact in facts.items() if kind == "type"}
    longest_first = sorted({*types, "text"}, key=len, reverse=True)
    return re.compile(f"::(?:{'|'.join(map(re.escape, longest_first))})(?![\\w.])")


def _alike(fact: Fact, texts: Collection[str], casts: re.Pattern[str]) -> bool:
    """Whether a policy or a view is the same but for the types of the columns that it compares."""
    if fact.kind not in {"policy", "view"}:
        return False
    return _uncast(fact.statement, casts) in {_uncast(text, casts) for text in texts}


def _uncast(text: str, casts: re.Pattern[str]) -> str:
    # Brackets around more than one word stay: they say what belongs together.
    return _ONE_WORD.sub(r"\1", casts.sub("", text))


_FAMILIES = {
    "number": ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
    "time": ("timestamp", "date"),
    "text": ("text", "character", "citext", "name"),
}
_OF_THEIR_OWN = frozenset({"uuid", "jsonb", "json", "boolean", "bytea"})


def _family(of_type: str) -> str:
    for family, beginnings in _FAMILIES.items():
        if of_type.startswith(beginnings):
            return family
    # An enum or a domain takes what is written as text.
    return of_type if of_type in _OF_THEIR_OWN or of_type.endswith("[]") else "text"


def _compare_types(
    expected: Mapping[Key, Said], actual: Mapping[Key, Fact], ours: Collection[str], findings: Findings
) -> None:
    """Columns that were there before us may have types of their own, if they hold the same kind of value."""
    for (kind, name), (about, (text, *_)) in expected.items():
        found = actual.get((kind, name))
        if kind != "type" or found is None or about in ours or not about.startswith("public."):
            continue
        wanted, there = (one.rpartition(" type ")[2] for one in (text, found.statement))
        if _family(wanted) == _family(there):
            continue
        column = name.rpartition(".")[2]
        breach = Breach(
            what=f"{name} is {there}, not {wanted}",
            opens="what the relay writes or compares there is refused",
            closes=f"{text} using {column}::text::{wanted};",
        )
        promise = "columns hold the kind of value that the relay writes"
        findings.add("audit_column_types", Severity.ERROR, promise, breach)
