"""Who wrote what, so that erasure reaches posts that left the index; tombstones of posts; the author key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "post_origins",
        sa.Column("post_id", sa.String(length=200), nullable=False),
        sa.Column("author_key", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column("words", sa.String(length=32), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_post_origins")),
    )
    for column in ("author_key", "address", "published_at"):
        op.create_index(op.f(f"ix_post_origins_{column}"), "post_origins", [column])
    op.create_table(
        "erased_posts",
        sa.Column("post_id", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column("words", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_erased_posts")),
    )
    for column in ("address", "words"):
        op.create_index(op.f(f"ix_erased_posts_{column}"), "erased_posts", [column])
    op.create_table(
        "author_keys",
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("first_used", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_author_keys")),
    )


def downgrade() -> None:
    for table in ("author_keys", "erased_posts", "post_origins"):
        op.drop_table(table)
