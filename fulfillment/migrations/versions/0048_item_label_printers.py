"""The printer of item labels at a station"""

import sqlalchemy as sa

from fulfillment.migrations.tables import change

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_PRINTER = "fk_station_warehouse_id_item_printer_id"


def upgrade() -> None:
    change(
        "station",
        add_columns=[sa.Column("item_printer_id", sa.BigInteger(), nullable=True)],
        add={_PRINTER: "FOREIGN KEY(warehouse_id, item_printer_id) REFERENCES printer (warehouse_id, id)"},
    )


def downgrade() -> None:
    change("station", drop=[_PRINTER], drop_columns=["item_printer_id"])
