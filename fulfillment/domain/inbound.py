"""Vocabulary of what arrives: receipts by their kind, handling units announced, and how a receipt differed."""

from __future__ import annotations

from enum import StrEnum


class ReceiptKind(StrEnum):
    """Why goods arrive: announced by the supplier, ordered only, not known of, from a customer, from ourselves."""

    ASN = "asn"
    PURCHASE = "purchase"
    BLIND = "blind"
    RETURN = "return"
    TRANSFER = "transfer"


class ReceiptState(StrEnum):
    """A closed receipt takes nothing more in."""

    OPEN = "open"
    CLOSED = "closed"


class UnitState(StrEnum):
    """A handling unit of an ASN: announced, then received in one scan or piece by piece."""

    ANNOUNCED = "announced"
    ARRIVED = "arrived"


class Difference(StrEnum):
    """How what came differs from what was announced."""

    OVER = "over"
    SHORT = "short"
    DAMAGED = "damaged"
    UNANNOUNCED = "unannounced"


class ReturnDating(StrEnum):
    """Which day a returned unit counts from: the day its layer first came, or the day it came back."""

    ORIGINAL = "original"
    TODAY = "today"


class TransferState(StrEnum):
    """Stock for another warehouse: asked for, on its way, arrived there."""

    OPEN = "open"
    SENT = "sent"
    RECEIVED = "received"
    CANCELLED = "cancelled"
