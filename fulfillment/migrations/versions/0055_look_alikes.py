"""Items that are mistaken for one another"""

import sqlalchemy as sa

from fulfillment.migrations.tables import change

revision = "0055"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    change("item", add_columns=[sa.Column("look_alike", sa.Text(), server_default="", nullable=False)])


def downgrade() -> None:
    change("item", drop_columns=["look_alike"])
