"""Who comes in by a company's own log-in, and those who are on their way through it"""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "company_tie",
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), server_default="", nullable=False),
        sa.Column("tied_at_ms", sa.BigInteger(), nullable=False),
        *_keyed("company_tie"),
        sa.UniqueConstraint("warehouse_id", "operator_id", name=op.f("uq_company_tie_warehouse_id_operator_id")),
        sa.UniqueConstraint("warehouse_id", "issuer", "subject", name=op.f("uq_company_tie_warehouse_id_issuer_subject")),
    )
    op.create_table(
        "company_visit",
        sa.Column("key_sha256", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("to_page", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("session_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("back_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("shown", sa.Text(), server_default="", nullable=False),
        *_keyed("company_visit"),
        sa.CheckConstraint("purpose IN ('enter', 'tie')", name=op.f("ck_company_visit_purpose")),
        sa.UniqueConstraint("warehouse_id", "key_sha256", name=op.f("uq_company_visit_warehouse_id_key_sha256")),
    )


def downgrade() -> None:
    op.drop_table("company_visit")
    op.drop_table("company_tie")


def _keyed(table):
    return (
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "operator_id"], ["operator.warehouse_id", "operator.id"],
            name=op.f(f"fk_{table}_warehouse_id_operator_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f(f"fk_{table}_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f(f"pk_{table}")),
    )  # fmt: skip
