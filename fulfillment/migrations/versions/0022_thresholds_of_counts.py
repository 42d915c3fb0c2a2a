"""A threshold of 0 means any difference, and none at all means never"""

import sqlalchemy as sa

from fulfillment.migrations.tables import change

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

COLUMNS = ("recount_above_each", "approve_above_each")


def upgrade() -> None:
    # The old zeros meant never, which is what a new column says; other thresholds are set again.
    change("warehouse", add_columns=[sa.Column(name, sa.BigInteger(), nullable=True) for name in COLUMNS],
           drop_columns=COLUMNS)  # fmt: skip


def downgrade() -> None:
    change(
        "warehouse", drop_columns=COLUMNS,
        add_columns=[sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in COLUMNS],
    )  # fmt: skip
