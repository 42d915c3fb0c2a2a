"""What a tour proves of itself: its bound, its mode, and the walk it was planned for"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

# table → whole numbers, words
ADDED = {
    "wave": (("lower_bound_dm", "fifo_s_shape_dm", "elapsed_ms"), ("solver",)),
    "tour": (("lower_bound_dm", "layout_version", "replans"), ("mode",)),
    "task": (("walk_left_dm",), ()),
}


def upgrade() -> None:
    for table, (numbers, words) in ADDED.items():
        for name in numbers:
            op.add_column(table, sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
        for name in words:
            op.add_column(table, sa.Column(name, sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    for table, (numbers, words) in ADDED.items():
        for name in (*numbers, *words):
            op.drop_column(table, name)
