"""Tables: columns, constraints, relationships. No rule and no query lives here."""

from fulfillment.db import db
from fulfillment.models.audit_log import AuditEntry
from fulfillment.models.calendar import CalendarDay, CarrierCutOff, OpeningHours
from fulfillment.models.carrier_labels import CarrierLabel
from fulfillment.models.cartons import CartonProposal, CartonType, ProposedCarton
from fulfillment.models.catalogue import (
    Item,
    ItemBarcode,
    ItemName,
    ItemPicture,
    ItemSubstitute,
    PickFace,
    PolicyEntry,
)
from fulfillment.models.devices import AgentCommand, BenchAgent, Device
from fulfillment.models.floor_plan import ClosedHours, Closure, OneWayAisle, TourPoint, WalkPoint, Walkway
from fulfillment.models.flow import StageTarget
from fulfillment.models.identity import (
    AccessToken,
    AccountLink,
    DeskSession,
    EnrolmentCode,
    Operator,
    OperatorAccount,
    OperatorPin,
    RecoveryCode,
    SignInTry,
    Station,
)
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
from fulfillment.models.jobs import Job
from fulfillment.models.order_cards import BoardView, ColumnLimit, OrderCard, OrderCardEntry, OrderCardLabel
from fulfillment.models.orders import Carrier, Demand, OrderLine, SalesOrder
from fulfillment.models.outbox import Effect, PrintAttempt, Printer
from fulfillment.models.parcels import Manifest, Parcel
from fulfillment.models.places import Cart, Counter, Location, Lpn, PutWall, PutWallSlot, ReachEntry, Warehouse, Zone
from fulfillment.models.problems import Problem
from fulfillment.models.replay_conflicts import ReplayConflict
from fulfillment.models.scans import Dialogue, Event, Scan
from fulfillment.models.shipments import Shipment
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
from fulfillment.models.wave_acts import WaveActed
from fulfillment.models.wave_proposals import PickerShift, ShiftBreak, WaveDraft, WaveForecast, WaveProposal
from fulfillment.models.weighing import ItemWeight, ParcelWeighing

__all__ = [
    "AccessToken",
    "AccountLink",
    "AgentCommand",
    "Allocation",
    "AllocationEntry",
    "AsnContent",
    "AsnUnit",
    "AuditEntry",
    "BenchAgent",
    "BoardView",
    "CalendarDay",
    "Carrier",
    "CarrierCutOff",
    "CarrierLabel",
    "Cart",
    "CartonProposal",
    "CartonType",
    "ClosedHours",
    "Closure",
    "ColumnLimit",
    "CountResult",
    "CountSerial",
    "Counter",
    "Demand",
    "DeskSession",
    "Device",
    "Dialogue",
    "Effect",
    "EnrolmentCode",
    "Event",
    "FifoOverride",
    "Item",
    "ItemBarcode",
    "ItemName",
    "ItemPicture",
    "ItemSubstitute",
    "ItemWeight",
    "Job",
    "Location",
    "Lpn",
    "Manifest",
    "OneWayAisle",
    "OpeningHours",
    "Operator",
    "OperatorAccount",
    "OperatorPin",
    "OrderCard",
    "OrderCardEntry",
    "OrderCardLabel",
    "OrderLine",
    "PackEntry",
    "Parcel",
    "ParcelWeighing",
    "PickFace",
    "PickerShift",
    "PolicyEntry",
    "PrintAttempt",
    "Printer",
    "Problem",
    "ProposedCarton",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "PutWall",
    "PutWallSlot",
    "ReachEntry",
    "Receipt",
    "ReceiptEntry",
    "ReceiptLine",
    "RecoveryCode",
    "ReplayConflict",
    "SalesOrder",
    "Scan",
    "ShiftBreak",
    "Shipment",
    "SignInTry",
    "StageTarget",
    "Station",
    "StockBalance",
    "StockChange",
    "StockLayer",
    "StockMove",
    "Task",
    "Tour",
    "TourPoint",
    "TourTote",
    "Transfer",
    "TransferLine",
    "TransferPart",
    "WalkPoint",
    "Walkway",
    "Warehouse",
    "Wave",
    "WaveActed",
    "WaveDraft",
    "WaveForecast",
    "WaveProposal",
    "Zone",
    "db",
]
