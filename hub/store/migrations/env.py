"""Run by Alembic, inside the transaction that `hub.store.migrate` opened."""

from alembic import context

from hub.store.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # on SQLite as well: a killed migration leaves the old schema
)
with context.begin_transaction():
    context.run_migrations()
