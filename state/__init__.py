"""The state database: SQLAlchemy only, SQLite by default, PostgreSQL by URL."""
