"""Mentions are worked on: their state, history and notes, and names that turned out others'."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _history() -> None:
    op.create_table(
        "mention_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.String(length=250), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("before", sa.String(length=200), nullable=False),
        sa.Column("after", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mention_events")),
    )
    op.create_index(op.f("ix_mention_events_mention_id"), "mention_events", ["mention_id"])


def _notes() -> None:
    op.create_table(
        "mention_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.String(length=250), nullable=False),
        sa.Column("post_id", sa.String(length=200), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mention_notes")),
    )
    op.create_index(op.f("ix_mention_notes_mention_id"), "mention_notes", ["mention_id"])
    op.create_index(op.f("ix_mention_notes_post_id"), "mention_notes", ["post_id"])


def _strangers() -> None:
    op.create_table(
        "strangers",
        sa.Column("mention_id", sa.String(length=250), nullable=False),
        sa.Column("post_id", sa.String(length=200), nullable=False),
        sa.Column("clinic_id", sa.String(length=40), nullable=False),
        sa.Column("said", sa.String(length=120), nullable=False),
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.Column("beside", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("mention_id", name=op.f("pk_strangers")),
    )
    op.create_index(op.f("ix_strangers_post_id"), "strangers", ["post_id"])


def upgrade() -> None:
    op.create_table(
        "mention_work",
        sa.Column("mention_id", sa.String(length=250), nullable=False),
        sa.Column("post_id", sa.String(length=200), nullable=False),
        sa.Column("clinic_id", sa.String(length=40), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("assignee", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mention_id", name=op.f("pk_mention_work")),
    )
    for column in ("post_id", "clinic_id", "changed_at"):
        op.create_index(op.f(f"ix_mention_work_{column}"), "mention_work", [column])
    _history()
    _notes()
    _strangers()


def downgrade() -> None:
    for table in ("strangers", "mention_notes", "mention_events", "mention_work"):
        op.drop_table(table)
