"""Units packed without a scan: who said what they are, why, whose word it was"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "warehouse", sa.Column("unscanned_alone_each", sa.BigInteger(), server_default="10", nullable=False)
    )
    op.create_table(
        "unscanned",
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("supervisor_id", sa.BigInteger(), nullable=True),
        sa.Column("scan_id", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_unscanned_warehouse_id")),
        *(
            sa.ForeignKeyConstraint(
                ["warehouse_id", column], [f"{other}.warehouse_id", f"{other}.id"],
                name=op.f(f"fk_unscanned_warehouse_id_{column}"),
            )
            for column, other in (
                ("parcel_id", "parcel"), ("item_id", "item"), ("station_id", "station"), ("operator_id", "operator"),
                ("supervisor_id", "operator"),
            )
        ),
        sa.CheckConstraint("why IN ('no_barcode', 'unknown_barcode', 'unreadable')", name=op.f("ck_unscanned_why")),
        sa.CheckConstraint("qty_each > 0", name=op.f("ck_unscanned_qty_each")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_unscanned")),
    )  # fmt: skip
    op.create_index("ix_unscanned_parcel", "unscanned", ["warehouse_id", "parcel_id"])


def downgrade() -> None:
    op.drop_table("unscanned")
    op.drop_column("warehouse", "unscanned_alone_each")
