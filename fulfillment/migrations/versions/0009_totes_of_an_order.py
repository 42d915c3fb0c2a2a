"""Totes of an order: found without reading every carton ever packed"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_lpn_order", "lpn", ["warehouse_id", "order_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_lpn_order", table_name="lpn")
