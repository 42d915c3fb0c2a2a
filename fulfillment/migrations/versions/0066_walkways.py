"""Floors of walkways: points, ways between them, the storey and the point of a location, closed walkways"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

_POINT = "fk_location_warehouse_id_walk_point_id"
_STOREY = "ck_location_storey"


def upgrade() -> None:
    op.create_table(
        "walk_point",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("x_dm", sa.BigInteger(), nullable=False),
        sa.Column("y_dm", sa.BigInteger(), nullable=False),
        sa.Column("storey", sa.BigInteger(), server_default="0", nullable=False),
        *_key("walk_point"),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_walk_point_warehouse_id_code")),
        sa.CheckConstraint("storey BETWEEN 0 AND 99", name=op.f("ck_walk_point_storey")),
    )
    op.create_table(
        "walkway",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("from_point_id", sa.BigInteger(), nullable=False),
        sa.Column("to_point_id", sa.BigInteger(), nullable=False),
        sa.Column("length_dm", sa.BigInteger(), nullable=True),
        sa.Column("takes_s", sa.BigInteger(), nullable=True),
        sa.Column("is_one_way", sa.BigInteger(), server_default="0", nullable=False),
        *_key("walkway"),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_walkway_warehouse_id_code")),
        *(
            sa.ForeignKeyConstraint(
                ["warehouse_id", column], ["walk_point.warehouse_id", "walk_point.id"],
                name=op.f(f"fk_walkway_warehouse_id_{column}"),
            )
            for column in ("from_point_id", "to_point_id")
        ),
        sa.CheckConstraint("from_point_id <> to_point_id", name=op.f("ck_walkway_ends")),
        sa.CheckConstraint("length_dm >= 0 AND takes_s >= 0", name=op.f("ck_walkway_length")),
        sa.CheckConstraint("is_one_way BETWEEN 0 AND 1", name=op.f("ck_walkway_direction")),
    )  # fmt: skip
    change(
        "location",
        add_columns=[
            sa.Column("storey", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("walk_point_id", sa.BigInteger(), nullable=True),
        ],
        add={
            _POINT: "FOREIGN KEY(warehouse_id, walk_point_id) REFERENCES walk_point (warehouse_id, id)",
            _STOREY: "CHECK (storey BETWEEN 0 AND 99)",
        },
    )
    change("closure", add_columns=[sa.Column("walkway", sa.Text(), server_default="", nullable=False)])


def _key(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f(f"fk_{table}_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f(f"pk_{table}")),
    ]


def downgrade() -> None:
    change("closure", drop_columns=["walkway"])
    change("location", drop_columns=["storey", "walk_point_id"], drop=[_POINT, _STOREY])
    op.drop_table("walkway")
    op.drop_table("walk_point")
