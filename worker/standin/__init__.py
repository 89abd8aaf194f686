"""A local PostgreSQL that behaves like a Supabase database: roles, claims, grants, time limits."""

from worker.standin.errors import StandInError
from worker.standin.prepare import prepare
from worker.standin.server import LocalPostgres
from worker.standin.sweep import sweep

__all__ = ["LocalPostgres", "StandInError", "prepare", "sweep"]
