"""Places and catalogue"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "warehouse",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("gs1_company_prefix", sa.Text(), nullable=False),
        sa.Column("cross_aisle_y_dm", sa.Text(), server_default="", nullable=False),
        sa.Column("ship_from", sa.Text(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warehouse")),
        sa.UniqueConstraint("code", name=op.f("uq_warehouse_code")),
    )
    op.create_table(
        "counter",
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_value", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("next_value > 0", name=op.f("ck_counter_next_value")),
        sa.PrimaryKeyConstraint("warehouse_id", "name", name=op.f("pk_counter")),
    )
    op.create_table(
        "location",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("access", sa.Text(), server_default="any", nullable=False),
        sa.Column("zone", sa.Text(), server_default="", nullable=False),
        sa.Column("aisle", sa.Text(), server_default="", nullable=False),
        sa.Column("bay", sa.Text(), server_default="", nullable=False),
        sa.Column("level", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("x_dm", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("y_dm", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("capacity_ml", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("max_weight_g", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("access IN ('any', 'fifo', 'lifo')", name=op.f("ck_location_access")),
        sa.CheckConstraint(
            "kind IN ('bin', 'cart', 'dock', 'flow_rack', 'reserve', 'ship_lane', 'staging', 'station', 'virtual')",
            name=op.f("ck_location_kind"),
        ),
        sa.CheckConstraint("capacity_ml >= 0 AND max_weight_g >= 0", name=op.f("ck_location_capacity")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_location_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_location")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_location_warehouse_id_code")),
    )
    op.create_index(
        "ix_location_kind", "location", ["warehouse_id", "kind", "level", "y_dm", "x_dm"], unique=False
    )
    op.create_table(
        "item",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("sku_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("length_mm", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("width_mm", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("height_mm", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("weight_g", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("is_service", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tracks_lot", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tracks_expiry", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tracks_serial", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rotation", sa.Text(), server_default="fifo", nullable=False),
        sa.Column("tolerance_days", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("scan_each_max", sa.BigInteger(), server_default="3", nullable=False),
        sa.Column("hs_code", sa.Text(), server_default="", nullable=False),
        sa.Column("origin", sa.Text(), server_default="", nullable=False),
        sa.Column("value_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), server_default="", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("rotation IN ('fefo', 'fifo')", name=op.f("ck_item_rotation")),
        sa.CheckConstraint(
            "length_mm >= 0 AND width_mm >= 0 AND height_mm >= 0 AND weight_g >= 0", name=op.f("ck_item_size")
        ),
        sa.CheckConstraint("scan_each_max >= 0 AND tolerance_days >= 0", name=op.f("ck_item_policy")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_item_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_item")),
        sa.UniqueConstraint("warehouse_id", "sku_key", name=op.f("uq_item_warehouse_id_sku_key")),
    )
    op.create_table(
        "item_barcode",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("uom", sa.Text(), server_default="each", nullable=False),
        sa.Column("qty_each", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("uom IN ('case', 'each', 'inner', 'pallet')", name=op.f("ck_item_barcode_uom")),
        sa.CheckConstraint("qty_each > 0", name=op.f("ck_item_barcode_qty_each")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_item_barcode_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouse.id"], name=op.f("fk_item_barcode_warehouse_id")
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_item_barcode")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_item_barcode_warehouse_id_code")),
    )
    op.create_index("ix_item_barcode_item", "item_barcode", ["warehouse_id", "item_id"], unique=False)


def downgrade() -> None:
    op.drop_table("item_barcode")
    op.drop_table("item")
    op.drop_table("location")
    op.drop_table("counter")
    op.drop_table("warehouse")
