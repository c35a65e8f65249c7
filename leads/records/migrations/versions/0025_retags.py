"""Tagging everything that is stored anew, in pieces."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leads.records.tables.base import Moment

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("begun_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_retags"),
    )
    op.create_table(
        "retag_pieces",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("retag_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("leads", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("done_at", Moment(), nullable=True),
        sa.Column("tagged", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unlike", sa.Integer(), nullable=False),
        sa.Column("wordless", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["retag_id"], ["retags.id"], name="fk_retag_pieces_retag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_retag_pieces"),
    )
    op.create_index("ix_retag_pieces_retag_id", "retag_pieces", ["retag_id"])


def downgrade() -> None:
    op.drop_table("retag_pieces")
    op.drop_table("retags")
