"""Imports from CSV files: items, locations, opening stock and orders, each told row by row.

Owns the way from a file to the services that store; stores nothing of its own. What is wrong with a row is
a value in the report, never an exception.
"""

from fulfillment.services.imports.adjustments import import_adjustments
from fulfillment.services.imports.calendar import import_calendar
from fulfillment.services.imports.counts import import_counts
from fulfillment.services.imports.items import import_items
from fulfillment.services.imports.locations import import_locations
from fulfillment.services.imports.orders import OrderOptions, import_orders
from fulfillment.services.imports.pick_faces import import_pick_faces
from fulfillment.services.imports.purchase_orders import import_purchase_orders
from fulfillment.services.imports.reading import parse_map
from fulfillment.services.imports.receipts import import_receipts
from fulfillment.services.imports.report import ImportReport, Options, RowError
from fulfillment.services.imports.stock import import_stock
from fulfillment.services.imports.transfers import import_transfers
from fulfillment.services.imports.zones import import_zones

__all__ = [
    "ImportReport", "Options", "OrderOptions", "RowError", "import_adjustments", "import_calendar", "import_counts",
    "import_items", "import_locations", "import_orders", "import_pick_faces", "import_purchase_orders",
    "import_receipts", "import_stock", "import_transfers", "import_zones", "parse_map",
]  # fmt: skip
