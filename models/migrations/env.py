"""What Alembic runs: our metadata against the connection that `models.admin` hands over."""

from alembic import context
from sqlalchemy import text

from models.tables import SCHEMA, OrmBase

connection = context.config.attributes["connection"]
connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
context.configure(
    connection=connection,
    target_metadata=OrmBase.metadata,
    version_table="migration",
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=lambda name, kind, _: kind != "schema" or name == SCHEMA,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
