"""The serials a count found elsewhere than the book"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import append_only

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "count_serial",
        sa.Column("count_result_id", sa.BigInteger(), nullable=False),
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("is_here", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("is_here BETWEEN 0 AND 1", name=op.f("ck_count_serial_is_here")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "count_result_id"],
            ["count_result.warehouse_id", "count_result.id"],
            name=op.f("fk_count_serial_warehouse_id_count_result_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "layer_id"],
            ["layer.warehouse_id", "layer.id"],
            name=op.f("fk_count_serial_warehouse_id_layer_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_count_serial_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_count_serial")),
    )
    op.create_index("ix_count_serial_result", "count_serial", ["warehouse_id", "count_result_id"], unique=False)
    append_only("count_serial")


def downgrade() -> None:
    op.drop_table("count_serial")
