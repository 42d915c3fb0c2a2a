"""Handling units, carts, tours and tasks"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lpn",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("kind IN ('carton', 'none', 'tote')", name=op.f("ck_lpn_kind")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_lpn_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "order_id"],
            ["sales_order.warehouse_id", "sales_order.id"],
            name=op.f("fk_lpn_warehouse_id_order_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_lpn_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_lpn")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_lpn_warehouse_id_code")),
    )
    op.create_table(
        "cart",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("positions", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("positions > 0", name=op.f("ck_cart_positions")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_cart_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_cart_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_cart")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_cart_warehouse_id_code")),
    )
    op.create_table(
        "tour",
        sa.Column("wave_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("cart_id", sa.BigInteger(), nullable=True),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("priority", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cut_off_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("distance_dm", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("s_shape_dm", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("location_order_dm", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("solver", sa.Text(), server_default="", nullable=False),
        sa.Column("seed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("elapsed_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("claimed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("done_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("state IN ('active', 'done', 'planned')", name=op.f("ck_tour_state")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "cart_id"],
            ["cart.warehouse_id", "cart.id"],
            name=op.f("fk_tour_warehouse_id_cart_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "operator_id"],
            ["operator.warehouse_id", "operator.id"],
            name=op.f("fk_tour_warehouse_id_operator_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "wave_id"],
            ["wave.warehouse_id", "wave.id"],
            name=op.f("fk_tour_warehouse_id_wave_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_tour_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_tour")),
    )
    op.create_index("ix_tour_state", "tour", ["warehouse_id", "state"], unique=False)
    op.create_table(
        "tour_tote",
        sa.Column("tour_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("lpn_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("is_full", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("position > 0", name=op.f("ck_tour_tote_position")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "lpn_id"],
            ["lpn.warehouse_id", "lpn.id"],
            name=op.f("fk_tour_tote_warehouse_id_lpn_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "order_id"],
            ["sales_order.warehouse_id", "sales_order.id"],
            name=op.f("fk_tour_tote_warehouse_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "tour_id"],
            ["tour.warehouse_id", "tour.id"],
            name=op.f("fk_tour_tote_warehouse_id_tour_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_tour_tote_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_tour_tote")),
    )
    op.create_index("ix_tour_tote_lpn", "tour_tote", ["warehouse_id", "lpn_id"], unique=False)
    op.create_index("ix_tour_tote_tour", "tour_tote", ["warehouse_id", "tour_id", "position"], unique=False)
    op.create_table(
        "task",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("tour_id", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("item_id", sa.BigInteger(), nullable=True),
        sa.Column("location_id", sa.BigInteger(), nullable=True),
        sa.Column("layer_id", sa.BigInteger(), nullable=True),
        sa.Column("lpn_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("qty_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("done_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("kind IN ('count', 'pick', 'put_back', 'putaway')", name=op.f("ck_task_kind")),
        sa.CheckConstraint("state IN ('cancelled', 'done', 'open', 'short')", name=op.f("ck_task_state")),
        sa.CheckConstraint("qty_each >= 0 AND done_each BETWEEN 0 AND qty_each", name=op.f("ck_task_done")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_task_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_task_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "lpn_id"],
            ["lpn.warehouse_id", "lpn.id"],
            name=op.f("fk_task_warehouse_id_lpn_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "order_id"],
            ["sales_order.warehouse_id", "sales_order.id"],
            name=op.f("fk_task_warehouse_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "tour_id"],
            ["tour.warehouse_id", "tour.id"],
            name=op.f("fk_task_warehouse_id_tour_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_task_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_task")),
    )
    op.create_index("ix_task_kind", "task", ["warehouse_id", "kind", "state"], unique=False)
    op.create_index("ix_task_location", "task", ["warehouse_id", "location_id", "state"], unique=False)
    op.create_index("ix_task_order", "task", ["warehouse_id", "order_id", "state"], unique=False)
    op.create_index("ix_task_tour", "task", ["warehouse_id", "tour_id", "state", "sequence"], unique=False)


def downgrade() -> None:
    op.drop_table("task")
    op.drop_table("tour_tote")
    op.drop_table("tour")
    op.drop_table("cart")
    op.drop_table("lpn")
