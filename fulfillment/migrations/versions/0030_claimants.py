"""Who holds a claim: the process by name, so that the claims of one that is known to be dead can be ended"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("outbox", "job"):
        op.add_column(table, sa.Column("claimed_by", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    for table in ("outbox", "job"):
        op.drop_column(table, "claimed_by")
