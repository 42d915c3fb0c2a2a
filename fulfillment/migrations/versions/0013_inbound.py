"""Purchase orders, announced handling units, differences of receipts"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import append_only, change

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purchase_order",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("supplier", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("ordered_on", sa.Text(), server_default="", nullable=False),
        sa.Column("due_on", sa.Text(), server_default="", nullable=False),
        sa.Column("content_sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("state IN ('closed', 'open')", name=op.f("ck_purchase_order_state")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_purchase_order_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_purchase_order")),
        sa.UniqueConstraint("warehouse_id", "number", name=op.f("uq_purchase_order_warehouse_id_number")),
    )
    op.create_table(
        "purchase_order_line",
        sa.Column("purchase_order_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("ordered_each", sa.BigInteger(), nullable=False),
        sa.Column("received_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unit_cost_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("ordered_each > 0 AND received_each >= 0", name=op.f("ck_purchase_order_line_figures")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_purchase_order_line_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "purchase_order_id"],
            ["purchase_order.warehouse_id", "purchase_order.id"],
            name=op.f("fk_purchase_order_line_warehouse_id_purchase_order_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_purchase_order_line_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_purchase_order_line")),
        sa.UniqueConstraint(
            "warehouse_id",
            "purchase_order_id",
            "item_id",
            name=op.f("uq_purchase_order_line_warehouse_id_purchase_order_id_item_id"),
        ),
    )
    change(
        "receipt",
        add_columns=[
            sa.Column("kind", sa.Text(), server_default="asn", nullable=False),
            sa.Column("due_on", sa.Text(), server_default="", nullable=False),
            sa.Column("purchase_order_id", sa.BigInteger(), nullable=True),
            sa.Column("order_id", sa.BigInteger(), nullable=True),
            sa.Column("source", sa.Text(), server_default="", nullable=False),
            sa.Column("needs_quality", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("arrived_at_ms", sa.BigInteger(), nullable=True),
            sa.Column("stocked_at_ms", sa.BigInteger(), nullable=True),
        ],
        add={
            "ck_receipt_kind": "CHECK (kind IN ('asn', 'blind', 'purchase', 'return', 'transfer'))",
            "fk_receipt_warehouse_id_purchase_order_id": "FOREIGN KEY(warehouse_id, purchase_order_id) REFERENCES purchase_order (warehouse_id, id)",
            "fk_receipt_warehouse_id_order_id": "FOREIGN KEY(warehouse_id, order_id) REFERENCES sales_order (warehouse_id, id)",
        },
    )
    change(
        "receipt_line",
        add_columns=[
            sa.Column("damaged_each", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("received_on", sa.Text(), server_default="", nullable=False),
            sa.Column("unit_cost_minor", sa.BigInteger(), server_default="0", nullable=False),
        ],
        drop=[
            "ck_receipt_line_expected",
            "ck_receipt_line_received",
            "uq_receipt_line_warehouse_id_receipt_id_item_id_lot_expiry_on",
        ],
        add={
            "uq_receipt_line_warehouse_id_receipt_id_item_id_lot_expiry_on_received_on": "UNIQUE (warehouse_id, receipt_id, item_id, lot, expiry_on, received_on)",
            "ck_receipt_line_expected": "CHECK (expected_each >= 0)",
            "ck_receipt_line_received": "CHECK (received_each >= 0 AND damaged_each BETWEEN 0 AND received_each)",
        },
    )
    change(
        "layer",
        add_columns=[
            sa.Column("case_each", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("origin_layer_id", sa.BigInteger(), nullable=True),
        ],
        drop=["uq_layer_warehouse_id_receipt_id_item_id_lot_expiry_on_serial"],
        add={
            "uq_layer_warehouse_id_receipt_id_item_id_lot_expiry_on_serial_received_on": "UNIQUE (warehouse_id, receipt_id, item_id, lot, expiry_on, serial, received_on)",
            "fk_layer_warehouse_id_origin_layer_id": "FOREIGN KEY(warehouse_id, origin_layer_id) REFERENCES layer (warehouse_id, id)",
            "ck_layer_case": "CHECK (case_each >= 0)",
        },
    )
    op.create_index("ix_layer_lot", "layer", ["warehouse_id", "lot"])
    op.create_index("ix_layer_serial", "layer", ["warehouse_id", "serial"])
    op.create_table(
        "asn_unit",
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("sscc", sa.Text(), nullable=False),
        sa.Column("parent_unit_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="announced", nullable=False),
        sa.Column("arrived_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("state IN ('announced', 'arrived')", name=op.f("ck_asn_unit_state")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "parent_unit_id"],
            ["asn_unit.warehouse_id", "asn_unit.id"],
            name=op.f("fk_asn_unit_warehouse_id_parent_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "receipt_id"],
            ["receipt.warehouse_id", "receipt.id"],
            name=op.f("fk_asn_unit_warehouse_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_asn_unit_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_asn_unit")),
        sa.UniqueConstraint(
            "warehouse_id", "receipt_id", "sscc", name=op.f("uq_asn_unit_warehouse_id_receipt_id_sscc")
        ),
    )
    op.create_index("ix_asn_unit_sscc", "asn_unit", ["warehouse_id", "sscc"], unique=False)
    op.create_table(
        "asn_content",
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_line_id", sa.BigInteger(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("case_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("serial", sa.Text(), server_default="", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("qty_each > 0 AND case_each >= 0", name=op.f("ck_asn_content_figures")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "receipt_line_id"],
            ["receipt_line.warehouse_id", "receipt_line.id"],
            name=op.f("fk_asn_content_warehouse_id_receipt_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "unit_id"],
            ["asn_unit.warehouse_id", "asn_unit.id"],
            name=op.f("fk_asn_content_warehouse_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_asn_content_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_asn_content")),
    )
    op.create_index("ix_asn_content_unit", "asn_content", ["warehouse_id", "unit_id"], unique=False)
    op.create_table(
        "receipt_entry",
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("difference", sa.Text(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("scan_id", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "difference IN ('damaged', 'over', 'short', 'unannounced')", name=op.f("ck_receipt_entry_difference")
        ),
        sa.CheckConstraint("qty_each > 0", name=op.f("ck_receipt_entry_qty_each")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_receipt_entry_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "operator_id"],
            ["operator.warehouse_id", "operator.id"],
            name=op.f("fk_receipt_entry_warehouse_id_operator_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "receipt_id"],
            ["receipt.warehouse_id", "receipt.id"],
            name=op.f("fk_receipt_entry_warehouse_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_receipt_entry_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_receipt_entry")),
    )
    op.create_index("ix_receipt_entry_receipt", "receipt_entry", ["warehouse_id", "receipt_id"], unique=False)
    append_only("receipt_entry")


def downgrade() -> None:
    op.drop_table("receipt_entry")
    op.drop_table("asn_content")
    op.drop_table("asn_unit")
    op.drop_index("ix_layer_serial", table_name="layer")
    op.drop_index("ix_layer_lot", table_name="layer")
    change(
        "layer",
        drop_columns=["case_each", "origin_layer_id"],
        drop=[
            "uq_layer_warehouse_id_receipt_id_item_id_lot_expiry_on_serial_received_on",
            "fk_layer_warehouse_id_origin_layer_id",
            "ck_layer_case",
        ],
        add={
            "uq_layer_warehouse_id_receipt_id_item_id_lot_expiry_on_serial": "UNIQUE (warehouse_id, receipt_id, item_id, lot, expiry_on, serial)",
        },
    )
    change(
        "receipt_line",
        drop_columns=["damaged_each", "received_on", "unit_cost_minor"],
        drop=[
            "uq_receipt_line_warehouse_id_receipt_id_item_id_lot_expiry_on_received_on",
            "ck_receipt_line_expected",
            "ck_receipt_line_received",
        ],
        add={
            "ck_receipt_line_expected": "CHECK (expected_each > 0)",
            "ck_receipt_line_received": "CHECK (received_each BETWEEN 0 AND expected_each)",
            "uq_receipt_line_warehouse_id_receipt_id_item_id_lot_expiry_on": "UNIQUE (warehouse_id, receipt_id, item_id, lot, expiry_on)",
        },
    )
    change(
        "receipt",
        drop_columns=[
            "kind",
            "due_on",
            "purchase_order_id",
            "order_id",
            "source",
            "needs_quality",
            "arrived_at_ms",
            "stocked_at_ms",
        ],
        drop=["ck_receipt_kind", "fk_receipt_warehouse_id_purchase_order_id", "fk_receipt_warehouse_id_order_id"],
    )
    op.drop_table("purchase_order_line")
    op.drop_table("purchase_order")
