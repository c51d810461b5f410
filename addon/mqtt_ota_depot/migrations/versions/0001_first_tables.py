"""The first tables: properties, packages, grants, transfers."""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "properties",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "packages",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("version", sa.String(256), nullable=False),
        sa.Column("source_versions", sa.JSON, nullable=False),
        sa.Column("file_name", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, index=True),
        sa.Column("release_notes", sa.Text),
        sa.Column("custom_info", sa.Text),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("kind", "model", "version"),
    )
    _create_grants()


def downgrade() -> None:
    """Remove the tables."""
    for table in ("transfers", "grants", "packages", "properties"):
        op.drop_table(table)


def _create_grants() -> None:
    """Create the tables of grants and of what was served under them."""
    op.create_table(
        "grants",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column(
            "package_id",
            sa.String(32),
            sa.ForeignKey("packages.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("device_id", sa.String(256), nullable=False),
        sa.Column("task_id", sa.String(256), nullable=False, unique=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "transfers",
        sa.Column(
            "grant_id",
            sa.String(32),
            sa.ForeignKey("grants.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("state", sa.JSON, nullable=False),
    )
