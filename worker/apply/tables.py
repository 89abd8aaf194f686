"""The statements that turn folded events into rows, made from the catalogue: one for each table and kind of change.

`jsonb_populate_recordset` takes the columns' types from the table itself, so that a database whose columns are enums,
varchars or other integers than ours works as well. Only the columns that the catalogue names are ever written.

A statement without an error is no proof of its effect: a trigger, a rule or a policy can keep a row as it was. So the
last statements of a batch (`written_`, `taken_`, `linked_`, `unlinked_`) look at what the others left. If something is
not so, they cast `outbox.kept TABLE WHAT` to a number: the transaction fails before its COMMIT, in the same round trip,
and the words come back in the error (`kept`).

Names come from declarations, which allow letters, digits, `_` and `$` in them; values are bound, never written into a
statement.
"""

from collections.abc import Iterator

from outbox.catalogue import STAMP, Aggregate, Catalogue, Field, Link, Outside
from worker.apply.known import ABOUT

_REMOVED = "outbox.removed_links"
_REMOVED_ROWS = "outbox.removed_rows"
# Under which name the log says what further columns of a link hold: no column is named so.
FURTHER = "its columns"


def projection(catalogue: Catalogue) -> dict[str, str]:
    """Return the statements that ask for rows, write them and look at what was written, by name."""
    found: dict[str, str] = {}
    for kind in catalogue.aggregates:
        found.update({f"{verb}_{kind}s": text for verb, text in _Rows(catalogue, kind).statements()})
    for link in catalogue.links.values():
        found.update({f"{verb}_{link.name}s": text for verb, text in _Links(catalogue, link).statements()})
    for kind, outside in catalogue.outsides.items():
        adds = any(link.to is outside and link.adds is not None for link in catalogue.links.values())
        found.update(dict(_adding(kind, outside) if adds else _naming(kind, outside)))
    return found


def verify(catalogue: Catalogue) -> dict[str, str]:
    """Return the statements that compare rows with what the log says, by name.

    What the log says is sent to the database, and compared there: each value takes the type of its column first, so
    that numbers, times and jsonb are compared as they are stored. Each query returns, for each natural key: whether the
    row is there, the event that wrote it last, and the names of the fields that differ.
    """
    return {f"{kind}s": _Compared(catalogue, kind).statement() for kind in catalogue.aggregates}


def _q(name: str) -> str:
    return f'"{name}"'


def _table(name: str) -> str:
    return ".".join(map(_q, name.split(".")))


def _list(names: Iterator[str] | list[str], alias: str = "") -> str:
    return ", ".join(f"{alias}{_q(name)}" for name in names)


class _Named:
    """How rows of an aggregate are found by their natural keys.

    A key that is one text is compared as its column compares. Any other travels as text too (`as_key`), and its parts
    take the types of their columns.
    """

    def __init__(self, catalogue: Catalogue, of: Aggregate) -> None:
        self.table, self.columns = _table(of.table), [_q(name) for name in of.key]
        self._of = of
        self._is_text = catalogue.key_is_text(of.kind)

    def among(self, parameter: str) -> tuple[str, str, str]:
        """The name, the tables and the condition of rows t that are among the names of a parameter."""
        (first, *_) = self.columns
        if self._is_text:
            return f"t.{first}", f"{self.table} as t", f" where t.{first} = any(%({parameter})s)"
        tables = (
            f"unnest(%({parameter})s::text[]) as n (name) cross join lateral {self.typed('n.name')} as k"
            f" join {self.table} as t on {self.same('t', 'k')}"
        )
        return "n.name", tables, ""

    def same(self, one: str, other: str) -> str:
        """Whether two rows have the same key."""
        return " and ".join(f"{one}.{column} = {other}.{column}" for column in self.columns)

    def order(self) -> str:
        """The order in which rows t are locked."""
        return ", ".join(f"t.{column}" for column in self.columns)

    def text(self, alias: str) -> str:
        """The key of a row as text, as `as_key` has it; null if there is no row."""
        if len(self.columns) == 1:
            return f"{alias}.{self.columns[0]}" + ("" if self._is_text else "::text")
        parts = ", ".join(f"{alias}.{column}" for column in self.columns)
        return f"case when {alias}.{self.columns[0]} is not null then jsonb_build_array({parts})::text end"

    def typed(self, name: str) -> str:
        """A key, given as text, with the types of its columns."""
        if len(self.columns) == 1:
            pairs = f"'{self._of.key[0]}', {name}"
        else:
            pairs = ", ".join(f"'{column}', {name}::jsonb -> {place}" for place, column in enumerate(self._of.key))
        return f"jsonb_populate_record(null::{self.table}, jsonb_build_object({pairs}))"


class _Rows:
    """The statements over the table of one aggregate."""

    def __init__(self, catalogue: Catalogue, kind: str) -> None:
        self._catalogue = catalogue
        self._of: Aggregate = catalogue.aggregates[kind]
        self._table = _table(self._of.table)
        self._named = _Named(catalogue, self._of)
        self._is_uuid = self._of.id is not None and not self._of.numbered
        self._identity = [_q(name) for name in self._of.identity]
        self._columns = catalogue.columns_of(kind)
        self._has_body = any(one.body for one in self._columns)

    def statements(self) -> Iterator[tuple[str, str]]:
        (id_, *others), stamp = self._identity, _q(STAMP)
        yield "lock", self._found(lock=True)
        yield "find", self._found(lock=False)
        if self._is_uuid:
            # Which of the ids that new rows would get are taken: by a row of that name, or of another.
            yield "occupied", f"select {id_} from {self._table} where {id_} = any(%(ids)s)"
        if self._of.numbered:
            # Numbers for rows that may turn out to be new; those that are not needed are left out for ever.
            sequence = f"pg_get_serial_sequence('{self._table}', '{self._of.id}')"
            yield "number", f"select n.name, nextval({sequence}) from unnest(%(slugs)s::text[]) as n (name)"
        # Before rows are written: they forget a stamp that is no reason to leave them as they are.
        this = self._named.text("t") if others else f"t.{id_}"
        yield (
            "forget",
            (
                f"update {self._table} as t set {stamp} = null"
                f" where {this} = any(%(ids)s) and t.{stamp} = any(%(stamps)s)"
            ),
        )
        yield "insert", self._insert()
        yield "update", self._update()
        yield "written", self._written()
        if sure_of := self._catalogue.confirmed_of(self._of.kind):
            yield "taken", self._taken(sure_of)
        if self._catalogue.removes(self._of.kind):
            yield from self._removal()

    def _removal(self) -> Iterator[tuple[str, str]]:
        """Rows that go for good, and what is remembered of them.

        A row that is not there has no lock that another host would wait for. So whoever makes rows of this table does
        it beside others, and whoever removes some alone: the one sees what the other remembered.
        """
        lock, table = f"hashtextextended('outbox {self._of.table}', 0)", self._of.table
        yield "beside", f"select pg_advisory_xact_lock_shared({lock})"
        yield "alone", f"select pg_advisory_xact_lock({lock})"
        yield (
            "removed",
            f"select key, last_event_id from {_REMOVED_ROWS} where relation = '{table}' and key = any(%(slugs)s)",
        )
        said = "jsonb_to_recordset(%(rows)s::jsonb) as n (name text, stamp uuid)"
        named = f"{said} cross join lateral {self._named.typed('n.name')} as k"
        older = f"(t.{_q(STAMP)} is null or t.{_q(STAMP)} < n.stamp)"
        yield (
            "remove",
            (
                f"with gone as ( delete from {self._table} as t using {named}"
                f" where {self._named.same('t', 'k')} and {older} )"
                f" insert into {_REMOVED_ROWS} as r (relation, key, last_event_id)"
                f" select '{table}', n.name, n.stamp from {said}"
                f" on conflict (relation, key) do update set last_event_id = excluded.last_event_id, removed_at = now()"
                f" where r.last_event_id < excluded.last_event_id"
            ),
        )
        yield (
            "gone",
            (
                f"select case when count(*) > 0 then ('outbox.kept {self._of.relation} ' || count(*))::integer end"
                f" from {named} join {self._table} as t on {self._named.same('t', 'k')} where {older}"
            ),
        )

    def _same(self, one: str, other: str) -> str:
        return " and ".join(f"{one}.{column} = {other}.{column}" for column in self._identity)

    def _found(self, *, lock: bool) -> str:
        """Rows by their natural keys, and whose they are.

        Those about to be changed are locked, in a fixed order so that two hosts do not deadlock. Of rows that are only
        referred to, one that vanishes meanwhile is caught by the foreign key.
        """
        within, owners, joined = self._owners()
        name, tables, condition = self._named.among("slugs")
        of_one = " of t" if joined or not condition else ""
        order = f" order by {self._named.order()} for no key update{of_one}" if lock else ""
        (id_, *others) = self._identity
        identity = "null" if others else f"t.{id_}"
        return (
            f"select {name}, {identity}, t.{_q(STAMP)}, {within}, {owners} as owners"
            f" from {tables}{joined}{condition}{order}"
        )

    def _owners(self) -> tuple[str, str, str]:
        """The row through which it belongs to somebody, to whom it belongs, and the tables that say so."""
        owner, catalogue = self._of.owner, self._catalogue
        if owner is None:
            return "null::uuid", "array[]::uuid[]", ""
        if owner.column is not None:
            return "null::uuid", f"array_remove(array[t.{_q(owner.column)}], null)", ""
        over, column = catalogue.owned_through(self._of.kind)
        above = catalogue.aggregates[over]
        assert above.owner is not None  # noqa: S101 - checked when the catalogue was made
        theirs = f"array_remove(array[p.{_q(str(above.owner.column))}], null)"
        joined = f" left join {_table(above.table)} as p on p.{_q(above.identity[0])} = t.{_q(column)}"
        if owner.or_linked is None:
            return f"t.{_q(column)}", theirs, joined
        name, roles = owner.or_linked
        link = catalogue.links[name]
        here, there = map(_q, link.columns)
        listed = ", ".join(f"'{role}'" for role in roles)
        linked = (
            f"select m.{there} from {_table(link.table)} as m"
            f" where m.{here} = t.{self._identity[0]} and m.{_q(link.keys[0])}::text in ({listed})"
        )
        owners = f"case when t.{_q(column)} is not null then {theirs} else array({linked}) end"
        return f"t.{_q(column)}", owners, joined

    def _insert(self) -> str:
        """New rows; a body is read once, as json and not jsonb: it needs no binary form before that."""
        of = self._of
        first = [*dict.fromkeys((*of.identity, *of.key, *(one.column for one in self._columns)))]
        over = " overriding system value" if of.numbered else ""
        last = [name for name in (of.soft_delete, of.created, STAMP) if name is not None]
        nulls = "".join(", null" for _ in of.nulls)
        json = "json" if self._has_body else "jsonb"
        return (
            f"insert into {self._table} ({_list([*first, *of.nulls, *last])}){over}"
            f" select {_list(first, 'n.')}{nulls}, {_list(last, 'n.')}"
            f" from {json}_populate_recordset(null::{self._table}, %(rows)s::{json}) as n"
        )

    def _update(self) -> str:
        rest = [] if self._of.soft_delete is None else [self._plain(self._of.soft_delete)]
        sets = ", ".join([*map(self._set, self._columns), *rest, f"{_q(STAMP)} = n.{_q(STAMP)}"])
        return (
            f"update {self._table} as t set {sets} from jsonb_array_elements(%(rows)s::jsonb) as r (body),"
            f" lateral jsonb_populate_record(null::{self._table}, r.body) as n"
            f" where {self._same('t', 'n')} and (t.{_q(STAMP)} is null or t.{_q(STAMP)} < n.{_q(STAMP)})"
        )

    def _set(self, one: Field) -> str:
        column = _q(one.column)
        if one.body:
            # An unchanged body keeps its stored form: assigning the equal text would store it again and, worse, compute
            # its full-text index again.
            given = f"r.body ? '{one.column}' and n.{column} is distinct from t.{column}"
            return f"{column} = case when {given} then n.{column} else t.{column} end"
        if one.merged:
            return (
                f"{column} = case when not r.body ? '{one.column}' then t.{column}"
                f" when jsonb_typeof(t.{column}) = 'object' then t.{column} || n.{column} else n.{column} end"
            )
        return self._plain(one.column)

    @staticmethod
    def _plain(name: str) -> str:
        column = _q(name)
        return f"{column} = case when r.body ? '{name}' then n.{column} else t.{column} end"

    def _written(self) -> str:
        """Every row that was written carries the event that wrote it."""
        kept = f"select case when count(*) > 0 then ('outbox.kept {self._of.relation} ' || count(*))::integer end"
        if self._is_uuid:
            return (
                f"{kept} from unnest(%(ids)s::uuid[], %(stamps)s::uuid[]) as n (id, last_event_id) where not exists ("
                f" select from {self._table} as t where t.{self._identity[0]} = n.id"
                f" and t.{_q(STAMP)} = n.last_event_id )"
            )
        return (
            f"{kept} from jsonb_populate_recordset(null::{self._table}, %(rows)s::jsonb) as n where not exists ("
            f" select from {self._table} as t where {self._same('t', 'n')} and t.{_q(STAMP)} = n.{_q(STAMP)} )"
        )

    def _taken(self, sure_of: tuple[str, ...]) -> str:
        """What a patch sets stands in the row: a trigger that puts the old value back keeps the stamp, not the promise.

        Bodies, titles and the like are left to `worker verify`: many databases tidy them up.
        """
        merged = {one.column for one in self._columns if one.merged}
        values = []
        for name in sure_of:
            column = _q(name)
            if name in merged:
                differs = f"not t.{column} @> n.{column}"
            elif name == self._of.soft_delete:
                differs = f"(t.{column} is null) <> (n.{column} is null)"
            else:
                differs = f"t.{column} is distinct from n.{column}"
            values.append(f"('{name}', r.body ? '{name}' and {differs})")
        return (
            f"select case when count(*) > 0 then ('outbox.kept {self._of.relation} ' || min(kept.field))::integer end"
            f" from jsonb_array_elements(%(rows)s::jsonb) as r (body),"
            f" lateral jsonb_populate_record(null::{self._table}, r.body) as n"
            f" join {self._table} as t on {self._same('t', 'n')},"
            f" lateral ( values {', '.join(values)} ) as kept (field, differs) where kept.differs"
        )


class _Links:
    """The statements over the table of one link.

    What is at the other end stands in the rows by its id; if it may have to be added, by its name, which is compared as
    its column compares, as the unique key does.
    """

    def __init__(self, catalogue: Catalogue, link: Link) -> None:
        self._of, self._table = link, _table(link.table)
        self._named = _Named(catalogue, link.of)
        self._here, self._there = map(_q, link.columns)
        self._keys = [self._here, self._there, *map(_q, link.keys)]
        self._further = [_q(one.column) for one in catalogue.further_of(link)]
        self._by_name = link.adds is not None
        # What is remembered is known by a uuid: that of the row, or that of its events.
        is_uuid = link.of.id is not None and not link.of.numbered
        self._about = f"n.{self._here}" if is_uuid else f"(r.body ->> '{ABOUT}')::uuid"
        if self._by_name:
            self._marks = f"r.body ->> '{link.name}'"
            self._end = f"g.{_q(link.to.identity[0])}"
        else:
            self._marks = " || ' ' || ".join(f"n.{key}::text" for key in self._keys[1:])
            self._end = f"n.{self._there}"

    def statements(self) -> Iterator[tuple[str, str]]:
        table, link, stamp = self._table, self._of, _q(STAMP)
        # Links whose stamp would make these events void.
        _, tables, condition = self._named.among("slugs")
        yield (
            "newer",
            (
                f"select l.{self._here}, l.{stamp} from {tables}"
                f" join {table} as l on l.{self._here} = t.{_q(link.of.identity[0])}"
                f"{condition or ' where true'} and l.{stamp} >= %(oldest)s"
            ),
        )
        yield (
            "forget_linked",
            f"update {table} set {stamp} = null where {self._here} = any(%(ids)s) and {stamp} = any(%(stamps)s)",
        )
        yield "link", self._link()
        yield "unlink", self._unlink()
        yield "linked", self._linked()
        yield "unlinked", self._unlinked()

    def _rows(self) -> str:
        """The rows of a statement as n, with r.body as they were sent; the other end as its column has its name."""
        rows = (
            f"jsonb_array_elements(%(rows)s::jsonb) as r (body)"
            f" cross join lateral jsonb_populate_record(null::{self._table}, r.body) as n"
        )
        if not self._by_name:
            return rows
        return f"{rows} cross join lateral {self._other_end()} as named"

    def _other_end(self) -> str:
        link = self._of
        assert isinstance(link.to, Outside)  # noqa: S101 - nothing else is named
        given = f"jsonb_build_object('{link.to.key}', r.body -> '{link.name}')"
        return f"jsonb_populate_record(null::{_table(link.to.table)}, {given})"

    def _same_name(self) -> str:
        assert isinstance(self._of.to, Outside)  # noqa: S101 - nothing else is named
        return f"g.{_q(self._of.to.key)} = named.{_q(self._of.to.key)}"

    def _target(self, how: str) -> str:
        """The row at the other end as g, which must be there or may be."""
        if not self._by_name:
            return ""
        return f" {how} {_table(self._of.to.table)} as g on {self._same_name()}"

    def _match(self) -> str:
        """The link in question as t."""
        both = [(self._here, f"n.{self._here}"), (self._there, self._end)]
        keys = [(key, f"n.{key}") for key in self._keys[2:]]
        return " and ".join(f"t.{key} = {value}" for key, value in [*both, *keys])

    def _older(self) -> str:
        return f"(t.{_q(STAMP)} is null or t.{_q(STAMP)} < n.{_q(STAMP)})"

    def _not_removed(self) -> str:
        """Unless a newer event has removed the link."""
        return (
            f"not exists ( select from {_REMOVED} as gone"
            f" where gone.content_id = {self._about} and gone.kind = '{self._of.memory}'"
            f" and gone.linked = {self._marks} and gone.last_event_id > n.{_q(STAMP)} )"
        )

    def _link(self) -> str:
        link, stamp = self._of, _q(STAMP)
        others = [*self._further, *([] if link.created is None else [_q(link.created)])]
        ends = [f"n.{self._here}", self._end, *(f"n.{key}" for key in self._keys[2:])]
        sets = ", ".join(f"{one} = excluded.{one}" for one in (*self._further, stamp))
        return (
            f"insert into {self._table} ({', '.join([*self._keys, *others, stamp])})"
            f" select {', '.join([*ends, *(f'n.{one}' for one in others), f'n.{stamp}'])}"
            f" from {self._rows()}{self._target('join')} where {self._not_removed()}"
            f" on conflict ({', '.join(self._keys)}) do update set {sets}"
            f" where {_q(link.relation)}.{stamp} is null or {_q(link.relation)}.{stamp} < excluded.{stamp}"
        )

    def _unlink(self) -> str:
        """And remember it: an older event may arrive later."""
        others = f", {_table(self._of.to.table)} as g" if self._by_name else ""
        same = f"{self._same_name()} and " if self._by_name else ""
        return (
            f"with gone as ( delete from {self._table} as t using {self._rows()}{others}"
            f" where {same}{self._match()} and {self._older()} )"
            f" insert into {_REMOVED} as kept (content_id, kind, linked, last_event_id)"
            f" select {self._about}, '{self._of.memory}', {self._marks}, n.{_q(STAMP)} from {self._rows()}"
            f" on conflict (content_id, kind, linked) do update set last_event_id = excluded.last_event_id"
            f" where kept.last_event_id < excluded.last_event_id"
        )

    def _linked(self) -> str:
        """Every link that was made is there, unless a newer event has removed it.

        What nobody finds under its name (a trigger changed it) is looked for by the unique key.
        """
        lost = f"when count(*) > 0 then ('outbox.kept {self._of.relation} ' || count(*))::integer"
        if self._by_name:
            unknown = f"count(*) filter (where {self._end} is null) > 0"
            lost = f"when {unknown} then ('outbox.kept {self._of.to.relation} ' || count(*))::integer {lost}"
        return (
            f"select case {lost} end from {self._rows()}{self._target('left join')}"
            f" where not exists ( select from {self._table} as t where {self._match()} ) and {self._not_removed()}"
        )

    def _unlinked(self) -> str:
        """No link that was removed is there, unless a newer event has made it.

        If no row has the name of the other end, nobody knows which link was meant: `ask` the key, once.
        """
        kept = f"('outbox.kept {self._of.relation} ' || count(t.{self._there}))::integer"
        if not self._by_name:
            return (
                f"select case when count(t.{self._there}) > 0 then {kept} end from {self._rows()}"
                f" join {self._table} as t on {self._match()} where {self._older()}"
            )
        unknown = f"%(ask)s and count(*) filter (where {self._end} is null) > 0"
        return (
            f"select case when {unknown} then ('outbox.kept {self._of.to.relation} ' || count(*))::integer"
            f" when count(t.{self._there}) > 0 then {kept} end from {self._rows()}{self._target('left join')}"
            f" left join {self._table} as t on {self._match()} and {self._older()}"
        )


def _naming(kind: str, outside: Outside) -> Iterator[tuple[str, str]]:
    """Rows that events name, by their key or by their id."""
    by_id = f" or {_q(outside.id)} = any(%(ids)s)" if outside.by_id else ""
    yield (
        f"find_{kind}s",
        (
            f"select {_q(outside.key)}, {_q(outside.id)} from {_table(outside.table)}"
            f" where {_q(outside.key)} = any(%(slugs)s){by_id}"
        ),
    )


def _adding(kind: str, outside: Outside) -> Iterator[tuple[str, str]]:
    """Rows that events name, and add if they are new."""
    table, key = _table(outside.table), _q(outside.key)
    columns = [outside.key, *(outside.adds or ())]
    # One row, compared as its unique key compares: a `citext`, or a collation that ignores case, finds more than the
    # same bytes. An operator is looked for in the search path, and only in schemas that we may use: for a type that
    # lies elsewhere `=` is that of text. Arrays are compared as their elements' type is ordered, wherever it lies.
    yield (
        f"find_{kind}",
        (
            f"select t.{key}::text from jsonb_populate_record(null::{table},"
            f" jsonb_build_object('{outside.key}', %(name)s::text)) as n, {table} as t"
            f" where t.{key} = n.{key} or array[t.{key}] = array[n.{key}] order by t.{key} = n.{key} desc limit 1"
        ),
    )
    # One row, and the name under which the database keeps it: a trigger may have changed it.
    yield (
        f"make_{kind}",
        (
            f"insert into {table} ({_list(columns)}) values ({', '.join(f'%({name})s' for name in columns)})"
            f" returning {key}::text"
        ),
    )
    # A row that is there stays as it is: it belongs to the wider system.
    yield (
        f"add_{kind}s",
        (
            f"insert into {table} ({_list(columns)}) select {_list(columns, 'n.')}"
            f" from jsonb_populate_recordset(null::{table}, %(rows)s::jsonb) as n"
            f" where not exists (select from {table} as t where t.{key} = n.{key})"
            f" order by n.{key} on conflict ({key}) do nothing"
        ),
    )


class _Compared:
    """The comparison of one table's rows with what the log says of them."""

    def __init__(self, catalogue: Catalogue, kind: str) -> None:
        self._catalogue = catalogue
        self._of = catalogue.aggregates[kind]
        self._is_text = catalogue.key_is_text(kind)
        self._columns = catalogue.columns_of(kind)
        self._bodies = [one for one in self._columns if one.body]
        self._links = [link for link in catalogue.links.values() if link.of is self._of]

    def statement(self) -> str:
        of, named = self._of, _Named(self._catalogue, self._of)
        table = named.table
        without = "".join(f" - '{one.column}'" for one in self._bodies)  # texts stay where they are
        linked = "".join(f", {_q(f'{link.name}s')} jsonb" for link in self._links)
        typed = "" if self._is_text else f" cross join lateral jsonb_populate_record(null::{table}, r.key) as k"
        name, key = ("name", "key jsonb, name text") if not self._is_text else (named.columns[0],) * 2
        key = f"{key} text" if self._is_text else key
        return (
            f"select r.{name}, t.{_q(of.identity[0])} is not null as is_there, {self._stamp(f'r.{name}')},"
            f" array( {' union all '.join(self._differing())} ) as differing"
            f" from jsonb_to_recordset(%(rows)s::jsonb) as r"
            f" ({key}, columns jsonb, hashes jsonb, merged jsonb, named jsonb{linked})"
            f" cross join lateral jsonb_populate_record(null::{table}, r.columns) as n{typed}"
            f" left join {table} as t on {named.same('t', 'r' if self._is_text else 'k')}"
            f" cross join lateral (select to_jsonb(t){without} as stored) as b{''.join(self._joins())}"
        )

    def _stamp(self, name: str) -> str:
        """The event that wrote the row last; where there is none, the one that removed it for good."""
        of, stamp = self._of, f"t.{_q(STAMP)}"
        if not self._catalogue.removes(of.kind):
            return stamp
        gone = f"select g.last_event_id from {_REMOVED_ROWS} as g where g.relation = '{of.table}' and g.key = {name}"
        return f"case when t.{_q(of.identity[0])} is null then ({gone}) else {stamp} end"

    def _differing(self) -> Iterator[str]:
        yield (
            "select k.field from jsonb_object_keys(r.columns) as k (field)"
            " where to_jsonb(n) -> k.field is distinct from b.stored -> k.field"
        )
        for one in self._bodies:
            hashed = f"encode(sha256(convert_to(t.{_q(one.column)}, 'UTF8')), 'hex')"
            yield (
                f"select '{one.field}_sha256' where r.hashes ? '{one.field}'"
                f" and r.hashes ->> '{one.field}' is distinct from {hashed}"
            )
        for one in self._columns:
            if one.merged:
                yield (
                    f"select '{one.field}.' || m.key from jsonb_each(r.merged -> '{one.field}') as m"
                    f" where t.{_q(one.column)} -> m.key is distinct from m.value"
                )
        if named := list(self._named()):
            # What is referred to has a name in the log and an id in the row; some may be named by either.
            yield (
                f"select v.field from ( values {', '.join(named)} ) as v (field, name, id) where r.named ? v.field"
                " and r.named ->> v.field is distinct from v.name and r.named ->> v.field is distinct from v.id"
            )
        for link in self._links:
            yield self._links_that_differ(link)

    def _pointing(self) -> Iterator[tuple[str, Field, Aggregate | Outside]]:
        for place, one in enumerate(self._columns):
            if one.refers_to is not None:
                yield f"x{place}", one, one.refers_to

    def _named(self) -> Iterator[str]:
        for alias, one, other in self._pointing():
            if isinstance(other, Aggregate):
                name = _Named(self._catalogue, other).text(alias)
                yield f"('{one.field}', {name}, {name})"
            else:
                identity = f"{alias}.{_q(other.id)}::text" if other.by_id else f"{alias}.{_q(other.key)}"
                yield f"('{one.field}', {alias}.{_q(other.key)}, {identity})"

    def _joins(self) -> Iterator[str]:
        for alias, one, other in self._pointing():
            keys = other.key if isinstance(other, Aggregate) else (other.key,)
            id_ = other.identity[0] if isinstance(other, Aggregate) else other.id
            columns = ", ".join(f"o.{_q(name)}" for name in dict.fromkeys((id_, *keys)))
            yield (
                f" left join lateral (select {columns} from {_table(other.table)} as o"
                f" where o.{_q(id_)} = t.{_q(one.column)}) as {alias} on true"
            )

    def _links_that_differ(self, link: Link) -> str:
        """What should be linked and is not, or the other way round, in the words of `Expected.links`."""
        here, there = map(_q, link.columns)
        to, target = link.to, _table(link.to.table)
        keys = "".join(f" and l.{_q(key)}::text = w.{_q(key)}" for key in link.keys)
        words = " || ':' || ".join([*(f"w.{_q(key)}" for key in link.keys), f"w.{_q(link.name)}"])
        given = ", ".join(f"{_q(name)} text" for name in (*link.keys, link.name))
        further = [_q(one.column) for one in self._catalogue.further_of(link)]
        also = f', "{FURTHER}" jsonb' if further else ""
        said = f"jsonb_to_recordset(r.{_q(f'{link.name}s')}) as w ({given}, linked boolean{also})"
        start = f"select '{link.name} ' || {words} from {said}"
        among = f"select from {_table(link.table)} as l join {target} as g on g.{_q(to.identity[0])} = l.{there}"
        this = f"l.{here} = t.{_q(self._of.identity[0])}{keys}"
        if further:
            start += f' cross join lateral jsonb_populate_record(null::{_table(link.table)}, w."{FURTHER}") as f'
            alike = " and ".join(f"to_jsonb(l.{one}) is not distinct from to_jsonb(f.{one})" for one in further)
            this += f" and (not w.linked or ({alike}))"
        name = f"w.{_q(link.name)}"
        if isinstance(to, Aggregate):
            key = _Named(self._catalogue, to).text("g")
            return f"{start} where w.linked is distinct from exists ( {among} where {this} and {key} = {name} )"
        key = _q(to.key)
        if to.adds is None:
            by_id = f" or g.{_q(to.id)}::text = {name}" if to.by_id else ""
            return (
                f"{start} where w.linked is distinct from exists ( {among} where {this} and (g.{key} = {name}{by_id}) )"
            )
        # A row that nobody has by its name may have been kept in other letters.
        typed = f"jsonb_populate_record(null::{target}, jsonb_build_object('{to.key}', {name})) as named"
        alike = (
            f"lower(trim(g.{key}::text)) = lower(trim({name}))"
            f" and not exists (select from {target} as own where own.{key} = named.{key})"
        )
        return (
            f"{start} cross join lateral {typed} where w.linked is distinct from exists"
            f" ( {among} where {this} and ( g.{key} = named.{key} or {alike} ) )"
        )
