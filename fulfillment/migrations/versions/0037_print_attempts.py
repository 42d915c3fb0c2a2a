"""Every attempt to print, what shows that a printer's label came out, who stands in for a printer"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_STAND_IN = "fk_printer_warehouse_id_stand_in_id"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("claimed_at_ms", sa.BigInteger(), server_default="0", nullable=False))
    change(
        "printer",
        add_columns=[
            sa.Column("proof", sa.Text(), server_default="", nullable=False),
            sa.Column("stand_in_id", sa.BigInteger(), nullable=True),
        ],
        add={
            "ck_printer_proof": "CHECK (proof IN ('', 'counter', 'label'))",
            _STAND_IN: "FOREIGN KEY(warehouse_id, stand_in_id) REFERENCES printer (warehouse_id, id)",
        },
    )
    op.create_table(
        "print_attempt",
        sa.Column("effect_id", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("printer_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("receipt_level", sa.Text(), server_default="", nullable=False),
        sa.Column("before_status", sa.Text(), server_default="", nullable=False),
        sa.Column("after_status", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_print_attempt_warehouse_id")),
        *(
            sa.ForeignKeyConstraint(
                ["warehouse_id", column], [f"{other}.warehouse_id", f"{other}.id"],
                name=op.f(f"fk_print_attempt_warehouse_id_{column}"),
            )
            for column, other in (("effect_id", "outbox"), ("printer_id", "printer"))
        ),
        sa.CheckConstraint(
            "outcome IN ('confirmed', 'failed', 'held', 'no_output', 'sent', 'uncertain', 'unprinted')",
            name=op.f("ck_print_attempt_outcome"),
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_print_attempt")),
    )  # fmt: skip
    op.create_index("ix_print_attempt_effect", "print_attempt", ["warehouse_id", "effect_id"])
    op.create_index("ix_print_attempt_ended", "print_attempt", ["warehouse_id", "ended_at_ms"])


def downgrade() -> None:
    op.drop_table("print_attempt")
    change("printer", drop_columns=["proof", "stand_in_id"], drop=["ck_printer_proof", _STAND_IN])
    op.drop_column("outbox", "claimed_at_ms")
