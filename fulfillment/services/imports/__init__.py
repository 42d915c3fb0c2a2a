"""Imports from CSV files: items, locations, opening stock and orders, each told row by row.

Owns the way from a file to the services that store; stores nothing of its own. What is wrong with a row is
a value in the report, never an exception.
"""

from fulfillment.services.imports.adjustments import import_adjustments
from fulfillment.services.imports.barcodes import import_barcodes
from fulfillment.services.imports.calendar import import_calendar
from fulfillment.services.imports.carton_types import import_carton_types
from fulfillment.services.imports.counts import import_counts
from fulfillment.services.imports.devices import import_devices
from fulfillment.services.imports.fittings import import_carts, import_operators, import_stations, import_totes
from fulfillment.services.imports.floor_plan import import_floor_plan
from fulfillment.services.imports.items import import_items
from fulfillment.services.imports.locations import import_locations
from fulfillment.services.imports.orders import OrderOptions, import_orders
from fulfillment.services.imports.pick_faces import import_pick_faces
from fulfillment.services.imports.purchase_orders import import_purchase_orders
from fulfillment.services.imports.put_walls import import_put_walls
from fulfillment.services.imports.reading import parse_map
from fulfillment.services.imports.receipts import import_receipts
from fulfillment.services.imports.report import ImportReport, Options, RowError
from fulfillment.services.imports.stock import import_stock
from fulfillment.services.imports.substitutes import import_substitutes
from fulfillment.services.imports.transfers import import_transfers
from fulfillment.services.imports.walkways import import_walk_points, import_walkways
from fulfillment.services.imports.zones import import_zones

__all__ = [
    "ImportReport", "Options", "OrderOptions", "RowError", "import_adjustments", "import_barcodes", "import_calendar",
    "import_carton_types", "import_carts", "import_counts", "import_devices", "import_floor_plan",
    "import_items", "import_locations", "import_operators", "import_orders", "import_pick_faces",
    "import_purchase_orders", "import_put_walls", "import_receipts", "import_stations", "import_stock",
    "import_substitutes", "import_totes", "import_transfers", "import_walk_points",
    "import_walkways", "import_zones",
    "parse_map",
]  # fmt: skip
