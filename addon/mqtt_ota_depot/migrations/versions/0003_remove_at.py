"""When a package is removed for good, so that a removal can be taken back for a while."""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; nothing that is stored is to be removed."""
    op.add_column("packages", sa.Column("remove_at", sa.BigInteger))


def downgrade() -> None:
    """Remove the column; what was to be removed stays."""
    with op.batch_alter_table("packages") as batch:
        batch.drop_column("remove_at")
