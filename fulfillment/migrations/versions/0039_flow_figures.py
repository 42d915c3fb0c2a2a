"""Flow figures: moves and orders by time, parcels that were emptied, how long a stage may take"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_UNPACKED = sa.text("reason = 'unpack'")


def upgrade() -> None:
    op.create_index("ix_stock_move_recorded", "stock_move", ["warehouse_id", "recorded_at_ms"])
    op.create_index(
        "ix_stock_move_unpacked", "stock_move", ["warehouse_id", "from_lpn_id"], sqlite_where=_UNPACKED,
        postgresql_where=_UNPACKED,
    )  # fmt: skip
    op.drop_index("ix_sales_order_state", "sales_order")
    op.create_index("ix_sales_order_state", "sales_order", ["warehouse_id", "state", "state_since_ms"])
    op.create_index("ix_sales_order_cut_off", "sales_order", ["warehouse_id", "cut_off_at_ms"])
    op.create_table(
        "stage_target",
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("target_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_stage_target_warehouse_id")),
        sa.CheckConstraint(
            "stage IN ('loaded', 'packed', 'picked', 'released', 'shipped', 'staged')",
            name=op.f("ck_stage_target_stage"),
        ),
        sa.CheckConstraint("target_ms > 0", name=op.f("ck_stage_target_target")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_stage_target")),
        sa.UniqueConstraint("warehouse_id", "stage", name=op.f("uq_stage_target_warehouse_id_stage")),
    )


def downgrade() -> None:
    op.drop_table("stage_target")
    op.drop_index("ix_sales_order_cut_off", "sales_order")
    op.drop_index("ix_sales_order_state", "sales_order")
    op.create_index("ix_sales_order_state", "sales_order", ["warehouse_id", "state"])
    op.drop_index("ix_stock_move_unpacked", "stock_move")
    op.drop_index("ix_stock_move_recorded", "stock_move")
