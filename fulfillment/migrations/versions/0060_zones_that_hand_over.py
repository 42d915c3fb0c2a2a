"""Zones that hand carts over, waves picked zone by zone, where a tour's cart waits between two zones"""

import sqlalchemy as sa

from fulfillment.migrations.tables import change

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

_HAND_OVER = "fk_zone_warehouse_id_hand_over_id"
_WAITS_AT = "fk_tour_warehouse_id_waits_at_id"
_MODE = "ck_wave_mode"


def upgrade() -> None:
    change(
        "zone",
        add_columns=[
            sa.Column("pick_order", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("hand_over_id", sa.BigInteger(), nullable=True),
        ],
        add={
            _HAND_OVER: "FOREIGN KEY(warehouse_id, hand_over_id) REFERENCES location (warehouse_id, id)",
            "ck_zone_turn": "CHECK (pick_order >= 0 AND (pick_order = 0 OR hand_over_id IS NOT NULL))",
        },
    )
    change(
        "tour",
        add_columns=[
            sa.Column("zone", sa.Text(), server_default="", nullable=False),
            sa.Column("waits_at_id", sa.BigInteger(), nullable=True),
        ],
        add={_WAITS_AT: "FOREIGN KEY(warehouse_id, waits_at_id) REFERENCES location (warehouse_id, id)"},
    )
    change("wave", drop=[_MODE], add={_MODE: "CHECK (mode IN ('batch', 'cluster', 'single', 'zone'))"})


def downgrade() -> None:
    change("wave", drop=[_MODE], add={_MODE: "CHECK (mode IN ('batch', 'cluster', 'single'))"})
    change("tour", drop_columns=["zone", "waits_at_id"], drop=[_WAITS_AT])
    change("zone", drop_columns=["pick_order", "hand_over_id"], drop=[_HAND_OVER, "ck_zone_turn"])
