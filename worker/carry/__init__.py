"""Carrying batches: sizes, reading ahead, and the second connection."""
