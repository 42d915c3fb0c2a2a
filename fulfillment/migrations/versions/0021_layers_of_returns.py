"""Returned goods of several old layers that came on one day stay several layers"""

import sqlalchemy as sa

from fulfillment.migrations.tables import change

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OLD = "uq_layer_warehouse_id_receipt_id_item_id_lot_expiry_on_serial_received_on"
NEW = f"{OLD}_origin_no"
COLUMNS = "warehouse_id, receipt_id, item_id, lot, expiry_on, serial, received_on"


def upgrade() -> None:
    change(
        "layer",
        add_columns=[sa.Column("origin_no", sa.BigInteger(), server_default="0", nullable=False)],
        drop=[OLD],
        add={NEW: f"UNIQUE ({COLUMNS}, origin_no)"},
    )


def downgrade() -> None:
    change("layer", drop_columns=["origin_no"], drop=[NEW], add={OLD: f"UNIQUE ({COLUMNS})"})
