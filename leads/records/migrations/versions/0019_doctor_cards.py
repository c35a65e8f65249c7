"""What people may know of a clinic's doctors: title, field, hours, booking."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clinics", sa.Column("cards", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("clinics", "cards")
