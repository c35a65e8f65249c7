"""Jobs of one host wait for each other, and those that failed are tried again, each time a little later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("lock", sa.String(200), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("jobs", "failures")
    op.drop_column("jobs", "lock")
