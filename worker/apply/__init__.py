"""Applying events to the tables: what a batch changes, in one transaction with the position."""
