"""The search a person's desk opens with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("start", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("users", "start")
