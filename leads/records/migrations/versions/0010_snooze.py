"""Until which day a case is left alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("cases") as table:
        table.add_column(sa.Column("snoozed_until", sa.Date(), nullable=True))
        table.create_index(op.f("ix_cases_snoozed_until"), ["snoozed_until"])


def downgrade() -> None:
    with op.batch_alter_table("cases") as table:
        table.drop_index(op.f("ix_cases_snoozed_until"))
        table.drop_column("snoozed_until")
