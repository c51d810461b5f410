"""The MD5 of packages, which libraries of small devices compare."""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; what is stored already has none."""
    op.add_column("packages", sa.Column("md5", sa.String(32)))


def downgrade() -> None:
    """Remove the column."""
    with op.batch_alter_table("packages") as batch:
        batch.drop_column("md5")
