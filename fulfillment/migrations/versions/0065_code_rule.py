"""Who must have a code beside the passphrase"""

import sqlalchemy as sa

from fulfillment.migrations.tables import change

revision = "0065"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A floor that runs goes on as it was: nobody is asked for more before an admin has said so.
    change(
        "warehouse",
        add_columns=[sa.Column("code_rule", sa.Text(), server_default="free", nullable=False)],
        add={"ck_warehouse_code_rule": "CHECK (code_rule IN ('admins', 'all', 'free'))"},
    )


def downgrade() -> None:
    change("warehouse", drop_columns=["code_rule"], drop=["ck_warehouse_code_rule"])
