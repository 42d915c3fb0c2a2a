"""Codes by which a device or an agent gets a token of its own"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

_BELONGS = {"station_id": "station", "agent_id": "bench_agent"}


def upgrade() -> None:
    op.create_table(
        "enrolment_code",
        sa.Column("code_sha256", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _BELONGS),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["warehouse_id", column], [f"{table}.warehouse_id", f"{table}.id"],
                name=op.f(f"fk_enrolment_code_warehouse_id_{column}"),
            )
            for column, table in _BELONGS.items()
        ),
        sa.UniqueConstraint("warehouse_id", "code_sha256", name=op.f("uq_enrolment_code_warehouse_id_code_sha256")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_enrolment_code_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_enrolment_code")),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("enrolment_code")
