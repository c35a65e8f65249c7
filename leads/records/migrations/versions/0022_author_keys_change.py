"""The key of the author hashes can be changed, and an erasure keeps the number of its receipt when it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("author_keys", sa.Column("generation", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("erasures", sa.Column("receipt", sa.String(length=16), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("erasures", "receipt")
    op.drop_column("author_keys", "generation")
