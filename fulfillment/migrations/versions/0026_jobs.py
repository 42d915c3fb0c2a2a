"""General jobs; the planning of waves is one of them"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("arguments", sa.Text(), server_default="{}", nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("run_after_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("attempts >= 0 AND fence >= 0", name=op.f("ck_job_counts")),
        sa.CheckConstraint("state IN ('claimed', 'done', 'failed', 'queued')", name=op.f("ck_job_state")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_job_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_job")),
        sa.UniqueConstraint("warehouse_id", "dedupe_key", name=op.f("uq_job_warehouse_id_dedupe_key")),
    )
    op.create_index("ix_job_due", "job", ["warehouse_id", "state", "run_after_ms"], unique=False)
    # Waves that wait to be planned wait on; what was planned is told by the waves themselves.
    op.execute(
        "INSERT INTO job (warehouse_id, id, name, arguments, dedupe_key, state, attempts, fence, run_after_ms,"
        " lease_until_ms, result, created_at_ms, done_at_ms) SELECT warehouse_id, id, 'plan_wave', fields, dedupe_key,"
        " CASE state WHEN 'confirmed' THEN 'done' WHEN 'failed' THEN 'failed' ELSE 'queued' END,"
        " attempts, fence, run_after_ms, 0, result, created_at_ms, done_at_ms FROM outbox WHERE kind = 'plan_wave'"
    )
    op.execute("DELETE FROM outbox WHERE kind = 'plan_wave'")
    change(
        "outbox", drop=["ck_outbox_kind"],
        add={"ck_outbox_kind": "CHECK (kind IN ('buy_label', 'print', 'void_label'))"},
    )  # fmt: skip


def downgrade() -> None:
    change(
        "outbox", drop=["ck_outbox_kind"],
        add={"ck_outbox_kind": "CHECK (kind IN ('buy_label', 'plan_wave', 'print', 'void_label'))"},
    )  # fmt: skip
    # Behind the newest effect: an id may be taken by now.
    op.execute(
        "INSERT INTO outbox (warehouse_id, id, kind, subject, dedupe_key, state, fields, attempts, fence,"
        " run_after_ms, result, created_at_ms, done_at_ms) SELECT j.warehouse_id, j.id + (SELECT COALESCE(MAX(o.id), 0)"
        " FROM outbox o WHERE o.warehouse_id = j.warehouse_id), 'plan_wave', '', j.dedupe_key, CASE j.state"
        " WHEN 'done' THEN 'confirmed' WHEN 'failed' THEN 'failed' ELSE 'queued' END, j.arguments, j.attempts,"
        " j.fence, j.run_after_ms, j.result, j.created_at_ms, j.done_at_ms FROM job j WHERE j.name = 'plan_wave'"
    )
    op.drop_table("job")
