"""The order in which tours make their stops, what one would walk without it, and hours at which aisles are closed"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

_RULE = "ck_warehouse_tour_order"
_HEAVY = "ck_warehouse_heavy_from"
_HOURS = "fk_closure_warehouse_id_hours_id"


def upgrade() -> None:
    change(
        "warehouse",
        add_columns=[
            sa.Column("tour_order", sa.Text(), server_default="shortest", nullable=False),
            sa.Column("heavy_from_g", sa.BigInteger(), server_default="5000", nullable=False),
        ],
        add={
            _RULE: "CHECK (tour_order IN ('heavy_first', 'shortest'))",
            _HEAVY: "CHECK (heavy_from_g > 0)",
        },
    )
    change("tour", add_columns=[sa.Column("free_dm", sa.BigInteger(), server_default="0", nullable=False)])
    op.create_table(
        "closed_hours",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("until_place", sa.Text(), server_default="", nullable=False),
        sa.Column("begins_min", sa.BigInteger(), nullable=False),
        sa.Column("ends_min", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "begins_min BETWEEN 0 AND 1439 AND ends_min BETWEEN 0 AND 1439 AND begins_min <> ends_min",
            name=op.f("ck_closed_hours_hours"),
        ),
        sa.CheckConstraint(
            "reason IN ('other', 'pallet', 'spill', 'truck', 'works')", name=op.f("ck_closed_hours_reason")
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_closed_hours_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_closed_hours")),
    )
    change(
        "closure",
        add_columns=[sa.Column("hours_id", sa.BigInteger(), nullable=True)],
        add={_HOURS: "FOREIGN KEY(warehouse_id, hours_id) REFERENCES closed_hours (warehouse_id, id)"},
    )


def downgrade() -> None:
    change("closure", drop_columns=["hours_id"], drop=[_HOURS])
    op.drop_table("closed_hours")
    change("tour", drop_columns=["free_dm"])
    change("warehouse", drop_columns=["tour_order", "heavy_from_g"], drop=[_RULE, _HEAVY])
