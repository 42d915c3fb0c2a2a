"""Operators, stations, tokens, printers"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "printer",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("dpi", sa.BigInteger(), server_default="203", nullable=False),
        sa.Column("state", sa.Text(), server_default="connecting", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("checked_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("language IN ('escpos', 'zpl')", name=op.f("ck_printer_language")),
        sa.CheckConstraint(
            "state IN ('connecting', 'degraded', 'disabled', 'faulted', 'offline', 'ready')",
            name=op.f("ck_printer_state"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_printer_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_printer")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_printer_warehouse_id_code")),
    )
    op.create_table(
        "operator",
        sa.Column("badge", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("is_active", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "role IN ('admin', 'packer', 'picker', 'receiver', 'supervisor')", name=op.f("ck_operator_role")
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_operator_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_operator")),
        sa.UniqueConstraint("warehouse_id", "badge", name=op.f("uq_operator_warehouse_id_badge")),
    )
    op.create_table(
        "station",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=True),
        sa.Column("label_printer_id", sa.BigInteger(), nullable=True),
        sa.Column("slip_printer_id", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("kind IN ('bench', 'board', 'dock', 'handheld')", name=op.f("ck_station_kind")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "label_printer_id"],
            ["printer.warehouse_id", "printer.id"],
            name=op.f("fk_station_warehouse_id_label_printer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "location_id"],
            ["location.warehouse_id", "location.id"],
            name=op.f("fk_station_warehouse_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "slip_printer_id"],
            ["printer.warehouse_id", "printer.id"],
            name=op.f("fk_station_warehouse_id_slip_printer_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_station_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_station")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_station_warehouse_id_code")),
    )
    op.create_table(
        "access_token",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("role IN ('admin', 'api', 'board', 'station')", name=op.f("ck_access_token_role")),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "station_id"],
            ["station.warehouse_id", "station.id"],
            name=op.f("fk_access_token_warehouse_id_station_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouse.id"], name=op.f("fk_access_token_warehouse_id")
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_access_token")),
        sa.UniqueConstraint(
            "warehouse_id", "token_sha256", name=op.f("uq_access_token_warehouse_id_token_sha256")
        ),
    )


def downgrade() -> None:
    op.drop_table("access_token")
    op.drop_table("station")
    op.drop_table("operator")
    op.drop_table("printer")
