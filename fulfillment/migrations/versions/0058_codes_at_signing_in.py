"""Codes from a phone beside the passphrase, and codes for when the phone is gone"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

COLUMNS = ("totp_sealed", "totp_pending")


def upgrade() -> None:
    change(
        "operator_account",
        add_columns=[
            *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in COLUMNS),
            sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False),
        ],
    )
    op.create_table(
        "recovery_code",
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("code_sha256", sa.Text(), nullable=False),
        sa.Column("used_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "operator_id"], ["operator.warehouse_id", "operator.id"],
            name=op.f("fk_recovery_code_warehouse_id_operator_id"),
        ),
        sa.UniqueConstraint("warehouse_id", "code_sha256", name=op.f("uq_recovery_code_warehouse_id_code_sha256")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_recovery_code_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_recovery_code")),
    )  # fmt: skip


def downgrade() -> None:
    # Who asked for a code beside the passphrase is not let in without one.
    op.execute("DELETE FROM operator_account WHERE totp_sealed <> ''")
    op.drop_table("recovery_code")
    change("operator_account", drop_columns=[*COLUMNS, "totp_step"])
