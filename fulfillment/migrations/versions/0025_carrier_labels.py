"""Labels bought from carriers"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

SERVICE = ("service_url", "service_token_file", "service_can_look_up", "service_keeps_keys")


def upgrade() -> None:
    change(
        "carrier",
        add_columns=[
            sa.Column("service_url", sa.Text(), server_default="", nullable=False),
            sa.Column("service_token_file", sa.Text(), server_default="", nullable=False),
            sa.Column("service_can_look_up", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("service_keeps_keys", sa.BigInteger(), server_default="0", nullable=False),
        ],
    )
    change(
        "outbox", drop=["ck_outbox_kind"],
        add={"ck_outbox_kind": "CHECK (kind IN ('buy_label', 'plan_wave', 'print', 'void_label'))"},
    )  # fmt: skip
    op.create_table(
        "carrier_label",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("carrier_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="wanted", nullable=False),
        sa.Column("heard", sa.Text(), server_default="", nullable=False),
        sa.Column("silences", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("looked_up", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tracking_number", sa.Text(), server_default="", nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("bought_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("cost_minor >= 0 AND looked_up >= 0 AND silences >= 0", name=op.f("ck_carrier_label_counts")),
        sa.CheckConstraint("decision IN ('', 'buy_again', 'found', 'give_up')", name=op.f("ck_carrier_label_decision")),
        sa.CheckConstraint("heard IN ('', 'answered', 'silent')", name=op.f("ck_carrier_label_heard")),
        sa.CheckConstraint(
            "state IN ('abandoned', 'bought', 'dropped', 'refused', 'to_void', 'uncertain', 'void', 'wanted')",
            name=op.f("ck_carrier_label_state"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "carrier_id"],
            ["carrier.warehouse_id", "carrier.id"],
            name=op.f("fk_carrier_label_warehouse_id_carrier_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "decided_by_id"],
            ["operator.warehouse_id", "operator.id"],
            name=op.f("fk_carrier_label_warehouse_id_decided_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id", "parcel_id"],
            ["parcel.warehouse_id", "parcel.id"],
            name=op.f("fk_carrier_label_warehouse_id_parcel_id"),
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_carrier_label_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_carrier_label")),
        sa.UniqueConstraint("warehouse_id", "reference", name=op.f("uq_carrier_label_warehouse_id_reference")),
    )
    live = sa.text("state IN ('wanted', 'bought', 'uncertain', 'refused')")
    op.create_index(
        "ix_carrier_label_live", "carrier_label", ["warehouse_id", "parcel_id"], unique=True, sqlite_where=live,
        postgresql_where=live,
    )  # fmt: skip
    op.create_index("ix_carrier_label_state", "carrier_label", ["warehouse_id", "state"], unique=False)


def downgrade() -> None:
    op.drop_table("carrier_label")
    op.execute("DELETE FROM outbox WHERE kind IN ('buy_label', 'void_label')")
    change("outbox", drop=["ck_outbox_kind"], add={"ck_outbox_kind": "CHECK (kind IN ('plan_wave', 'print'))"})
    change("carrier", drop_columns=SERVICE)
