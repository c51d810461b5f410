"""Tables of the catalog."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of all tables."""


class PropertyRow(Base):
    """A single fact about the depot itself."""

    __tablename__ = "properties"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class PackageRow(Base):
    """A package; times are seconds since 1970 in UTC."""

    __tablename__ = "packages"
    __table_args__ = (UniqueConstraint("kind", "model", "version"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    model: Mapped[str] = mapped_column(String(128))
    version: Mapped[str] = mapped_column(String(256))
    source_versions: Mapped[list[str]] = mapped_column(JSON)
    file_name: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    release_notes: Mapped[str | None] = mapped_column(Text)
    custom_info: Mapped[str | None] = mapped_column(Text)
    withdrawn: Mapped[bool]
    created_at: Mapped[int] = mapped_column(BigInteger)
    md5: Mapped[str | None] = mapped_column(String(32))
    remove_at: Mapped[int | None] = mapped_column(BigInteger)


class GrantRow(Base):
    """A grant; the token itself is nowhere."""

    __tablename__ = "grants"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    package_id: Mapped[str] = mapped_column(
        ForeignKey("packages.id", ondelete="CASCADE"), index=True
    )
    device_id: Mapped[str] = mapped_column(String(256))
    task_id: Mapped[str] = mapped_column(String(256), unique=True)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class TransferRow(Base):
    """What was served under a grant, so that a restart forgets nothing."""

    __tablename__ = "transfers"

    grant_id: Mapped[str] = mapped_column(
        ForeignKey("grants.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
