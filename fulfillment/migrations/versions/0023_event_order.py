"""Events remember the transaction they came with: the order in which they become visible"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

THIS_TRANSACTION = "(pg_current_xact_id()::text)::bigint"


def upgrade() -> None:
    change("event", add_columns=[sa.Column("xid", sa.BigInteger(), server_default="0", nullable=False)])
    if op.get_bind().dialect.name != "sqlite":
        op.execute(f"ALTER TABLE event ALTER COLUMN xid SET DEFAULT {THIS_TRANSACTION}")
    op.create_index("ix_event_visible", "event", ["warehouse_id", "xid", "id"])


def downgrade() -> None:
    op.drop_index("ix_event_visible", "event")
    change("event", drop_columns=["xid"])
