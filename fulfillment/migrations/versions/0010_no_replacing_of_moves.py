"""INSERT OR REPLACE deletes without firing a delete trigger: refuse it on the ledger too"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER stock_move_no_replace BEFORE INSERT ON stock_move "
            "WHEN EXISTS (SELECT 1 FROM stock_move WHERE warehouse_id = NEW.warehouse_id AND id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER stock_move_no_replace")
