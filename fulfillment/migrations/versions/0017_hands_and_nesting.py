"""Goods in hands, handling units on handling units, tasks with two places"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    change(
        "lpn",
        add_columns=[
            sa.Column("parent_lpn_id", sa.BigInteger(), nullable=True),
        ],
        drop=["ck_lpn_kind"],
        add={
            "fk_lpn_warehouse_id_parent_lpn_id": "FOREIGN KEY(warehouse_id, parent_lpn_id) REFERENCES lpn (warehouse_id, id)",
            "ck_lpn_parent": "CHECK (parent_lpn_id IS NULL OR parent_lpn_id <> id)",
            "ck_lpn_kind": "CHECK (kind IN ('carton', 'none', 'pallet', 'tote'))",
        },
    )
    change(
        "station",
        add_columns=[
            sa.Column("hand_location_id", sa.BigInteger(), nullable=True),
        ],
        add={
            "fk_station_warehouse_id_hand_location_id": "FOREIGN KEY(warehouse_id, hand_location_id) REFERENCES location (warehouse_id, id)",
        },
    )
    change(
        "task",
        add_columns=[
            sa.Column("to_location_id", sa.BigInteger(), nullable=True),
            sa.Column("priority", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("station_id", sa.BigInteger(), nullable=True),
            sa.Column("claimed_at_ms", sa.BigInteger(), nullable=True),
        ],
        drop=["ck_task_kind"],
        add={
            "fk_task_warehouse_id_to_location_id": "FOREIGN KEY(warehouse_id, to_location_id) REFERENCES location (warehouse_id, id)",
            "fk_task_warehouse_id_station_id": "FOREIGN KEY(warehouse_id, station_id) REFERENCES station (warehouse_id, id)",
            "ck_task_kind": "CHECK (kind IN ('count', 'move', 'pick', 'put_back', 'putaway', 'replenish'))",
        },
    )


def downgrade() -> None:
    change(
        "task",
        drop_columns=["to_location_id", "priority", "station_id", "claimed_at_ms"],
        drop=["fk_task_warehouse_id_to_location_id", "fk_task_warehouse_id_station_id", "ck_task_kind"],
        add={
            "ck_task_kind": "CHECK (kind IN ('count', 'pick', 'put_back', 'putaway'))",
        },
    )
    change(
        "station",
        drop_columns=["hand_location_id"],
        drop=["fk_station_warehouse_id_hand_location_id"],
    )
    change(
        "lpn",
        drop_columns=["parent_lpn_id"],
        drop=["fk_lpn_warehouse_id_parent_lpn_id", "ck_lpn_parent", "ck_lpn_kind"],
        add={
            "ck_lpn_kind": "CHECK (kind IN ('carton', 'none', 'tote'))",
        },
    )
