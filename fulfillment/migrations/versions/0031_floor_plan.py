"""The floor as it may be walked: one-way aisles, closed stretches, and where tours begin and end"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, default in (("layout_version", "0"), ("level_climb_dm", "0"), ("reach_level", "1")):
        op.add_column("warehouse", sa.Column(name, sa.BigInteger(), server_default=default, nullable=False))
    op.create_table(
        "tour_point",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        *_key("tour_point"),
        sa.CheckConstraint("kind IN ('drop', 'start')", name=op.f("ck_tour_point_kind")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"], ["location.warehouse_id", "location.id"],
            name=op.f("fk_tour_point_warehouse_id_location_id"),
        ),
        sa.UniqueConstraint(
            "warehouse_id", "kind", "location_id", name=op.f("uq_tour_point_warehouse_id_kind_location_id")
        ),
    )  # fmt: skip
    op.create_table(
        "one_way_aisle",
        sa.Column("aisle", sa.Text(), nullable=False),
        sa.Column("x_dm", sa.BigInteger(), nullable=False),
        sa.Column("is_up", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=True),
        *_key("one_way_aisle"),
        sa.CheckConstraint(
            "is_up BETWEEN 0 AND 1 AND (block IS NULL OR block >= 0)", name=op.f("ck_one_way_aisle_direction")
        ),
        sa.UniqueConstraint("warehouse_id", "x_dm", "block", name=op.f("uq_one_way_aisle_warehouse_id_x_dm_block")),
    )
    op.create_table(
        "closure",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("x_dm", sa.BigInteger(), nullable=False),
        sa.Column("from_dm", sa.BigInteger(), nullable=False),
        sa.Column("to_dm", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("opened_by_id", sa.BigInteger(), nullable=True),
        *_key("closure"),
        sa.CheckConstraint(
            "reason IN ('other', 'pallet', 'spill', 'truck', 'works')", name=op.f("ck_closure_reason")
        ),
        sa.CheckConstraint("to_dm > from_dm", name=op.f("ck_closure_stretch")),
        *(
            sa.ForeignKeyConstraint(
                ["warehouse_id", column], ["operator.warehouse_id", "operator.id"],
                name=op.f(f"fk_closure_warehouse_id_{column}"),
            )
            for column in ("closed_by_id", "opened_by_id")
        ),
    )  # fmt: skip
    op.create_index("ix_closure_open", "closure", ["warehouse_id", "opened_at_ms"])


def _key(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f(f"fk_{table}_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f(f"pk_{table}")),
    ]


def downgrade() -> None:
    for table in ("closure", "one_way_aisle", "tour_point"):
        op.drop_table(table)
    for name in ("reach_level", "level_climb_dm", "layout_version"):
        op.drop_column("warehouse", name)
