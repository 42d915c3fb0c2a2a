"""Pallets know the transfer they leave on; changes of stock a program asked for are known by their reference"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import append_only, change

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    change(
        "lpn",
        add_columns=[
            sa.Column("transfer_id", sa.BigInteger(), nullable=True),
        ],
        add={
            "fk_lpn_warehouse_id_transfer_id": "FOREIGN KEY(warehouse_id, transfer_id) REFERENCES transfer (warehouse_id, id)",
        },
    )
    op.create_index("ix_lpn_transfer", "lpn", ["warehouse_id", "transfer_id"])
    op.create_index("ix_lpn_parent", "lpn", ["warehouse_id", "parent_lpn_id"])
    op.create_table(
        "stock_change",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_stock_change_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_stock_change")),
        sa.UniqueConstraint("warehouse_id", "reference", name=op.f("uq_stock_change_warehouse_id_reference")),
    )
    append_only("stock_change")


def downgrade() -> None:
    op.drop_table("stock_change")
    op.drop_index("ix_lpn_parent", "lpn")
    op.drop_index("ix_lpn_transfer", "lpn")
    change("lpn", drop_columns=["transfer_id"], drop=["fk_lpn_warehouse_id_transfer_id"])
