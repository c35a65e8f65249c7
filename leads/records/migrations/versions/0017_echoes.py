"""How grave what is said of competitors is, and how complaints spread."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("voices", sa.Column("severity", sa.Integer(), nullable=True))
    op.create_table(
        "echoes",
        sa.Column("post", sa.String(length=40), nullable=False),
        sa.Column("of", sa.String(length=200), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("post", "of", name=op.f("pk_echoes")),
    )
    op.create_index("ix_echoes_of_hour", "echoes", ["of", "hour"])


def downgrade() -> None:
    op.drop_table("echoes")
    op.drop_column("voices", "severity")
