"""What Alembic runs: our metadata against the connection that `models.migrate` hands over."""

from alembic import context
from sqlalchemy import text

from models.tables import SCHEMA, Table

connection = context.config.attributes["connection"]
connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    version_table="migration",
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=lambda name, kind, _: kind != "schema" or name == SCHEMA,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
