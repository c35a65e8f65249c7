"""What the clinics' own accounts write, and public accounts of houses and the trade."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "own_posts",
        sa.Column("post", sa.String(length=40), nullable=False),
        sa.Column("clinic_id", sa.String(length=40), nullable=False),
        sa.Column("of", sa.String(length=200), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("post", "clinic_id", "of", name=op.f("pk_own_posts")),
    )
    op.create_index("ix_own_posts_clinic_id_at", "own_posts", ["clinic_id", "at"])
    op.create_index(op.f("ix_own_posts_account"), "own_posts", ["account"])
    op.create_table(
        "public_posts",
        sa.Column("post", sa.String(length=40), nullable=False),
        sa.Column("symptom", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("replies", sa.Integer(), nullable=True),
        sa.Column("spread", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("post", "symptom", name=op.f("pk_public_posts")),
    )
    op.create_index(op.f("ix_public_posts_account"), "public_posts", ["account"])
    op.create_index(op.f("ix_public_posts_at"), "public_posts", ["at"])
    op.create_table(
        "doubted_accounts",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_doubted_accounts")),
    )
    op.create_index(op.f("ix_doubted_accounts_at"), "doubted_accounts", ["at"])


def downgrade() -> None:
    for table in ("own_posts", "public_posts", "doubted_accounts"):
        op.drop_table(table)
