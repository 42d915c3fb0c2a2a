"""What each item and zone asks for: rotation, shelf life, where it may lie"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import append_only, change

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "zone",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("rotation", sa.Text(), server_default="", nullable=False),
        sa.Column("tolerance_days", sa.BigInteger(), nullable=True),
        sa.Column("storage_classes", sa.Text(), server_default="*", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("rotation IN ('', 'fefo', 'fifo', 'lifo', 'none')", name=op.f("ck_zone_rotation")),
        sa.CheckConstraint("tolerance_days IS NULL OR tolerance_days >= 0", name=op.f("ck_zone_tolerance")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_zone_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_zone")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_zone_warehouse_id_code")),
    )
    change(
        "item",
        add_columns=[
            sa.Column("own_rotation", sa.Text(), server_default="", nullable=False),
            sa.Column("own_tolerance_days", sa.BigInteger(), nullable=True),
            sa.Column("min_life_days", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("zone", sa.Text(), server_default="", nullable=False),
            sa.Column("storage_class", sa.Text(), server_default="", nullable=False),
            sa.Column("velocity", sa.Text(), server_default="", nullable=False),
            sa.Column("return_dating", sa.Text(), server_default="original", nullable=False),
        ],
        drop=["ck_item_rotation"],
        add={
            "ck_item_rotation": "CHECK (rotation IN ('fefo', 'fifo', 'lifo', 'none'))",
            "ck_item_own_rotation": "CHECK (own_rotation IN ('', 'fefo', 'fifo', 'lifo', 'none'))",
            "ck_item_velocity": "CHECK (velocity IN ('', 'A', 'B', 'C'))",
            "ck_item_return_dating": "CHECK (return_dating IN ('original', 'today'))",
            "ck_item_min_life": "CHECK (min_life_days >= 0)",
        },
    )
    change(
        "location",
        add_columns=[
            sa.Column("height_mm", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("velocity", sa.Text(), server_default="", nullable=False),
            sa.Column("is_pickable", sa.BigInteger(), server_default="1", nullable=False),
            sa.Column("counted_at_ms", sa.BigInteger(), nullable=True),
        ],
        drop=["ck_location_kind"],
        add={
            "ck_location_kind": "CHECK (kind IN ('bin', 'cart', 'dock', 'flow_rack', 'hand', 'quarantine', 'reserve', 'ship_lane', 'staging', 'station', 'virtual'))",
            "ck_location_velocity": "CHECK (velocity IN ('', 'A', 'B', 'C'))",
            "ck_location_reach": "CHECK (height_mm >= 0 AND is_pickable BETWEEN 0 AND 1)",
        },
    )
    op.execute("UPDATE item SET own_rotation = rotation WHERE rotation <> 'fifo'")
    op.execute("UPDATE item SET own_tolerance_days = tolerance_days WHERE tolerance_days > 0")
    op.create_table(
        "policy_entry",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("rotation", sa.Text(), nullable=False),
        sa.Column("tolerance_days", sa.BigInteger(), nullable=False),
        sa.Column("min_life_days", sa.BigInteger(), nullable=False),
        sa.Column("after_move_id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("rotation IN ('fefo', 'fifo', 'lifo', 'none')", name=op.f("ck_policy_entry_rotation")),
        sa.CheckConstraint("tolerance_days >= 0 AND min_life_days >= 0", name=op.f("ck_policy_entry_days")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_policy_entry_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_policy_entry_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_policy_entry")),
    )
    op.create_index("ix_policy_entry_item", "policy_entry", ["warehouse_id", "item_id"], unique=False)
    op.create_table(
        "pick_face",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("min_each", sa.BigInteger(), nullable=False),
        sa.Column("max_each", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("min_each >= 0 AND max_each > min_each", name=op.f("ck_pick_face_levels")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "item_id"],
            ["item.warehouse_id", "item.id"],
            name=op.f("fk_pick_face_warehouse_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_pick_face_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_pick_face_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_pick_face")),
        sa.UniqueConstraint("warehouse_id", "location_id", name=op.f("uq_pick_face_warehouse_id_location_id")),
    )
    op.create_index("ix_pick_face_item", "pick_face", ["warehouse_id", "item_id"], unique=False)
    append_only("policy_entry")


def downgrade() -> None:
    op.drop_table("pick_face")
    op.drop_table("policy_entry")
    change(
        "location",
        drop_columns=["height_mm", "velocity", "is_pickable", "counted_at_ms"],
        drop=["ck_location_kind", "ck_location_velocity", "ck_location_reach"],
        add={
            "ck_location_kind": "CHECK (kind IN ('bin', 'cart', 'dock', 'flow_rack', 'reserve', 'ship_lane', 'staging', 'station', 'virtual'))",
        },
    )
    change(
        "item",
        drop_columns=[
            "own_rotation",
            "own_tolerance_days",
            "min_life_days",
            "zone",
            "storage_class",
            "velocity",
            "return_dating",
        ],
        drop=[
            "ck_item_rotation",
            "ck_item_own_rotation",
            "ck_item_velocity",
            "ck_item_return_dating",
            "ck_item_min_life",
        ],
        add={
            "ck_item_rotation": "CHECK (rotation IN ('fefo', 'fifo'))",
        },
    )
    op.drop_table("zone")
