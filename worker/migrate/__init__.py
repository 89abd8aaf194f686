"""Carry the schema of the destination forward and back, in step with the Supabase CLI."""

from worker.migrate.apply import apply_all
from worker.migrate.files import Migration, load

__all__ = ["Migration", "apply_all", "load"]
