"""Entry point that Alembic runs."""

from alembic import context

from mqtt_ota_depot.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
