"""Carriers, waves, orders and their demand"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carrier",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), server_default="", nullable=False),
        sa.Column("countries", sa.Text(), server_default="*", nullable=False),
        sa.Column("cut_off_local", sa.Text(), server_default="17:00", nullable=False),
        sa.Column("lane_location_id", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "lane_location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_carrier_warehouse_id_lane_location_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_carrier_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_carrier")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_carrier_warehouse_id_code")),
    )
    op.create_table(
        "wave",
        sa.Column("state", sa.Text(), server_default="planning", nullable=False),
        sa.Column("priority", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("released_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("done_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("state IN ('done', 'planning', 'released')", name=op.f("ck_wave_state")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_wave_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_wave")),
    )
    op.create_table(
        "sales_order",
        sa.Column("channel", sa.Text(), server_default="file", nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), server_default="ship_partial", nullable=False),
        sa.Column("priority", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ordered_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("original_ordered_at", sa.Text(), server_default="", nullable=False),
        sa.Column("cut_off_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ship_to_name", sa.Text(), server_default="", nullable=False),
        sa.Column("address1", sa.Text(), server_default="", nullable=False),
        sa.Column("address2", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.Text(), server_default="", nullable=False),
        sa.Column("region", sa.Text(), server_default="", nullable=False),
        sa.Column("postcode", sa.Text(), server_default="", nullable=False),
        sa.Column("country", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("hold_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("hold_note", sa.Text(), server_default="", nullable=False),
        sa.Column("is_cancelled", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("carrier_id", sa.BigInteger(), nullable=True),
        sa.Column("wave_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("state_since_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("policy IN ('ship_complete', 'ship_partial')", name=op.f("ck_sales_order_policy")),
        sa.CheckConstraint(
            "state IN ('allocated', 'cancelled', 'hold', 'loaded', 'packed', 'packing', 'picked', 'picking', 'released', 'shipped', 'waiting')",
            name=op.f("ck_sales_order_state"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "carrier_id"],
            ["carrier.warehouse_id", "carrier.id"],
            name=op.f("fk_sales_order_warehouse_id_carrier_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "wave_id"],
            ["wave.warehouse_id", "wave.id"],
            name=op.f("fk_sales_order_warehouse_id_wave_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_sales_order_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_sales_order")),
        sa.UniqueConstraint(
            "warehouse_id", "channel", "number", name=op.f("uq_sales_order_warehouse_id_channel_number")
        ),
    )
    op.create_index("ix_sales_order_number", "sales_order", ["warehouse_id", "number"], unique=False)
    op.create_index("ix_sales_order_state", "sales_order", ["warehouse_id", "state"], unique=False)
    op.create_table(
        "order_line",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("line_no", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), server_default="", nullable=False),
        sa.Column("is_service", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("qty_each > 0", name=op.f("ck_order_line_qty_each")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_order_line_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "order_id"],
            ["sales_order.warehouse_id", "sales_order.id"],
            name=op.f("fk_order_line_warehouse_id_order_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_order_line_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_order_line")),
        sa.UniqueConstraint(
            "warehouse_id", "order_id", "line_no", name=op.f("uq_order_line_warehouse_id_order_id_line_no")
        ),
    )
    op.create_table(
        "demand",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("ordered_each", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("allocated_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("picked_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("packed_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("shipped_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("allocated_each BETWEEN 0 AND ordered_each", name=op.f("ck_demand_allocated")),
        sa.CheckConstraint("cancelled_each BETWEEN 0 AND ordered_each", name=op.f("ck_demand_cancelled")),
        sa.CheckConstraint("ordered_each > 0", name=op.f("ck_demand_ordered")),
        sa.CheckConstraint("packed_each BETWEEN 0 AND picked_each", name=op.f("ck_demand_packed")),
        sa.CheckConstraint("picked_each BETWEEN 0 AND allocated_each", name=op.f("ck_demand_picked")),
        sa.CheckConstraint("shipped_each BETWEEN 0 AND packed_each", name=op.f("ck_demand_shipped")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_demand_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "order_id"],
            ["sales_order.warehouse_id", "sales_order.id"],
            name=op.f("fk_demand_warehouse_id_order_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_demand_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_demand")),
        sa.UniqueConstraint(
            "warehouse_id", "order_id", "item_id", name=op.f("uq_demand_warehouse_id_order_id_item_id")
        ),
    )
    op.create_index("ix_demand_item", "demand", ["warehouse_id", "item_id"], unique=False)


def downgrade() -> None:
    op.drop_table("demand")
    op.drop_table("order_line")
    op.drop_table("sales_order")
    op.drop_table("wave")
    op.drop_table("carrier")
