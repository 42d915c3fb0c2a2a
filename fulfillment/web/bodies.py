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


class ScanBody(Body):
    """One trigger pull. `code` is checked apart, so that its errors can say what is wrong with it."""

    scan_id: Code
    station: Code
    code: str
    occurred_at: str
    qty_each: int | None = None


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


class OrderChangeBody(Body):
    """What may still be changed."""

    policy: Literal["ship_complete", "ship_partial"] | None = None
    priority: Annotated[int, msgspec.Meta(ge=-1000, le=1000)] | None = None
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


class OperatorBody(Body):
    """A person with a badge."""

    badge: Code
    name: Text
    role: Literal["picker", "packer", "receiver", "supervisor", "admin"]
    language: Code = "en"


class StationBody(Body):
    """A station; its token is in the answer, once."""

    code: Code
    kind: Literal["handheld", "bench", "dock", "board"]
    location: Text | None = None
    name: Text = ""
    label_printer: Text | None = None
    slip_printer: Text | None = None


class TotesBody(Body):
    """How many totes to number."""

    count: int


class CartsBody(Body):
    """How many carts, with how many places each."""

    count: int
    positions: int


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
