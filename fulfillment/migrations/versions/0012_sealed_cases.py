"""Sealed cases, kept beside the units; reasons people give"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import append_only, change

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    change(
        "stock_move",
        add_columns=[
            sa.Column("sealed_from_each", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("sealed_to_each", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("why", sa.Text(), server_default="", nullable=False),
        ],
        drop=["ck_stock_move_reason"],
        add={
            "ck_stock_move_reason": "CHECK (reason IN ('adjust', 'count', 'drop', 'hold', 'load', 'missing', 'move', 'pack', 'pick', 'put_back', 'putaway', 'receive', 'replenish', 'return', 'send', 'ship', 'short', 'stage_parcel', 'take_off', 'unpack'))",
            "ck_stock_move_sealed": "CHECK (sealed_from_each BETWEEN 0 AND qty_each AND sealed_to_each BETWEEN 0 AND qty_each)",
        },
    )
    change(
        "stock_balance",
        add_columns=[
            sa.Column("sealed_each", sa.BigInteger(), server_default="0", nullable=False),
        ],
        add={
            "ck_stock_balance_sealed": "CHECK (sealed_each >= 0 AND sealed_each <= on_hand_each)",
        },
    )
    op.create_table(
        "pack_entry",
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("lpn_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("delta_sealed_each", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("after_move_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("scan_id", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("reason IN ('break', 'count')", name=op.f("ck_pack_entry_reason")),
        sa.CheckConstraint(
            "status IN ('available', 'damaged', 'hold', 'quarantine')", name=op.f("ck_pack_entry_status")
        ),
        sa.CheckConstraint("delta_sealed_each <> 0", name=op.f("ck_pack_entry_delta")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "layer_id"],
            ["layer.warehouse_id", "layer.id"],
            name=op.f("fk_pack_entry_warehouse_id_layer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_pack_entry_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "lpn_id"], ["lpn.warehouse_id", "lpn.id"], name=op.f("fk_pack_entry_warehouse_id_lpn_id")
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_pack_entry_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_pack_entry")),
    )
    append_only("pack_entry")


def downgrade() -> None:
    op.drop_table("pack_entry")
    change(
        "stock_balance",
        drop_columns=["sealed_each"],
        drop=["ck_stock_balance_sealed"],
    )
    change(
        "stock_move",
        drop_columns=["sealed_from_each", "sealed_to_each", "why"],
        drop=["ck_stock_move_reason", "ck_stock_move_sealed"],
        add={
            "ck_stock_move_reason": "CHECK (reason IN ('count', 'drop', 'load', 'missing', 'pack', 'pick', 'put_back', 'putaway', 'receive', 'ship', 'short', 'stage_parcel', 'take_off', 'unpack'))",
        },
    )
