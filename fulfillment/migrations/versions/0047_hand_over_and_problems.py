"""PINs, stations that lock themselves, cards for what is wrong on the floor, floors for training only"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

KINDS = "'damaged_item', 'device', 'other', 'place_blocked', 'stock_differs', 'unreadable', 'unsafe'"
_ASKED = "fk_dialogue_warehouse_id_asked_operator_id"


def upgrade() -> None:
    # A floor that runs goes on as it was: nobody's station locks itself before somebody has said so.
    change(
        "warehouse",
        add_columns=[
            sa.Column("auto_lock_min", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("pin_rule", sa.Text(), server_default="own", nullable=False),
            sa.Column("is_training", sa.BigInteger(), server_default="0", nullable=False),
        ],
        add={
            "ck_warehouse_pin_rule": "CHECK (pin_rule IN ('always', 'never', 'own'))",
            "ck_warehouse_auto_lock": "CHECK (auto_lock_min >= 0)",
        },
    )
    change(
        "dialogue",
        add_columns=[
            sa.Column("aside", sa.Text(), server_default="", nullable=False),
            sa.Column("asked_operator_id", sa.BigInteger(), nullable=True),
            sa.Column("heard_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        ],
        add={
            "ck_dialogue_aside": "CHECK (aside IN ('', 'pin', 'problem'))",
            _ASKED: "FOREIGN KEY(warehouse_id, asked_operator_id) REFERENCES operator (warehouse_id, id)",
        },
    )
    op.create_table(
        "operator_pin",
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("pin_scrypt", sa.Text(), nullable=False),
        sa.Column("set_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("locked_until_ms", sa.BigInteger(), server_default="0", nullable=False),
        *_key("operator_pin"),
        _belongs("operator_pin", "operator_id", "operator"),
        sa.UniqueConstraint("warehouse_id", "operator_id", name=op.f("uq_operator_pin_warehouse_id_operator_id")),
    )
    op.create_table(
        "problem",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("flow", sa.Text(), server_default="", nullable=False),
        sa.Column("step", sa.Text(), server_default="", nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=True),
        sa.Column("item_id", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("scan_id", sa.Text(), server_default="", nullable=False),
        sa.Column("reported_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("taken_by_id", sa.BigInteger(), nullable=True),
        sa.Column("taken_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        *_key("problem"),
        *(
            _belongs("problem", column, table)
            for column, table in (
                ("station_id", "station"), ("operator_id", "operator"), ("location_id", "location"),
                ("item_id", "item"), ("task_id", "task"), ("taken_by_id", "operator"), ("closed_by_id", "operator"),
            )
        ),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_problem_kind")),
        sa.CheckConstraint("state IN ('closed', 'open', 'taken')", name=op.f("ck_problem_state")),
    )  # fmt: skip
    op.create_index("ix_problem_state", "problem", ["warehouse_id", "state", "id"])


def downgrade() -> None:
    op.drop_table("problem")
    op.drop_table("operator_pin")
    change(
        "dialogue", drop_columns=["aside", "asked_operator_id", "heard_at_ms"], drop=["ck_dialogue_aside", _ASKED]
    )
    change(
        "warehouse", drop_columns=["auto_lock_min", "pin_rule", "is_training"],
        drop=["ck_warehouse_pin_rule", "ck_warehouse_auto_lock"],
    )  # fmt: skip


def _belongs(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["warehouse_id", column], [f"{other}.warehouse_id", f"{other}.id"],
        name=op.f(f"fk_{table}_warehouse_id_{column}"),
    )  # fmt: skip


def _key(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f(f"fk_{table}_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f(f"pk_{table}")),
    ]
