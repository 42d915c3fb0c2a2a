"""Waves that rest, tours kept for one picker, and what supervisors did with them"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0050"
down_revision = "0048"
branch_labels = None
depends_on = None

_KEPT = "fk_tour_warehouse_id_for_operator_id"


def upgrade() -> None:
    change("wave", add_columns=[sa.Column("paused_at_ms", sa.BigInteger(), nullable=True)])
    change(
        "tour", add_columns=[sa.Column("for_operator_id", sa.BigInteger(), nullable=True)],
        add={_KEPT: "FOREIGN KEY(warehouse_id, for_operator_id) REFERENCES operator (warehouse_id, id)"},
    )  # fmt: skip
    op.create_table(
        "wave_act",
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("wave_id", sa.BigInteger(), nullable=False),
        sa.Column("tour_id", sa.BigInteger(), nullable=True),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("before", sa.Text(), server_default="", nullable=False),
        sa.Column("after", sa.Text(), server_default="", nullable=False),
        sa.Column("acted_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("undone_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_wave_act_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_wave_act")),
        *(
            sa.ForeignKeyConstraint(
                ["warehouse_id", column], [f"{table}.warehouse_id", f"{table}.id"],
                name=op.f(f"fk_wave_act_warehouse_id_{column}"),
            )
            for column, table in (("wave_id", "wave"), ("tour_id", "tour"), ("operator_id", "operator"))
        ),
        sa.CheckConstraint(
            "act IN ('assign', 'cancel', 'pause', 'prioritise', 'resume', 'split')", name=op.f("ck_wave_act_act")
        ),
    )  # fmt: skip
    op.create_index("ix_wave_act_wave", "wave_act", ["warehouse_id", "wave_id", "id"])


def downgrade() -> None:
    op.drop_table("wave_act")
    change("tour", drop_columns=["for_operator_id"], drop=[_KEPT])
    change("wave", drop_columns=["paused_at_ms"])
