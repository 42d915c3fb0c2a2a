"""Closed stretches of cross-aisles"""

import sqlalchemy as sa

from fulfillment.migrations.tables import change

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    change("closure", add_columns=[sa.Column("cross_y_dm", sa.BigInteger(), nullable=True)])


def downgrade() -> None:
    change("closure", drop_columns=["cross_y_dm"])
