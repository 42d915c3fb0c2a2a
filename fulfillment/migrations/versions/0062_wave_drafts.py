"""Waves somebody chose the orders of, planned to be looked at before they are released"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wave_draft",
        sa.Column("asked_at_ms", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("wave_id", "planned_at_ms", "released_at_ms")),
        sa.Column("state", sa.Text(), server_default="planning", nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in ("choice", "content", "changed")),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "state IN ('failed', 'planning', 'ready', 'released', 'replaced')", name=op.f("ck_wave_draft_state")
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "wave_id"], ["wave.warehouse_id", "wave.id"],
            name=op.f("fk_wave_draft_warehouse_id_wave_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_wave_draft_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_wave_draft")),
    )  # fmt: skip
    op.create_index("ix_wave_draft_state", "wave_draft", ["warehouse_id", "state", "id"])


def downgrade() -> None:
    op.drop_table("wave_draft")
