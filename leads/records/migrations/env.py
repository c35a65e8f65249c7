"""What Alembic runs: on a connection of ours, inside of our transaction (`leads.records.database`)."""

from alembic import context

from leads.records.tables.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a column by copying its table
)
context.run_migrations()
