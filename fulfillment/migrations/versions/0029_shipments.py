"""Shipments that programs report by line, without a floor dialogue"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import append_only

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shipment",
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("carrier", sa.Text(), server_default="", nullable=False),
        sa.Column("tracking_number", sa.Text(), server_default="", nullable=False),
        sa.Column("shipped_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("first_move_id", sa.BigInteger(), nullable=False),
        sa.Column("last_move_id", sa.BigInteger(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "qty_each > 0 AND last_move_id >= first_move_id", name=op.f("ck_shipment_figures")
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_shipment_warehouse_id")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "order_id"], ["sales_order.warehouse_id", "sales_order.id"],
            name=op.f("fk_shipment_warehouse_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "station_id"], ["station.warehouse_id", "station.id"],
            name=op.f("fk_shipment_warehouse_id_station_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "first_move_id"], ["stock_move.warehouse_id", "stock_move.id"],
            name=op.f("fk_shipment_warehouse_id_first_move_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "last_move_id"], ["stock_move.warehouse_id", "stock_move.id"],
            name=op.f("fk_shipment_warehouse_id_last_move_id"),
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("warehouse_id", "external_id", name=op.f("uq_shipment_warehouse_id_external_id")),
    )  # fmt: skip
    op.create_index("ix_shipment_order", "shipment", ["warehouse_id", "order_id"])
    op.create_index("ix_shipment_move", "shipment", ["warehouse_id", "first_move_id"])
    append_only("shipment")


def downgrade() -> None:
    op.drop_table("shipment")
