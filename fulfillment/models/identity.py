"""Who may do what where: operators, stations, tokens."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint

from fulfillment.domain.roles import Role, StationKind, TokenRole
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Operator(InWarehouse, db.Model):
    """A person with a badge."""

    __tablename__ = "operator"
    __table_args__ = (UniqueConstraint("warehouse_id", "badge"), one_of("role", Role))

    badge: Mapped[str] = words()
    name: Mapped[str] = words("")
    role: Mapped[str] = words()
    language: Mapped[str] = words("en")
    is_active: Mapped[int] = whole(1)


class Station(InWarehouse, db.Model):
    """Where scans come from. `location_id` is the dock, bench or staging place it stands at;
    goods in the hands of whoever scans here lie in `hand_location_id`.
    """

    __tablename__ = "station"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        belongs("location_id", "location"),
        belongs("label_printer_id", "printer"),
        belongs("slip_printer_id", "printer"),
        belongs("hand_location_id", "location"),
        one_of("kind", StationKind),
    )

    code: Mapped[str] = words()
    kind: Mapped[str] = words()
    name: Mapped[str] = words("")
    location_id: Mapped[int | None] = maybe_whole()
    label_printer_id: Mapped[int | None] = maybe_whole()
    slip_printer_id: Mapped[int | None] = maybe_whole()
    hand_location_id: Mapped[int | None] = maybe_whole()


class AccessToken(InWarehouse, db.Model):
    """A bearer token, stored only as its SHA-256."""

    __tablename__ = "access_token"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "token_sha256"),
        belongs("station_id", "station"),
        one_of("role", TokenRole),
    )

    token_sha256: Mapped[str] = words()
    name: Mapped[str] = words("")
    role: Mapped[str] = words()
    station_id: Mapped[int | None] = maybe_whole()
    created_at_ms: Mapped[int] = whole()
    revoked_at_ms: Mapped[int | None] = maybe_whole()
