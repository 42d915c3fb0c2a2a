"""Parcels and manifests"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "manifest",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("carrier_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("dock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("state IN ('closed', 'open')", name=op.f("ck_manifest_state")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "carrier_id"],
            ["carrier.warehouse_id", "carrier.id"],
            name=op.f("fk_manifest_warehouse_id_carrier_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "dock_location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_manifest_warehouse_id_dock_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "operator_id"],
            ["operator.warehouse_id", "operator.id"],
            name=op.f("fk_manifest_warehouse_id_operator_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_manifest_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_manifest")),
        sa.UniqueConstraint("warehouse_id", "number", name=op.f("uq_manifest_warehouse_id_number")),
    )
    op.create_table(
        "parcel",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("lpn_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("carrier_id", sa.BigInteger(), nullable=False),
        sa.Column("manifest_id", sa.BigInteger(), nullable=True),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("volume_ml", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reprints", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("label_checked", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("shipped_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "state IN ('closed', 'in_lane', 'loaded', 'missing', 'open', 'shipped', 'void')",
            name=op.f("ck_parcel_state"),
        ),
        sa.CheckConstraint("reprints >= 0 AND sequence > 0", name=op.f("ck_parcel_counts")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "carrier_id"],
            ["carrier.warehouse_id", "carrier.id"],
            name=op.f("fk_parcel_warehouse_id_carrier_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "lpn_id"],
            ["lpn.warehouse_id", "lpn.id"],
            name=op.f("fk_parcel_warehouse_id_lpn_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "manifest_id"],
            ["manifest.warehouse_id", "manifest.id"],
            name=op.f("fk_parcel_warehouse_id_manifest_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "order_id"],
            ["sales_order.warehouse_id", "sales_order.id"],
            name=op.f("fk_parcel_warehouse_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "station_id"],
            ["station.warehouse_id", "station.id"],
            name=op.f("fk_parcel_warehouse_id_station_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_parcel_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_parcel")),
        sa.UniqueConstraint("warehouse_id", "number", name=op.f("uq_parcel_warehouse_id_number")),
    )
    op.create_index("ix_parcel_lpn", "parcel", ["warehouse_id", "lpn_id"], unique=False)
    op.create_index("ix_parcel_manifest", "parcel", ["warehouse_id", "manifest_id"], unique=False)
    op.create_index("ix_parcel_order", "parcel", ["warehouse_id", "order_id"], unique=False)
    op.create_index("ix_parcel_state", "parcel", ["warehouse_id", "state", "carrier_id"], unique=False)


def downgrade() -> None:
    op.drop_table("parcel")
    op.drop_table("manifest")
