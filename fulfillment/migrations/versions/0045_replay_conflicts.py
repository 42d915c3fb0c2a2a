"""Scans noted without the network that the floor did not take when they came"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "replay_conflict",
        sa.Column("scan_id", sa.Text(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("tour_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=True),
        sa.Column("rejection", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), server_default="", nullable=False),
        sa.Column("got", sa.Text(), server_default="", nullable=False),
        sa.Column("occurred_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("replayed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_replay_conflict_warehouse_id")),
        *(
            sa.ForeignKeyConstraint(
                ["warehouse_id", column], [f"{other}.warehouse_id", f"{other}.id"],
                name=op.f(f"fk_replay_conflict_warehouse_id_{column}"),
            )
            for column, other in (
                ("station_id", "station"), ("operator_id", "operator"), ("first_id", "replay_conflict"),
                ("decided_by_id", "operator"),
            )
        ),
        sa.CheckConstraint("decision IN ('', 'count', 'done', 'void')", name=op.f("ck_replay_conflict_decision")),
        sa.UniqueConstraint("warehouse_id", "scan_id", name=op.f("uq_replay_conflict_warehouse_id_scan_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_replay_conflict")),
    )  # fmt: skip
    op.create_index("ix_replay_conflict_open", "replay_conflict", ["warehouse_id", "decision", "id"])


def downgrade() -> None:
    op.drop_table("replay_conflict")
