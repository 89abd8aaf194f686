-- What the tables of a project's own catalogue lack. `table` is quoted by us; a table that is not there lacks everything.

-- name: lacking
-- The table, its columns, and the rights of whoever delivers.
select format('%%s is not there', %(table)s::text) where to_regclass(%(table)s) is null
union all
select format('%%s has no column %%I', %(table)s::text, wanted)
from unnest(%(columns)s::text[]) as wanted
where
    to_regclass(%(table)s) is not null
    and not exists (
        select from pg_catalog.pg_attribute as a
        where a.attrelid = to_regclass(%(table)s) and a.attname = wanted and a.attnum > 0 and not a.attisdropped
    )
union all
select format('%%s may not %%s %%s', %(role)s::text, verb, %(table)s::text)
from unnest(%(verbs)s::text[]) as verb
where
    to_regclass(%(table)s) is not null
    and not exists (
        select from pg_catalog.pg_roles as r
        where r.rolname = %(role)s and has_table_privilege(r.oid, to_regclass(%(table)s), verb)
    );

-- name: not_unique
-- The natural key, by which rows are found again.
select format('%%s (%%s) is not unique', %(table)s::text, array_to_string(%(columns)s::text[], ', '))
where
    to_regclass(%(table)s) is not null
    and not exists (
        select
        from pg_catalog.pg_index as i
        where
            i.indrelid = to_regclass(%(table)s)
            and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
            and (
                select array_agg(a.attname::text order by a.attname)
                from pg_catalog.pg_attribute as a
                where a.attrelid = i.indrelid and a.attnum = any(i.indkey[0:i.indnkeyatts - 1])
            ) = (select array_agg(c order by c) from unnest(%(columns)s::text[]) as c)
    );
