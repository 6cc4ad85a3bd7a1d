"""Alembic's entry: runs the migrations on the connection that `state.migrate` passes in."""

from __future__ import annotations

from alembic import context

from state.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
