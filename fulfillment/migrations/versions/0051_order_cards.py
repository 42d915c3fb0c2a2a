"""What people write on an order's card, limits of the board's columns, views that are kept"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

KINDS = "'blocked', 'comment', 'due', 'labels', 'moved', 'owner', 'unblocked'"
COLUMNS = "'allocated', 'hold', 'loaded', 'packed', 'packing', 'picked', 'picking', 'released', 'waiting'"


def upgrade() -> None:
    op.create_table(
        "order_card",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("due_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("blocked_because", sa.Text(), server_default="", nullable=False),
        sa.Column("blocked_note", sa.Text(), server_default="", nullable=False),
        sa.Column("blocked_since_ms", sa.BigInteger(), nullable=True),
        *_key("order_card"),
        _belongs("order_card", "order_id", "sales_order"),
        _belongs("order_card", "owner_id", "operator"),
        sa.UniqueConstraint("warehouse_id", "order_id", name=op.f("uq_order_card_warehouse_id_order_id")),
    )
    op.create_index("ix_order_card_owner", "order_card", ["warehouse_id", "owner_id"])
    op.create_table(
        "order_card_label",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        *_key("order_card_label"),
        _belongs("order_card_label", "order_id", "sales_order"),
        sa.UniqueConstraint(
            "warehouse_id", "order_id", "label", name=op.f("uq_order_card_label_warehouse_id_order_id_label")
        ),
    )
    op.create_index("ix_order_card_label_label", "order_card_label", ["warehouse_id", "label"])
    op.create_table(
        "order_card_entry",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), server_default="", nullable=False),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        *_key("order_card_entry"),
        _belongs("order_card_entry", "order_id", "sales_order"),
        _belongs("order_card_entry", "operator_id", "operator"),
        _belongs("order_card_entry", "station_id", "station"),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_order_card_entry_kind")),
    )
    op.create_index("ix_order_card_entry_order", "order_card_entry", ["warehouse_id", "order_id", "id"])
    op.create_table(
        "column_limit",
        sa.Column("board_column", sa.Text(), nullable=False),
        sa.Column("cards_max", sa.BigInteger(), nullable=False),
        sa.Column("set_by_id", sa.BigInteger(), nullable=True),
        sa.Column("set_at_ms", sa.BigInteger(), nullable=False),
        *_key("column_limit"),
        _belongs("column_limit", "set_by_id", "operator"),
        sa.UniqueConstraint("warehouse_id", "board_column", name=op.f("uq_column_limit_warehouse_id_board_column")),
        sa.CheckConstraint(f"board_column IN ({COLUMNS})", name=op.f("ck_column_limit_board_column")),
        sa.CheckConstraint("cards_max > 0", name=op.f("ck_column_limit_cards_max")),
    )
    op.create_table(
        "board_view",
        sa.Column("operator_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), server_default="", nullable=False),
        sa.Column("saved_at_ms", sa.BigInteger(), nullable=False),
        *_key("board_view"),
        sa.UniqueConstraint(
            "warehouse_id", "operator_id", "name", name=op.f("uq_board_view_warehouse_id_operator_id_name")
        ),
    )


def downgrade() -> None:
    for table in ("board_view", "column_limit", "order_card_entry", "order_card_label", "order_card"):
        op.drop_table(table)


def _belongs(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["warehouse_id", column], [f"{other}.warehouse_id", f"{other}.id"],
        name=op.f(f"fk_{table}_warehouse_id_{column}"),
    )  # fmt: skip


def _key(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f(f"fk_{table}_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f(f"pk_{table}")),
    ]
