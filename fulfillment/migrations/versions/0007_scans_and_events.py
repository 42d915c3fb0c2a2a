"""Scans with their outcomes, dialogues, events"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scan",
        sa.Column("scan_id", sa.Text(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=True),
        sa.Column("flow", sa.Text(), server_default="", nullable=False),
        sa.Column("rejection", sa.Text(), server_default="", nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("occurred_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "operator_id"],
            ["operator.warehouse_id", "operator.id"],
            name=op.f("fk_scan_warehouse_id_operator_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "station_id"],
            ["station.warehouse_id", "station.id"],
            name=op.f("fk_scan_warehouse_id_station_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_scan_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_scan")),
        sa.UniqueConstraint("warehouse_id", "scan_id", name=op.f("uq_scan_warehouse_id_scan_id")),
    )
    op.create_index("ix_scan_recorded", "scan", ["warehouse_id", "recorded_at_ms"], unique=False)
    op.create_table(
        "dialogue",
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("flow", sa.Text(), server_default="home", nullable=False),
        sa.Column("state", sa.Text(), server_default="signed_out", nullable=False),
        sa.Column("memory", sa.Text(), server_default="{}", nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "operator_id"],
            ["operator.warehouse_id", "operator.id"],
            name=op.f("fk_dialogue_warehouse_id_operator_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "station_id"],
            ["station.warehouse_id", "station.id"],
            name=op.f("fk_dialogue_warehouse_id_station_id"),
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "station_id", name=op.f("pk_dialogue")),
    )
    op.create_table(
        "event",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), server_default="{}", nullable=False),
        sa.Column("scan_id", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_event_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_event")),
    )


def downgrade() -> None:
    op.drop_table("event")
    op.drop_table("dialogue")
    op.drop_table("scan")
