"""A picture of an item, and on how many levels a cart's places stand"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

# As a new cart is numbered from now on: about twice as wide as it is high (`services.carts.usual_levels`).
USUAL = (
    "CASE WHEN positions <= 3 THEN 1 WHEN positions <= 10 THEN 2 WHEN positions <= 21 THEN 3 WHEN positions <= 36 THEN 4"
    " WHEN positions <= 55 THEN 5 WHEN positions <= 78 THEN 6 ELSE 7 END"
)


def upgrade() -> None:
    op.create_table(
        "item_picture",
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("width_px", sa.BigInteger(), nullable=False),
        sa.Column("height_px", sa.BigInteger(), nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("width_px > 0 AND height_px > 0", name=op.f("ck_item_picture_size")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"], ["item.warehouse_id", "item.id"],
            name=op.f("fk_item_picture_warehouse_id_item_id"),
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "item_id", name=op.f("pk_item_picture")),
    )  # fmt: skip
    op.create_index("ix_item_picture_sha256", "item_picture", ["warehouse_id", "sha256"])
    op.add_column("cart", sa.Column("levels", sa.BigInteger(), server_default="1", nullable=False))
    op.execute(f"UPDATE cart SET levels = {USUAL}")
    change("cart", add={"ck_cart_levels": "CHECK (levels BETWEEN 1 AND positions)"})


def downgrade() -> None:
    change("cart", drop_columns=["levels"], drop=["ck_cart_levels"])
    op.drop_table("item_picture")
