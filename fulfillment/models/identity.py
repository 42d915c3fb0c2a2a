"""Who may do what where: operators, stations, tokens."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint

from fulfillment.domain.roles import Role, StationKind, TokenRole
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Operator(InWarehouse, db.Model):
    """A person with a badge; `language` is what screens speak to them, '' = what the device is set to."""

    __tablename__ = "operator"
    __table_args__ = (UniqueConstraint("warehouse_id", "badge"), one_of("role", Role))

    badge: Mapped[str] = words()
    name: Mapped[str] = words("")
    role: Mapped[str] = words()
    language: Mapped[str] = words("")
    is_active: Mapped[int] = whole(1)


class OperatorPin(InWarehouse, db.Model):
    """Somebody's PIN as scrypt makes it; `failures`: wrong ones in a row."""

    __tablename__ = "operator_pin"
    __table_args__ = (UniqueConstraint("warehouse_id", "operator_id"), belongs("operator_id", "operator"))

    operator_id: Mapped[int] = whole()
    pin_scrypt: Mapped[str] = words()
    set_at_ms: Mapped[int] = whole()
    failures: Mapped[int] = whole(0)
    locked_until_ms: Mapped[int] = whole(0)


class Station(InWarehouse, db.Model):
    """Where scans come from. `location_id` is the dock, bench or staging place it stands at;
    goods in the hands of whoever scans here lie in `hand_location_id`. `item_printer_id`: of items' own labels.
    A bench that `weighs` closes no parcel unweighed.
    """

    __tablename__ = "station"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        belongs("location_id", "location"),
        belongs("label_printer_id", "printer"),
        belongs("slip_printer_id", "printer"),
        belongs("item_printer_id", "printer"),
        belongs("hand_location_id", "location"),
        one_of("kind", StationKind),
    )

    code: Mapped[str] = words()
    kind: Mapped[str] = words()
    name: Mapped[str] = words("")
    location_id: Mapped[int | None] = maybe_whole()
    label_printer_id: Mapped[int | None] = maybe_whole()
    slip_printer_id: Mapped[int | None] = maybe_whole()
    item_printer_id: Mapped[int | None] = maybe_whole()
    hand_location_id: Mapped[int | None] = maybe_whole()
    weighs: Mapped[int] = whole(0)


class AccessToken(InWarehouse, db.Model):
    """A bearer token, stored only as its SHA-256."""

    __tablename__ = "access_token"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "token_sha256"),
        belongs("station_id", "station"),
        belongs("agent_id", "bench_agent"),
        one_of("role", TokenRole),
    )

    token_sha256: Mapped[str] = words()
    name: Mapped[str] = words("")
    role: Mapped[str] = words()
    station_id: Mapped[int | None] = maybe_whole()
    agent_id: Mapped[int | None] = maybe_whole()
    created_at_ms: Mapped[int] = whole()
    revoked_at_ms: Mapped[int | None] = maybe_whole()
