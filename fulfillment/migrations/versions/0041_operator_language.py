"""An operator's language that may be left unsaid, and what items are called in other languages"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0041"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Every operator so far is 'en' because nobody could say anything else that was heard: now '' leaves it open.
    _default("en", "")
    op.create_table(
        "item_name",
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"], ["item.warehouse_id", "item.id"],
            name=op.f("fk_item_name_warehouse_id_item_id"),
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "item_id", "language", name=op.f("pk_item_name")),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("item_name")
    _default("", "en")


def _default(before: str, after: str) -> None:
    """Another default of operator.language; who has the old one gets the new one, who has another keeps it."""
    bind = op.get_bind()
    others = bind.execute(
        sa.text("SELECT warehouse_id, id, language FROM operator WHERE language <> :before"), {"before": before}
    ).all()  # fmt: skip
    change(
        "operator", [sa.Column("language", sa.Text(), server_default=after, nullable=False)], drop_columns=["language"]
    )
    for row in others:
        bind.execute(
            sa.text("UPDATE operator SET language = :language WHERE warehouse_id = :w AND id = :id"),
            {"language": row.language, "w": row.warehouse_id, "id": row.id},
        )
