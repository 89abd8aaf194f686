"""Proof that what was delivered stands in the database, and repair if it does not."""
