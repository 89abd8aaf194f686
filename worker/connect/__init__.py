"""Connecting to Postgres: the address, the login, the session, and its deadlines."""
