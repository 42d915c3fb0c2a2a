"""The order in which tours make their stops, and what a tour would walk without it"""

import sqlalchemy as sa

from fulfillment.migrations.tables import change

revision = "0067"
down_revision = "0062"
branch_labels = None
depends_on = None

_RULE = "ck_warehouse_tour_order"
_HEAVY = "ck_warehouse_heavy_from"


def upgrade() -> None:
    change(
        "warehouse",
        add_columns=[
            sa.Column("tour_order", sa.Text(), server_default="shortest", nullable=False),
            sa.Column("heavy_from_g", sa.BigInteger(), server_default="5000", nullable=False),
        ],
        add={
            _RULE: "CHECK (tour_order IN ('heavy_first', 'shortest'))",
            _HEAVY: "CHECK (heavy_from_g > 0)",
        },
    )
    change("tour", add_columns=[sa.Column("free_dm", sa.BigInteger(), server_default="0", nullable=False)])


def downgrade() -> None:
    change("tour", drop_columns=["free_dm"])
    change("warehouse", drop_columns=["tour_order", "heavy_from_g"], drop=[_RULE, _HEAVY])
