"""Who picks when, which orders are proposed to go now, and when released waves will be done"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create("picker_shift", whole=("operator_id", "from_at_ms", "until_at_ms"), belongs={"operator_id": "operator"},
            checks={"hours": "until_at_ms > from_at_ms"})  # fmt: skip
    op.create_index("ix_picker_shift_until", "picker_shift", ["warehouse_id", "until_at_ms"])
    _create("shift_break", whole=("shift_id", "from_at_ms", "until_at_ms"), belongs={"shift_id": "picker_shift"},
            checks={"hours": "until_at_ms > from_at_ms"})  # fmt: skip
    op.create_index("ix_shift_break_shift", "shift_break", ["warehouse_id", "shift_id"])
    _create(
        "wave_proposal", whole=("max_orders", "horizon_ms", "asked_at_ms"),
        maybe=("wave_id", "planned_at_ms", "released_at_ms"), words={"state": "planning", "content": ""},
        belongs={"wave_id": "wave"},
        checks={"state": "state IN ('failed', 'planning', 'ready', 'released', 'replaced')"},
    )  # fmt: skip
    op.create_index("ix_wave_proposal_state", "wave_proposal", ["warehouse_id", "state", "id"])
    _create("wave_forecast", whole=("wave_id", "tours_left", "p50_at_ms", "p90_at_ms", "made_at_ms"),
            belongs={"wave_id": "wave"}, unique=("wave_id",))  # fmt: skip


def _create(table, whole=(), maybe=(), words=None, belongs=None, checks=None, unique=()):
    op.create_table(
        table,
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in whole),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in maybe),
        *(sa.Column(name, sa.Text(), server_default=usual, nullable=False) for name, usual in (words or {}).items()),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}")) for name, condition in (checks or {}).items()),
        *(
            sa.ForeignKeyConstraint(
                ["warehouse_id", column], [f"{other}.warehouse_id", f"{other}.id"],
                name=op.f(f"fk_{table}_warehouse_id_{column}"),
            )
            for column, other in (belongs or {}).items()
        ),
        *(sa.UniqueConstraint("warehouse_id", name, name=op.f(f"uq_{table}_warehouse_id_{name}")) for name in unique),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f(f"fk_{table}_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f(f"pk_{table}")),
    )  # fmt: skip


def downgrade() -> None:
    for table in ("wave_forecast", "wave_proposal", "shift_break", "picker_shift"):
        op.drop_table(table)
