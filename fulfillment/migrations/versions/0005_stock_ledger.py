"""Receipts, layers, the append-only ledger, balances and promises"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import append_only

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("supplier", sa.Text(), server_default="", nullable=False),
        sa.Column("received_on", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("state IN ('closed', 'open')", name=op.f("ck_receipt_state")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_receipt_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("warehouse_id", "number", name=op.f("uq_receipt_warehouse_id_number")),
    )
    op.create_table(
        "receipt_line",
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("lot", sa.Text(), server_default="", nullable=False),
        sa.Column("expiry_on", sa.Text(), server_default="", nullable=False),
        sa.Column("expected_each", sa.BigInteger(), nullable=False),
        sa.Column("received_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("expected_each > 0", name=op.f("ck_receipt_line_expected")),
        sa.CheckConstraint(
            "received_each BETWEEN 0 AND expected_each", name=op.f("ck_receipt_line_received")
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_receipt_line_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "receipt_id"],
            ["receipt.warehouse_id", "receipt.id"],
            name=op.f("fk_receipt_line_warehouse_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouse.id"], name=op.f("fk_receipt_line_warehouse_id")
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_receipt_line")),
        sa.UniqueConstraint(
            "warehouse_id",
            "receipt_id",
            "item_id",
            "lot",
            "expiry_on",
            name=op.f("uq_receipt_line_warehouse_id_receipt_id_item_id_lot_expiry_on"),
        ),
    )
    op.create_table(
        "layer",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), server_default="", nullable=False),
        sa.Column("expiry_on", sa.Text(), server_default="", nullable=False),
        sa.Column("serial", sa.Text(), server_default="", nullable=False),
        sa.Column("unit_cost_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_layer_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "receipt_id"],
            ["receipt.warehouse_id", "receipt.id"],
            name=op.f("fk_layer_warehouse_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_layer_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_layer")),
        sa.UniqueConstraint(
            "warehouse_id",
            "receipt_id",
            "item_id",
            "lot",
            "expiry_on",
            "serial",
            name=op.f("uq_layer_warehouse_id_receipt_id_item_id_lot_expiry_on_serial"),
        ),
    )
    op.create_index("ix_layer_item", "layer", ["warehouse_id", "item_id"], unique=False)
    op.create_table(
        "stock_move",
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("from_location_id", sa.BigInteger(), nullable=False),
        sa.Column("to_location_id", sa.BigInteger(), nullable=False),
        sa.Column("from_lpn_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("to_lpn_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("from_status", sa.Text(), server_default="available", nullable=False),
        sa.Column("to_status", sa.Text(), server_default="available", nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("scan_id", sa.Text(), server_default="", nullable=False),
        sa.Column("occurred_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "from_status IN ('available', 'damaged', 'hold', 'quarantine')",
            name=op.f("ck_stock_move_from_status"),
        ),
        sa.CheckConstraint(
            "reason IN ('count', 'drop', 'load', 'missing', 'pack', 'pick', 'put_back', 'putaway', 'receive', 'ship', 'short', 'stage_parcel', 'take_off', 'unpack')",
            name=op.f("ck_stock_move_reason"),
        ),
        sa.CheckConstraint(
            "to_status IN ('available', 'damaged', 'hold', 'quarantine')",
            name=op.f("ck_stock_move_to_status"),
        ),
        sa.CheckConstraint(
            "from_location_id <> to_location_id OR from_lpn_id <> to_lpn_id OR from_status <> to_status",
            name=op.f("ck_stock_move_goes_somewhere"),
        ),
        sa.CheckConstraint("qty_each > 0", name=op.f("ck_stock_move_qty_each")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "from_location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_stock_move_warehouse_id_from_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "from_lpn_id"],
            ["lpn.warehouse_id", "lpn.id"],
            name=op.f("fk_stock_move_warehouse_id_from_lpn_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_stock_move_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "layer_id"],
            ["layer.warehouse_id", "layer.id"],
            name=op.f("fk_stock_move_warehouse_id_layer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "to_location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_stock_move_warehouse_id_to_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "to_lpn_id"],
            ["lpn.warehouse_id", "lpn.id"],
            name=op.f("fk_stock_move_warehouse_id_to_lpn_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_stock_move_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_stock_move")),
    )
    op.create_index("ix_stock_move_layer", "stock_move", ["warehouse_id", "layer_id"], unique=False)
    op.create_index("ix_stock_move_lpn", "stock_move", ["warehouse_id", "to_lpn_id"], unique=False)
    op.create_table(
        "stock_balance",
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("lpn_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("on_hand_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("allocated_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "status IN ('available', 'damaged', 'hold', 'quarantine')", name=op.f("ck_stock_balance_status")
        ),
        sa.CheckConstraint(
            "allocated_each >= 0 AND allocated_each <= on_hand_each", name=op.f("ck_stock_balance_allocated")
        ),
        sa.CheckConstraint("on_hand_each >= 0", name=op.f("ck_stock_balance_on_hand")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_stock_balance_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "layer_id"],
            ["layer.warehouse_id", "layer.id"],
            name=op.f("fk_stock_balance_warehouse_id_layer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_stock_balance_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "lpn_id"],
            ["lpn.warehouse_id", "lpn.id"],
            name=op.f("fk_stock_balance_warehouse_id_lpn_id"),
        ),
        sa.PrimaryKeyConstraint(
            "warehouse_id", "location_id", "layer_id", "lpn_id", "status", name=op.f("pk_stock_balance")
        ),
    )
    op.create_index(
        "ix_stock_balance_item", "stock_balance", ["warehouse_id", "item_id", "status"], unique=False
    )
    op.create_index(
        "ix_stock_balance_lpn", "stock_balance", ["warehouse_id", "lpn_id", "item_id"], unique=False
    )
    op.create_table(
        "allocation",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("qty_each >= 0", name=op.f("ck_allocation_qty_each")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_allocation_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "layer_id"],
            ["layer.warehouse_id", "layer.id"],
            name=op.f("fk_allocation_warehouse_id_layer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_allocation_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "order_id"],
            ["sales_order.warehouse_id", "sales_order.id"],
            name=op.f("fk_allocation_warehouse_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "task_id"],
            ["task.warehouse_id", "task.id"],
            name=op.f("fk_allocation_warehouse_id_task_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_allocation_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_allocation")),
    )
    op.create_index(
        "ix_allocation_order", "allocation", ["warehouse_id", "order_id", "item_id"], unique=False
    )
    op.create_index(
        "ix_allocation_place", "allocation", ["warehouse_id", "location_id", "layer_id"], unique=False
    )
    op.create_index("ix_allocation_task", "allocation", ["warehouse_id", "task_id"], unique=False)
    op.create_table(
        "allocation_entry",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("delta_each", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("after_move_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "reason IN ('allocate', 'pick', 'release')", name=op.f("ck_allocation_entry_reason")
        ),
        sa.CheckConstraint("delta_each <> 0", name=op.f("ck_allocation_entry_delta_each")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "layer_id"],
            ["layer.warehouse_id", "layer.id"],
            name=op.f("fk_allocation_entry_warehouse_id_layer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_allocation_entry_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "order_id"],
            ["sales_order.warehouse_id", "sales_order.id"],
            name=op.f("fk_allocation_entry_warehouse_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouse.id"], name=op.f("fk_allocation_entry_warehouse_id")
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_allocation_entry")),
    )

    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER stock_move_no_{verb.lower()} BEFORE {verb} ON stock_move "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
    else:
        append_only("stock_move")


def downgrade() -> None:
    op.drop_table("allocation_entry")
    op.drop_table("allocation")
    op.drop_table("stock_balance")
    op.drop_table("stock_move")
    op.drop_table("layer")
    op.drop_table("receipt_line")
    op.drop_table("receipt")
