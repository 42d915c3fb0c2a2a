"""Sorting as a stage, who set a stage's target, moves into slots by order"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0053"
down_revision = "0051"
branch_labels = None
depends_on = None

_STAGE = "ck_stage_target_stage"
_SET_BY = "fk_stage_target_warehouse_id_set_by_id"
_SORTED = sa.text("reason = 'sort'")


def upgrade() -> None:
    change(
        "stage_target",
        add_columns=[
            sa.Column("set_by_id", sa.BigInteger(), nullable=True),
            sa.Column("set_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        ],
        drop=[_STAGE],
        add={
            _STAGE: "CHECK (stage IN ('loaded', 'packed', 'picked', 'released', 'shipped', 'sorted', 'staged'))",
            _SET_BY: "FOREIGN KEY(warehouse_id, set_by_id) REFERENCES operator (warehouse_id, id)",
        },
    )
    op.create_index(
        "ix_stock_move_sorted", "stock_move", ["warehouse_id", "order_id"], sqlite_where=_SORTED,
        postgresql_where=_SORTED,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_stock_move_sorted", "stock_move")
    op.execute("DELETE FROM stage_target WHERE stage = 'sorted'")
    change(
        "stage_target", drop_columns=["set_by_id", "set_at_ms"], drop=[_STAGE, _SET_BY],
        add={_STAGE: "CHECK (stage IN ('loaded', 'packed', 'picked', 'released', 'shipped', 'staged'))"},
    )  # fmt: skip
