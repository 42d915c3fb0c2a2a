"""What is kept how long, and what was erased; a token that may only read figures"""

import sqlalchemy as sa

from fulfillment.migrations.tables import change

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

ROLES = "'admin', 'api', 'board', 'station'"


def upgrade() -> None:
    change("sales_order", add_columns=[sa.Column("erased_at_ms", sa.BigInteger(), nullable=True)])
    change(
        "access_token", drop=["ck_access_token_role"],
        add={"ck_access_token_role": "CHECK (role IN ('admin', 'api', 'board', 'metrics', 'station'))"},
    )  # fmt: skip


def downgrade() -> None:
    # A token that could only read figures has no meaning below.
    from alembic import op

    op.execute("DELETE FROM access_token WHERE role = 'metrics'")
    change("access_token", drop=["ck_access_token_role"], add={"ck_access_token_role": f"CHECK (role IN ({ROLES}))"})
    change("sales_order", drop_columns=["erased_at_ms"])
