"""Every code a floor answer can carry: rejections of scans, reasons of moves, why an order waits.

Codes only; the words for them live at the edge, in the operator's language.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Reject(StrEnum):
    """Why a scan moved nothing. Each is something the operator can put right."""

    UNKNOWN_CODE = "unknown_code"
    MISREAD = "misread"
    NOT_EXPECTED = "not_expected"
    WRONG_LOCATION = "wrong_location"
    WRONG_ITEM = "wrong_item"
    WRONG_TOTE = "wrong_tote"
    TOTE_OF_ANOTHER_ORDER = "tote_of_another_order"
    TOTE_IN_USE = "tote_in_use"
    TOTE_EMPTY = "tote_empty"
    UNKNOWN_TOTE = "unknown_tote"
    CART_IN_USE = "cart_in_use"
    TOO_MANY = "too_many"
    SCAN_EACH = "scan_each"
    SCAN_ITSELF = "scan_itself"
    BAD_QUANTITY = "bad_quantity"
    NO_WORK = "no_work"
    NOTHING_HERE = "nothing_here"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_ON_HOLD = "order_on_hold"
    ORDER_STILL_PICKING = "order_still_picking"
    UNKNOWN_RECEIPT = "unknown_receipt"
    RECEIPT_CLOSED = "receipt_closed"
    OVER_RECEIPT = "over_receipt"
    LOT_REQUIRED = "lot_required"
    EXPIRY_REQUIRED = "expiry_required"
    SERIAL_REQUIRED = "serial_required"
    SERIAL_KNOWN = "serial_known"
    LOCATION_FULL = "location_full"
    WOULD_BURY_OLDER = "would_bury_older"
    MIXED_ITEM = "mixed_item"
    NOT_STORAGE = "not_storage"
    PARCEL_FULL = "parcel_full"
    PARCEL_UNKNOWN = "parcel_unknown"
    PARCEL_VOID = "parcel_void"
    WRONG_LABEL = "wrong_label"
    WRONG_LANE = "wrong_lane"
    ALREADY_LOADED = "already_loaded"
    NOT_LOADED = "not_loaded"
    MANIFEST_EMPTY = "manifest_empty"
    FINISH_FIRST = "finish_first"
    NOT_SIGNED_IN = "not_signed_in"
    NOT_ALLOWED = "not_allowed"
    SHORT_STOCK = "short_stock"
    OLDER_FIRST = "older_first"
    EXPIRED = "expired"
    CASE_SEALED = "case_sealed"
    WRONG_ZONE = "wrong_zone"
    TOO_HIGH = "too_high"
    SERIAL_UNKNOWN = "serial_unknown"
    SERIAL_ELSEWHERE = "serial_elsewhere"
    UNKNOWN_LPN = "unknown_lpn"
    ALREADY_RECEIVED = "already_received"
    REASON_REQUIRED = "reason_required"
    OWN_COUNT = "own_count"
    UNKNOWN_TRANSFER = "unknown_transfer"
    WEIGHT_DIFFERS = "weight_differs"
    SCALE_MOVING = "scale_moving"
    SCALE_OVER = "scale_over"
    SCALE_FAULT = "scale_fault"
    SCALE_NOT_EMPTIED = "scale_not_emptied"
    NO_SUBSTITUTE = "no_substitute"
    NOTHING_TO_UNDO = "nothing_to_undo"
    TOO_LATE_TO_UNDO = "too_late_to_undo"
    WRONG_SLOT = "wrong_slot"
    WALL_FULL = "wall_full"
    ORDER_STILL_SORTING = "order_still_sorting"
    LOCKED = "locked"
    PIN_REQUIRED = "pin_required"
    PIN_MISSING = "pin_missing"
    OUT_OF_STEP = "out_of_step"


class MoveReason(StrEnum):
    """Why stock moved."""

    RECEIVE = "receive"
    PUTAWAY = "putaway"
    PICK = "pick"
    DROP = "drop"
    SHORT = "short"
    PUT_BACK = "put_back"
    PACK = "pack"
    UNPACK = "unpack"
    STAGE_PARCEL = "stage_parcel"
    LOAD = "load"
    TAKE_OFF = "take_off"
    MISSING = "missing"
    SHIP = "ship"
    COUNT = "count"
    REPLENISH = "replenish"
    MOVE = "move"
    HOLD = "hold"
    ADJUST = "adjust"
    SEND = "send"
    RETURN = "return"
    SORT = "sort"


class Why(StrEnum):
    """Reason codes a person gives: for stock set aside or adjusted, a receipt that differs, FIFO passed over, a
    parcel of another weight, a stop that was not as told. `undone` is the floor's own: a move that takes one back."""

    DAMAGED = "damaged"
    QUALITY = "quality"
    EXPIRED = "expired"
    RECALL = "recall"
    LOST = "lost"
    FOUND = "found"
    THEFT = "theft"
    SAMPLE = "sample"
    DATA_ERROR = "data_error"
    SUPPLIER_OVER = "supplier_over"
    SUPPLIER_SHORT = "supplier_short"
    UNANNOUNCED = "unannounced"
    UNREACHABLE = "unreachable"
    CUSTOMER_REQUEST = "customer_request"
    RETURNED = "returned"
    COUNTED = "counted"
    PACKING = "packing"
    NOT_THERE = "not_there"
    TOO_FEW = "too_few"
    OTHER_GOODS = "other_goods"
    UNDONE = "undone"


class WhyNotRead(StrEnum):
    """Why a barcode at the bench does not serve: an item's, or a label's of ours."""

    NO_BARCODE = "no_barcode"
    UNREADABLE = "unreadable"
    UNKNOWN_BARCODE = "unknown_barcode"


# Which reasons fit which occasion; a screen offers these and a scan of any other is `reason_required`.
SET_ASIDE = (Why.DAMAGED, Why.QUALITY, Why.EXPIRED, Why.RECALL)
ADJUSTING = (Why.LOST, Why.FOUND, Why.THEFT, Why.SAMPLE, Why.DAMAGED, Why.EXPIRED, Why.DATA_ERROR)
OVER_RECEIVED = (Why.SUPPLIER_OVER, Why.UNANNOUNCED)
PASSING_OVER = (Why.UNREACHABLE, Why.DAMAGED, Why.CUSTOMER_REQUEST, Why.QUALITY)
# A stop with too little for its order; what is damaged has a command of its own.
SHORTING = (Why.NOT_THERE, Why.TOO_FEW, Why.OTHER_GOODS, Why.UNREACHABLE)
MISSING_AT_WALL = (Why.LOST, Why.DAMAGED)
WEIGHING_OTHERWISE = (Why.COUNTED, Why.PACKING, Why.DATA_ERROR)
NOT_SCANNED = tuple(WhyNotRead)
REPRINTING = (WhyNotRead.UNREADABLE, Why.DAMAGED, Why.LOST)


class HoldReason(StrEnum):
    """Why an order is on hold."""

    UNKNOWN_SKU = "unknown_sku"
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class Rejected:
    """An operator's mistake, as a value: what was expected and what came. It moves nothing."""

    code: Reject
    expected: str | None = None
    got: str | None = None


class Refused(Exception):
    """Carries a Rejected out of a transaction whose statements must be rolled back.

    `afterwards` is what has to be written all the same, once they are: that a place turned out to be taken.
    """

    def __init__(self, rejected: Rejected, afterwards: Callable[[], None] | None = None) -> None:
        super().__init__(rejected.code)
        self.rejected = rejected
        self.afterwards = afterwards


class DomainError(Exception):
    """A caller broke a rule. `code` is stable; `field` names the culprit where there is one."""

    status = 422

    def __init__(self, code: str, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


class Unauthorized(DomainError):
    """Nobody we know asks for this."""

    status = 401


class Forbidden(DomainError):
    """Whoever asks may not have this."""

    status = 403


class NotFound(DomainError):
    """The thing named does not exist in this warehouse."""

    status = 404


class Conflict(DomainError):
    """The thing exists in a state that does not allow this."""

    status = 409
