"""Working days, holidays, cut-offs by weekday"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "opening_hours",
        sa.Column("weekday", sa.BigInteger(), nullable=False),
        sa.Column("opens_local", sa.Text(), nullable=False),
        sa.Column("closes_local", sa.Text(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_opening_hours_weekday")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_opening_hours_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_opening_hours")),
        sa.UniqueConstraint("warehouse_id", "weekday", name=op.f("uq_opening_hours_warehouse_id_weekday")),
    )
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("opens_local", sa.Text(), server_default="", nullable=False),
        sa.Column("closes_local", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_calendar_day_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_calendar_day")),
        sa.UniqueConstraint("warehouse_id", "day", name=op.f("uq_calendar_day_warehouse_id_day")),
    )
    op.create_table(
        "carrier_cut_off",
        sa.Column("carrier_id", sa.BigInteger(), nullable=False),
        sa.Column("weekday", sa.BigInteger(), nullable=False),
        sa.Column("cut_off_local", sa.Text(), server_default="", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_carrier_cut_off_weekday")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "carrier_id"],
            ["carrier.warehouse_id", "carrier.id"],
            name=op.f("fk_carrier_cut_off_warehouse_id_carrier_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_carrier_cut_off_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_carrier_cut_off")),
        sa.UniqueConstraint(
            "warehouse_id", "carrier_id", "weekday", name=op.f("uq_carrier_cut_off_warehouse_id_carrier_id_weekday")
        ),
    )


def downgrade() -> None:
    op.drop_table("carrier_cut_off")
    op.drop_table("calendar_day")
    op.drop_table("opening_hours")
