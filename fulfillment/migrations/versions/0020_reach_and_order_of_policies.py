"""How a location could be reached, and which promise a change of policy came after"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import append_only, change

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    change(
        "policy_entry",
        add_columns=[sa.Column("after_entry_id", sa.BigInteger(), server_default="0", nullable=False)],
    )
    op.create_table(
        "reach_entry",
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("access", sa.Text(), nullable=False),
        sa.Column("after_move_id", sa.BigInteger(), nullable=False),
        sa.Column("after_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("access IN ('any', 'fifo', 'lifo')", name=op.f("ck_reach_entry_access")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_reach_entry_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_reach_entry_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_reach_entry")),
    )
    op.create_index("ix_reach_entry_location", "reach_entry", ["warehouse_id", "location_id"], unique=False)
    append_only("reach_entry")


def downgrade() -> None:
    op.drop_table("reach_entry")
    change("policy_entry", drop_columns=["after_entry_id"])
