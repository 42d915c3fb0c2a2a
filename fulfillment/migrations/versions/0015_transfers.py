"""Stock for other warehouses"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transfer",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("to_warehouse", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("content_sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("state IN ('cancelled', 'open', 'received', 'sent')", name=op.f("ck_transfer_state")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_transfer_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("warehouse_id", "number", name=op.f("uq_transfer_warehouse_id_number")),
    )
    op.create_table(
        "transfer_line",
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_each", sa.BigInteger(), nullable=False),
        sa.Column("sent_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("arrived_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "asked_each > 0 AND sent_each >= 0 AND arrived_each >= 0", name=op.f("ck_transfer_line_figures")
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_transfer_line_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "transfer_id"],
            ["transfer.warehouse_id", "transfer.id"],
            name=op.f("fk_transfer_line_warehouse_id_transfer_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_transfer_line_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_transfer_line")),
        sa.UniqueConstraint(
            "warehouse_id", "transfer_id", "item_id", name=op.f("uq_transfer_line_warehouse_id_transfer_id_item_id")
        ),
    )
    op.create_table(
        "transfer_part",
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("sent_each", sa.BigInteger(), nullable=False),
        sa.Column("arrived_each", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("sent_each > 0 AND arrived_each >= 0", name=op.f("ck_transfer_part_figures")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "layer_id"],
            ["layer.warehouse_id", "layer.id"],
            name=op.f("fk_transfer_part_warehouse_id_layer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "transfer_id"],
            ["transfer.warehouse_id", "transfer.id"],
            name=op.f("fk_transfer_part_warehouse_id_transfer_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_transfer_part_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_transfer_part")),
        sa.UniqueConstraint(
            "warehouse_id", "transfer_id", "layer_id", name=op.f("uq_transfer_part_warehouse_id_transfer_id_layer_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("transfer_part")
    op.drop_table("transfer_line")
    op.drop_table("transfer")
