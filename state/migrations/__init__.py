"""Schema of the state database, version by version (Alembic)."""
