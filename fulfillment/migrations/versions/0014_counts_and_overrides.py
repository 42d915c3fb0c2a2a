"""Results of counts, thresholds, newer goods let through"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import append_only, change

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    change(
        "warehouse",
        add_columns=[
            sa.Column("recount_above_each", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("approve_above_each", sa.BigInteger(), server_default="0", nullable=False),
        ],
    )
    op.create_table(
        "count_result",
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("round", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("book_each", sa.BigInteger(), nullable=False),
        sa.Column("counted_each", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("after_move_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("scan_id", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "state IN ('agreed', 'pending', 'posted', 'recount', 'refused')", name=op.f("ck_count_result_state")
        ),
        sa.CheckConstraint("round > 0 AND book_each >= 0 AND counted_each >= 0", name=op.f("ck_count_result_figures")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "decided_by_id"],
            ["operator.warehouse_id", "operator.id"],
            name=op.f("fk_count_result_warehouse_id_decided_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_count_result_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_count_result_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "operator_id"],
            ["operator.warehouse_id", "operator.id"],
            name=op.f("fk_count_result_warehouse_id_operator_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "task_id"],
            ["task.warehouse_id", "task.id"],
            name=op.f("fk_count_result_warehouse_id_task_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_count_result_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_count_result")),
    )
    op.create_index(
        "ix_count_result_location", "count_result", ["warehouse_id", "location_id", "item_id"], unique=False
    )
    op.create_index("ix_count_result_state", "count_result", ["warehouse_id", "state"], unique=False)
    op.create_table(
        "fifo_override",
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("after_move_id", sa.BigInteger(), nullable=False),
        sa.Column("supervisor_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("scan_id", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "why IN ('counted', 'customer_request', 'damaged', 'data_error', 'expired', 'found', 'lost', 'quality', 'recall', 'returned', 'sample', 'supplier_over', 'supplier_short', 'theft', 'unannounced', 'unreachable')",
            name=op.f("ck_fifo_override_why"),
        ),
        sa.CheckConstraint("qty_each > 0", name=op.f("ck_fifo_override_qty_each")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_fifo_override_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "layer_id"],
            ["layer.warehouse_id", "layer.id"],
            name=op.f("fk_fifo_override_warehouse_id_layer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_fifo_override_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "order_id"],
            ["sales_order.warehouse_id", "sales_order.id"],
            name=op.f("fk_fifo_override_warehouse_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "supervisor_id"],
            ["operator.warehouse_id", "operator.id"],
            name=op.f("fk_fifo_override_warehouse_id_supervisor_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_fifo_override_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_fifo_override")),
    )
    op.create_index("ix_fifo_override_order", "fifo_override", ["warehouse_id", "order_id"], unique=False)
    append_only("fifo_override")


def downgrade() -> None:
    op.drop_table("fifo_override")
    op.drop_table("count_result")
    change(
        "warehouse",
        drop_columns=["recount_above_each", "approve_above_each"],
    )
