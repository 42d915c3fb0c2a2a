"""Items that may go instead of others, orders that allow it, lines that say so; reasons a picker gives"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_WHYS = (
    "counted", "customer_request", "damaged", "data_error", "expired", "found", "lost", "packing", "quality",
    "recall", "returned", "sample", "supplier_over", "supplier_short", "theft", "unannounced", "unreachable",
)  # fmt: skip
_NEW_WHYS = ("not_there", "other_goods", "too_few", "undone")


def upgrade() -> None:
    op.create_table(
        "item_substitute",
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("substitute_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("item_id <> substitute_id AND rank > 0", name=op.f("ck_item_substitute_another")),
        *(
            sa.ForeignKeyConstraint(
                ["warehouse_id", column], ["item.warehouse_id", "item.id"],
                name=op.f(f"fk_item_substitute_warehouse_id_{column}"),
            )
            for column in ("item_id", "substitute_id")
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "item_id", "substitute_id", name=op.f("pk_item_substitute")),
    )  # fmt: skip
    op.add_column("sales_order", sa.Column("may_substitute", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("order_line", sa.Column("instead_of", sa.Text(), server_default="", nullable=False))
    _whys(*sorted((*_WHYS, *_NEW_WHYS)))


def downgrade() -> None:
    _whys(*_WHYS)
    op.drop_column("order_line", "instead_of")
    op.drop_column("sales_order", "may_substitute")
    op.drop_table("item_substitute")


def _whys(*whys: str) -> None:
    for table, said in (("fifo_override", whys), ("parcel_weighing", ("", *whys))):
        name = f"ck_{table}_why"
        change(table, drop=[name], add={name: f"CHECK (why IN ({', '.join(repr(why) for why in said)}))"})
