"""Effects on the outside world"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("printer_id", sa.BigInteger(), nullable=True),
        sa.Column("template", sa.Text(), server_default="", nullable=False),
        sa.Column("fields", sa.Text(), server_default="{}", nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("content_sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("run_after_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("receipt_level", sa.Text(), server_default="", nullable=False),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("kind IN ('plan_wave', 'print')", name=op.f("ck_outbox_kind")),
        sa.CheckConstraint(
            "state IN ('cancelled', 'claimed', 'confirmed', 'failed', 'held', 'queued', 'sending', 'sent', 'superseded', 'uncertain')",
            name=op.f("ck_outbox_state"),
        ),
        sa.CheckConstraint("attempts >= 0 AND fence >= 0", name=op.f("ck_outbox_counts")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "printer_id"],
            ["printer.warehouse_id", "printer.id"],
            name=op.f("fk_outbox_warehouse_id_printer_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_outbox_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("warehouse_id", "dedupe_key", name=op.f("uq_outbox_warehouse_id_dedupe_key")),
    )
    op.create_index(
        "ix_outbox_due", "outbox", ["warehouse_id", "kind", "state", "run_after_ms"], unique=False
    )
    op.create_index("ix_outbox_subject", "outbox", ["warehouse_id", "subject"], unique=False)


def downgrade() -> None:
    op.drop_table("outbox")
