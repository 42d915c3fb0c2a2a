"""Put walls and their slots, totes picked for several orders, waves of a mode"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_REASONS = (
    "'adjust', 'count', 'drop', 'hold', 'load', 'missing', 'move', 'pack', 'pick', 'put_back', 'putaway', 'receive',"
    " 'replenish', 'return', 'send', 'ship', 'short',{sort} 'stage_parcel', 'take_off', 'unpack'"
)
_SLOT = sa.text("kind = 'slot'")


def upgrade() -> None:
    _reasons(_REASONS.format(sort=" 'sort',"))
    _kinds("'batch', 'carton', 'none', 'pallet', 'share', 'slot', 'tote'")
    op.create_index(
        "ux_lpn_slot_order", "lpn", ["warehouse_id", "order_id"], unique=True, sqlite_where=_SLOT,
        postgresql_where=_SLOT,
    )  # fmt: skip
    change(
        "wave",
        add_columns=[sa.Column("mode", sa.Text(), server_default="cluster", nullable=False)],
        add={"ck_wave_mode": "CHECK (mode IN ('batch', 'cluster', 'single'))"},
    )
    op.create_table(
        "put_wall",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("column_count", sa.BigInteger(), nullable=False),
        sa.Column("slot_volume_ml", sa.BigInteger(), server_default="0", nullable=False),
        *_keys("put_wall"),
        sa.CheckConstraint(
            "row_count BETWEEN 1 AND 26 AND column_count BETWEEN 1 AND 99", name=op.f("ck_put_wall_size")
        ),
        sa.CheckConstraint("slot_volume_ml >= 0", name=op.f("ck_put_wall_volume")),
        _belongs("put_wall", "location_id", "location"),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_put_wall_warehouse_id_code")),
        sa.UniqueConstraint("warehouse_id", "location_id", name=op.f("uq_put_wall_warehouse_id_location_id")),
    )
    op.create_table(
        "put_wall_slot",
        sa.Column("wall_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("column_no", sa.BigInteger(), nullable=False),
        sa.Column("lpn_id", sa.BigInteger(), nullable=False),
        *_keys("put_wall_slot"),
        sa.CheckConstraint("row_no > 0 AND column_no > 0", name=op.f("ck_put_wall_slot_place")),
        _belongs("put_wall_slot", "wall_id", "put_wall"),
        _belongs("put_wall_slot", "lpn_id", "lpn"),
        sa.UniqueConstraint(
            "warehouse_id", "wall_id", "row_no", "column_no",
            name=op.f("uq_put_wall_slot_warehouse_id_wall_id_row_no_column_no"),
        ),
        sa.UniqueConstraint("warehouse_id", "lpn_id", name=op.f("uq_put_wall_slot_warehouse_id_lpn_id")),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("put_wall_slot")
    op.drop_table("put_wall")
    change("wave", drop_columns=["mode"], drop=["ck_wave_mode"])
    op.drop_index("ux_lpn_slot_order", "lpn")
    _kinds("'carton', 'none', 'pallet', 'tote'")
    _reasons(_REASONS.format(sort=""))


def _reasons(reasons: str) -> None:
    change(
        "stock_move", drop=["ck_stock_move_reason"], add={"ck_stock_move_reason": f"CHECK (reason IN ({reasons}))"}
    )


def _kinds(kinds: str) -> None:
    change("lpn", drop=["ck_lpn_kind"], add={"ck_lpn_kind": f"CHECK (kind IN ({kinds}))"})


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
