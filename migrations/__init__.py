"""The DDL of both databases, as files: `outbox/` for SQLite, `supabase/` for Postgres."""
