"""Run Alembic on the connection that it is given, never on a URL."""

from alembic import context

from listener.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
