"""Proof that what was delivered stands in the database, and repair where it does not."""
