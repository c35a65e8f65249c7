"""Rows of the audit form a chain: a place and a link each, and where the chain begins and ends."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Rows of before get theirs when the next deed is written (leads.records.audit).
    op.add_column("audit", sa.Column("place", sa.Integer(), nullable=True))
    op.add_column("audit", sa.Column("link", sa.String(length=64), nullable=False, server_default=""))
    op.create_index(op.f("ix_audit_place"), "audit", ["place"], unique=True)
    op.create_table(
        "audit_ends",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_place", sa.Integer(), nullable=False),
        sa.Column("first_link", sa.String(length=64), nullable=False),
        sa.Column("last_place", sa.Integer(), nullable=False),
        sa.Column("last_link", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_ends")),
    )


def downgrade() -> None:
    op.drop_table("audit_ends")
    op.drop_index(op.f("ix_audit_place"), "audit")
    op.drop_column("audit", "link")
    op.drop_column("audit", "place")
