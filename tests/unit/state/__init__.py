"""The state database, on SQLite and PostgreSQL."""
