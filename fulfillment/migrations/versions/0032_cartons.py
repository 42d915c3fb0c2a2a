"""Carton types, and which cartons an order is to ship in"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_OF_TYPE = "FOREIGN KEY (warehouse_id, {column}) REFERENCES carton_type (warehouse_id, id)"


def upgrade() -> None:
    op.create_table(
        "carton_type",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("length_mm", sa.BigInteger(), nullable=False),
        sa.Column("width_mm", sa.BigInteger(), nullable=False),
        sa.Column("height_mm", sa.BigInteger(), nullable=False),
        sa.Column("max_weight_g", sa.BigInteger(), nullable=False),
        sa.Column("tare_g", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("is_active", sa.BigInteger(), server_default="1", nullable=False),
        *_keys("carton_type"),
        sa.CheckConstraint(
            "length_mm > 0 AND width_mm > 0 AND height_mm > 0 AND max_weight_g > 0 AND tare_g >= 0"
            " AND cost_minor >= 0 AND is_active BETWEEN 0 AND 1",
            name=op.f("ck_carton_type_size"),
        ),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_carton_type_warehouse_id_code")),
    )
    op.create_table(
        "carton_proposal",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("cartons", sa.BigInteger(), nullable=False),
        sa.Column("bound_cartons", sa.BigInteger(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("bound_cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("solver", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("elapsed_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        *_keys("carton_proposal"),
        sa.CheckConstraint(
            "bound_cartons BETWEEN 0 AND cartons AND bound_cost_minor >= 0", name=op.f("ck_carton_proposal_bounds")
        ),
        _belongs("carton_proposal", "order_id", "sales_order"),
        sa.UniqueConstraint("warehouse_id", "order_id", name=op.f("uq_carton_proposal_warehouse_id_order_id")),
    )
    op.create_table(
        "proposed_carton",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("carton_type_id", sa.BigInteger(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("fill_percent", sa.BigInteger(), nullable=False),
        sa.Column("contents", sa.Text(), nullable=False),
        sa.Column("placements", sa.Text(), nullable=False),
        sa.Column("picture", sa.Text(), server_default="", nullable=False),
        *_keys("proposed_carton"),
        sa.CheckConstraint(
            "sequence > 0 AND weight_g >= 0 AND fill_percent BETWEEN 0 AND 100",
            name=op.f("ck_proposed_carton_figures"),
        ),
        _belongs("proposed_carton", "order_id", "sales_order"),
        _belongs("proposed_carton", "carton_type_id", "carton_type"),
        sa.UniqueConstraint(
            "warehouse_id", "order_id", "sequence", name=op.f("uq_proposed_carton_warehouse_id_order_id_sequence")
        ),
    )
    change(
        "parcel",
        [
            sa.Column("carton_type_id", sa.BigInteger(), nullable=True),
            sa.Column("proposed_type_id", sa.BigInteger(), nullable=True),
            sa.Column("proposed_sequence", sa.BigInteger(), server_default="0", nullable=False),
        ],
        add={
            "fk_parcel_warehouse_id_carton_type_id": _OF_TYPE.format(column="carton_type_id"),
            "fk_parcel_warehouse_id_proposed_type_id": _OF_TYPE.format(column="proposed_type_id"),
        },
    )
    change(
        "item",
        [
            sa.Column("is_fragile", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("keeps_upright", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("max_load_g", sa.BigInteger(), nullable=True),
        ],
        add={"ck_item_max_load": "CHECK (max_load_g >= 0)"},
    )


def downgrade() -> None:
    change("item", drop_columns=["is_fragile", "keeps_upright", "max_load_g"], drop=["ck_item_max_load"])
    change(
        "parcel", drop_columns=["carton_type_id", "proposed_type_id", "proposed_sequence"],
        drop=["fk_parcel_warehouse_id_carton_type_id", "fk_parcel_warehouse_id_proposed_type_id"],
    )  # fmt: skip
    op.drop_table("proposed_carton")
    op.drop_table("carton_proposal")
    op.drop_table("carton_type")


def _keys(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f(f"fk_{table}_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f(f"pk_{table}")),
    )


def _belongs(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["warehouse_id", column], [f"{other}.warehouse_id", f"{other}.id"],
        name=op.f(f"fk_{table}_warehouse_id_{column}"),
    )  # fmt: skip
