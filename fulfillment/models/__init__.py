"""Tables: columns, constraints, relationships. No rule and no query lives here."""

from fulfillment.db import db
from fulfillment.models.catalogue import Item, ItemBarcode
from fulfillment.models.identity import AccessToken, Operator, Station
from fulfillment.models.orders import Carrier, Demand, OrderLine, SalesOrder
from fulfillment.models.outbox import Effect, Printer
from fulfillment.models.parcels import Manifest, Parcel
from fulfillment.models.places import Cart, Counter, Location, Lpn, Warehouse
from fulfillment.models.scans import Dialogue, Event, Scan
from fulfillment.models.stock import (
    Allocation,
    AllocationEntry,
    Receipt,
    ReceiptLine,
    StockBalance,
    StockLayer,
    StockMove,
)
from fulfillment.models.tasks import Task, Tour, TourTote, Wave

__all__ = [
    "AccessToken",
    "Allocation",
    "AllocationEntry",
    "Carrier",
    "Cart",
    "Counter",
    "Demand",
    "Dialogue",
    "Effect",
    "Event",
    "Item",
    "ItemBarcode",
    "Location",
    "Lpn",
    "Manifest",
    "Operator",
    "OrderLine",
    "Parcel",
    "Printer",
    "Receipt",
    "ReceiptLine",
    "SalesOrder",
    "Scan",
    "Station",
    "StockBalance",
    "StockLayer",
    "StockMove",
    "Task",
    "Tour",
    "TourTote",
    "Warehouse",
    "Wave",
    "db",
]
