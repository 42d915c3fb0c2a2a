"""Benches that weigh: what was weighed, what items weigh, how far off a parcel may be"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_WHYS = (
    "counted", "customer_request", "damaged", "data_error", "expired", "found", "lost", "packing", "quality",
    "recall", "returned", "sample", "supplier_over", "supplier_short", "theft", "unannounced", "unreachable",
)  # fmt: skip
_RULES = {"weigh_floor_g": "20", "weigh_percent": "2", "weigh_spreads": "3"}


def upgrade() -> None:
    for name, default in _RULES.items():
        op.add_column("warehouse", sa.Column(name, sa.BigInteger(), server_default=default, nullable=False))
    op.add_column("station", sa.Column("weighs", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("parcel", sa.Column("awaits_weight", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("parcel", sa.Column("weighed_g", sa.BigInteger(), nullable=True))
    op.create_table(
        "parcel_weighing",
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("weighed_g", sa.BigInteger(), nullable=False),
        sa.Column("expected_g", sa.BigInteger(), nullable=True),
        sa.Column("tolerance_g", sa.BigInteger(), nullable=True),
        sa.Column("judged", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("zeroing", sa.BigInteger(), nullable=True),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("supervisor_id", sa.BigInteger(), nullable=True),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("scan_id", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_parcel_weighing_warehouse_id")),
        *(
            _belongs("parcel_weighing", column, other)
            for column, other in (
                ("parcel_id", "parcel"), ("station_id", "station"), ("operator_id", "operator"),
                ("supervisor_id", "operator"),
            )
        ),
        sa.CheckConstraint("judged IN ('outside', 'unknown', 'within')", name=op.f("ck_parcel_weighing_judged")),
        sa.CheckConstraint("source IN ('keyed', 'scale')", name=op.f("ck_parcel_weighing_source")),
        sa.CheckConstraint(_one_of("", *_WHYS), name=op.f("ck_parcel_weighing_why")),
        sa.CheckConstraint("weighed_g > 0 AND units > 0", name=op.f("ck_parcel_weighing_figures")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_parcel_weighing")),
    )  # fmt: skip
    op.create_index("ix_parcel_weighing_parcel", "parcel_weighing", ["warehouse_id", "parcel_id"])
    op.create_index("ix_parcel_weighing_station", "parcel_weighing", ["warehouse_id", "station_id", "zeroing"])
    op.create_table(
        "item_weight",
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("parcels", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("units", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("weight_g", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("squares_mg2", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("is_doubted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        _belongs("item_weight", "item_id", "item"),
        sa.CheckConstraint(
            "parcels >= 0 AND units >= parcels AND weight_g >= 0 AND squares_mg2 >= 0 AND is_doubted BETWEEN 0 AND 1",
            name=op.f("ck_item_weight_figures"),
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "item_id", name=op.f("pk_item_weight")),
    )
    change(
        "fifo_override", drop=["ck_fifo_override_why"], add={"ck_fifo_override_why": f"CHECK ({_one_of(*_WHYS)})"}
    )


def downgrade() -> None:
    whys = [why for why in _WHYS if why != "packing"]
    change("fifo_override", drop=["ck_fifo_override_why"], add={"ck_fifo_override_why": f"CHECK ({_one_of(*whys)})"})
    op.drop_table("item_weight")
    op.drop_table("parcel_weighing")
    for table, names in (("parcel", ("weighed_g", "awaits_weight")), ("station", ("weighs",)), ("warehouse", _RULES)):
        for name in names:
            op.drop_column(table, name)


def _one_of(*whys: str) -> str:
    return f"why IN ({', '.join(repr(why) for why in whys)})"


def _belongs(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["warehouse_id", column], [f"{other}.warehouse_id", f"{other}.id"],
        name=op.f(f"fk_{table}_warehouse_id_{column}"),
    )  # fmt: skip
