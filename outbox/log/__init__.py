"""The log: one SQLite file, its schema, its locks and its transactions."""
