"""Industry news for the morning report."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "headlines",
        sa.Column("post_id", sa.String(length=200), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fits", sa.Boolean(), nullable=False),
        sa.Column("others", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_headlines")),
    )
    op.create_index(op.f("ix_headlines_day"), "headlines", ["day"])
    op.create_index(op.f("ix_headlines_published_at"), "headlines", ["published_at"])


def downgrade() -> None:
    op.drop_table("headlines")
