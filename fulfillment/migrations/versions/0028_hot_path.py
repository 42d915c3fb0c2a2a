"""Indexes of the hot path: the station's walk, its first open stop, the tote of a place, an item's barcode"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# index → (table, columns before, columns now). With the id in it the first row comes without sorting.
CHANGED = {
    "ix_task_tour": ("task", ["tour_id", "state", "sequence"], ["tour_id", "state", "sequence", "id"]),
    "ix_tour_tote_tour": ("tour_tote", ["tour_id", "position"], ["tour_id", "position", "id"]),
    "ix_tour_tote_lpn": ("tour_tote", ["lpn_id"], ["lpn_id", "tour_id"]),
    "ix_item_barcode_item": ("item_barcode", ["item_id"], ["item_id", "qty_each", "id"]),
}


def upgrade() -> None:
    for name, (table, _, now) in CHANGED.items():
        op.drop_index(name, table)
        op.create_index(name, table, ["warehouse_id", *now])
    op.create_index("ix_tour_station", "tour", ["warehouse_id", "station_id", "state", "id"])


def downgrade() -> None:
    op.drop_index("ix_tour_station", "tour")
    for name, (table, before, _) in CHANGED.items():
        op.drop_index(name, table)
        op.create_index(name, table, ["warehouse_id", *before])
