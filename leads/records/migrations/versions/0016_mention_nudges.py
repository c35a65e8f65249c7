"""A nudge may be about a mention, too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("nudges", sa.Column("mention_id", sa.String(length=250), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("nudges") as table:
        table.drop_column("mention_id")
