"""The JSON bodies of /api/v1 as types: msgspec checks them, and the OpenAPI document is made from them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

# Control characters and halves of surrogate pairs: no label, file or page can carry them. An address may be
# written over several lines. (Looking ahead, because "$" would let a line end pass.)
PLAIN = r"^(?![\s\S]*[\x00-\x1f\x7f-\x9f\ud800-\udfff])"
PLAIN_LINES = r"^(?![\s\S]*[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff])"

Text = Annotated[str, msgspec.Meta(max_length=200, pattern=PLAIN_LINES)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=PLAIN)]
Each = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A body with a field we do not know is a mistake, not an extension."""


class NotedBody(Body):
    """The step at which a device without the network took a scan for right; `task` 0 = putting the totes down."""

    operator: Annotated[int, msgspec.Meta(ge=1, le=2**62)]
    tour: Annotated[int, msgspec.Meta(ge=1, le=2**62)]
    task: Annotated[int, msgspec.Meta(ge=0, le=2**62)]
    state: Literal["location", "item", "tote", "drop"]
    counted: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class ScanBody(Body):
    """One trigger pull. `code` is checked apart, so that its errors can say what is wrong with it.

    `after`: the scan before it, whose answer nobody could see yet; `by_hand`: its code was touched or typed.
    """

    scan_id: Code
    station: Code
    code: str
    occurred_at: str
    qty_each: int | None = None
    noted: NotedBody | None = None
    after: Code | None = None
    by_hand: bool = False


class QueuedScanBody(Body):
    """One of the scans a device has queued."""

    scan_id: Code
    code: str
    occurred_at: str
    qty_each: int | None = None
    noted: NotedBody | None = None
    after: Code | None = None
    by_hand: bool = False


class ScanQueueBody(Body):
    """What one station has queued, in the order it was scanned."""

    station: Code
    scans: Annotated[list[QueuedScanBody], msgspec.Meta(min_length=1, max_length=100)]


class PingBody(Body):
    """Nothing."""


class ShipToBody(Body):
    """Where the goods go."""

    name: Text = ""
    address1: Text = ""
    address2: Text = ""
    city: Text = ""
    region: Text = ""
    postcode: Text = ""
    country: Text = ""
    phone: Text = ""


class OrderLineBody(Body):
    """One line as sold."""

    sku: Text
    qty_each: int
    unit_price_minor: Annotated[int, msgspec.Meta(ge=0, le=10**12)] = 0
    currency: Annotated[str, msgspec.Meta(max_length=3)] = ""
    name: Text = ""


class OrderBody(Body):
    """An order from a channel."""

    number: Text
    ordered_at: str
    lines: list[OrderLineBody]
    channel: Code = "api"
    policy: Literal["ship_complete", "ship_partial"] = "ship_partial"
    priority: Annotated[int, msgspec.Meta(ge=-1000, le=1000)] = 0
    ship_to: ShipToBody = msgspec.field(default_factory=ShipToBody)
    may_substitute: bool = False


class OrderChangeBody(Body):
    """What may still be changed."""

    policy: Literal["ship_complete", "ship_partial"] | None = None
    priority: Annotated[int, msgspec.Meta(ge=-1000, le=1000)] | None = None
    may_substitute: bool | None = None
    ship_to: dict[
        Literal["name", "address1", "address2", "city", "region", "postcode", "country", "phone"], Text
    ] | None = None  # fmt: skip


class HoldBody(Body):
    """Hold an order back with a reason, or release it."""

    reason: Text = ""
    release: bool = False


class WaveBody(Body):
    """Which orders to release."""

    orders: list[Text] | None = None
    max_orders: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1000
    priority: Annotated[int, msgspec.Meta(ge=-1000, le=1000)] = 0
    ordered_until: str | None = None
    mode: Literal["single", "cluster", "batch", "zone"] = "cluster"


class OperatorBody(Body):
    """A person with a badge."""

    badge: Code
    name: Text
    role: Literal["picker", "packer", "receiver", "supervisor", "admin"]
    language: Annotated[str, msgspec.Meta(max_length=16)] = ""


class StationBody(Body):
    """A station; its token is in the answer, once."""

    code: Code
    kind: Literal["handheld", "bench", "dock", "board"]
    location: Text | None = None
    name: Text = ""
    label_printer: Text | None = None
    slip_printer: Text | None = None
    item_printer: Text | None = None
    weighs: bool = False


class StationChangeBody(Body):
    """What is to be another; what is null stays. "-" as a printer: none any more."""

    name: Text | None = None
    label_printer: Text | None = None
    slip_printer: Text | None = None
    item_printer: Text | None = None
    weighs: bool | None = None


class TotesBody(Body):
    """How many totes to number."""

    count: int


class CartsBody(Body):
    """How many carts, with how many places each, and on how many levels those stand (null: as they mostly do)."""

    count: int
    positions: int
    levels: int | None = None


class CartBody(Body):
    """On how many levels a cart's places stand, numbered from the top left as one reads."""

    levels: int


class PrinterBody(Body):
    """A printer by its address, e.g. tcp://10.0.0.5:9100 or cups://queue."""

    code: Code
    address: Text
    language: Literal["zpl", "escpos"]
    dpi: Literal[203, 300] = 203


class ParcelBody(Body):
    """A parcel by its number."""

    parcel: Code


class VoidBody(Body):
    """The empty tote that takes the units; without it one is chosen and named in the answer."""

    tote: Code | None = None
