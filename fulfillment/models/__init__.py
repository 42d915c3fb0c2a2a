"""Tables: columns, constraints, relationships. No rule and no query lives here."""

from fulfillment.db import db
from fulfillment.models.calendar import CalendarDay, CarrierCutOff, OpeningHours
from fulfillment.models.catalogue import Item, ItemBarcode, PickFace, PolicyEntry
from fulfillment.models.identity import AccessToken, Operator, Station
from fulfillment.models.inbound import (
    AsnContent,
    AsnUnit,
    PurchaseOrder,
    PurchaseOrderLine,
    ReceiptEntry,
    Transfer,
    TransferLine,
    TransferPart,
)
from fulfillment.models.orders import Carrier, Demand, OrderLine, SalesOrder
from fulfillment.models.outbox import Effect, Printer
from fulfillment.models.parcels import Manifest, Parcel
from fulfillment.models.places import Cart, Counter, Location, Lpn, ReachEntry, Warehouse, Zone
from fulfillment.models.scans import Dialogue, Event, Scan
from fulfillment.models.stock import (
    Allocation,
    AllocationEntry,
    CountResult,
    CountSerial,
    FifoOverride,
    PackEntry,
    Receipt,
    ReceiptLine,
    StockBalance,
    StockChange,
    StockLayer,
    StockMove,
)
from fulfillment.models.tasks import Task, Tour, TourTote, Wave

__all__ = [
    "AccessToken",
    "Allocation",
    "AllocationEntry",
    "AsnContent",
    "AsnUnit",
    "CalendarDay",
    "Carrier",
    "CarrierCutOff",
    "Cart",
    "CountResult",
    "CountSerial",
    "Counter",
    "Demand",
    "Dialogue",
    "Effect",
    "Event",
    "FifoOverride",
    "Item",
    "ItemBarcode",
    "Location",
    "Lpn",
    "Manifest",
    "OpeningHours",
    "Operator",
    "OrderLine",
    "PackEntry",
    "Parcel",
    "PickFace",
    "PolicyEntry",
    "Printer",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "ReachEntry",
    "Receipt",
    "ReceiptEntry",
    "ReceiptLine",
    "SalesOrder",
    "Scan",
    "Station",
    "StockBalance",
    "StockChange",
    "StockLayer",
    "StockMove",
    "Task",
    "Tour",
    "TourTote",
    "Transfer",
    "TransferLine",
    "TransferPart",
    "Warehouse",
    "Wave",
    "Zone",
    "db",
]
