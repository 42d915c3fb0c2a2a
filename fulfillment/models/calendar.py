"""When the warehouse works and when carriers call, in its own local time."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, UniqueConstraint

from fulfillment.models.base import InWarehouse, Mapped, belongs, db, whole, words


class OpeningHours(InWarehouse, db.Model):
    """A weekday on which the warehouse works (0 = Monday); weekdays without a row are days off."""

    __tablename__ = "opening_hours"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "weekday"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    )

    weekday: Mapped[int] = whole()
    opens_local: Mapped[str] = words()
    closes_local: Mapped[str] = words()


class CalendarDay(InWarehouse, db.Model):
    """One date that differs from its weekday: a holiday ('' opens), or a day worked out of turn."""

    __tablename__ = "calendar_day"
    __table_args__ = (UniqueConstraint("warehouse_id", "day"),)

    day: Mapped[str] = words()
    opens_local: Mapped[str] = words("")
    closes_local: Mapped[str] = words("")
    note: Mapped[str] = words("")


class CarrierCutOff(InWarehouse, db.Model):
    """A carrier's cut-off on one weekday where it differs from its usual one; '' = does not call."""

    __tablename__ = "carrier_cut_off"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "carrier_id", "weekday"),
        belongs("carrier_id", "carrier"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    )

    carrier_id: Mapped[int] = whole()
    weekday: Mapped[int] = whole()
    cut_off_local: Mapped[str] = words("")
