"""The floor as it may be walked: where tours begin and end, one-way aisles, stretches closed for now."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from fulfillment.domain.floor_plan import ClosedBecause, TourEnd
from fulfillment.models.base import InWarehouse, belongs, db, maybe_whole, one_of, whole, words


class TourPoint(InWarehouse, db.Model):
    """Where tours begin (one place), or may end: the nearest of several is chosen by the walk."""

    __tablename__ = "tour_point"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "kind", "location_id"),
        belongs("location_id", "location"),
        one_of("kind", TourEnd),
    )

    kind: Mapped[str] = words()
    location_id: Mapped[int] = whole()


class OneWayAisle(InWarehouse, db.Model):
    """An aisle walked in one direction only, up being towards higher y. `block` NULL: in every block."""

    __tablename__ = "one_way_aisle"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "x_dm", "block"),
        CheckConstraint("is_up BETWEEN 0 AND 1 AND (block IS NULL OR block >= 0)", name="direction"),
    )

    aisle: Mapped[str] = words()
    x_dm: Mapped[int] = whole()
    is_up: Mapped[int] = whole()
    block: Mapped[int | None] = maybe_whole()


class WalkPoint(InWarehouse, db.Model):
    """A crossing, a landing or an end of walkways, on a floor that is given as walkways."""

    __tablename__ = "walk_point"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        CheckConstraint("storey BETWEEN 0 AND 99", name="storey"),
    )

    code: Mapped[str] = words()
    x_dm: Mapped[int] = whole()
    y_dm: Mapped[int] = whole()
    storey: Mapped[int] = whole(0)


class Walkway(InWarehouse, db.Model):
    """A way between two points; between storeys stairs or a lift. While there is one, the floor is no grid of aisles.

    `length_dm` NULL: the straight line; `takes_s` NULL: as long as it takes to walk. `is_one_way`: from, to.
    """

    __tablename__ = "walkway"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        belongs("from_point_id", "walk_point"),
        belongs("to_point_id", "walk_point"),
        CheckConstraint("from_point_id <> to_point_id", name="ends"),
        CheckConstraint("length_dm >= 0 AND takes_s >= 0", name="length"),
        CheckConstraint("is_one_way BETWEEN 0 AND 1", name="direction"),
    )

    code: Mapped[str] = words()
    from_point_id: Mapped[int] = whole()
    to_point_id: Mapped[int] = whole()
    length_dm: Mapped[int | None] = maybe_whole()
    takes_s: Mapped[int | None] = maybe_whole()
    is_one_way: Mapped[int] = whole(0)


class Closure(InWarehouse, db.Model):
    """A stretch of an aisle nobody passes from when it was closed until it is opened again; kept as history.

    What stands strictly between the two points cannot be reached. `place` is how it was said. With `cross_y_dm` it is a
    stretch of the cross-aisle there, from one x to another. With `walkway` it is that one, by its code. `hours_id`: of
    the hours that closed it (none = somebody).
    """

    __tablename__ = "closure"
    __table_args__ = (
        belongs("closed_by_id", "operator"),
        belongs("opened_by_id", "operator"),
        belongs("hours_id", "closed_hours"),
        one_of("reason", ClosedBecause),
        CheckConstraint("to_dm > from_dm", name="stretch"),
        Index("ix_closure_open", "warehouse_id", "opened_at_ms"),
    )

    place: Mapped[str] = words()
    x_dm: Mapped[int] = whole()
    from_dm: Mapped[int] = whole()
    to_dm: Mapped[int] = whole()
    cross_y_dm: Mapped[int | None] = maybe_whole()
    walkway: Mapped[str] = words("")
    reason: Mapped[str] = words()
    closed_at_ms: Mapped[int] = whole()
    closed_by_id: Mapped[int | None] = maybe_whole()
    opened_at_ms: Mapped[int | None] = maybe_whole()
    opened_by_id: Mapped[int | None] = maybe_whole()
    hours_id: Mapped[int | None] = maybe_whole()


class ClosedHours(InWarehouse, db.Model):
    """Hours of every day, in minutes of the local one, at which a stretch of an aisle is closed; over midnight where
    they end before they begin. `place` and `until_place` are how it was said, and are looked up each time."""

    __tablename__ = "closed_hours"
    __table_args__ = (
        one_of("reason", ClosedBecause),
        CheckConstraint(
            "begins_min BETWEEN 0 AND 1439 AND ends_min BETWEEN 0 AND 1439 AND begins_min <> ends_min", name="hours"
        ),
    )

    place: Mapped[str] = words()
    until_place: Mapped[str] = words("")
    begins_min: Mapped[int] = whole()
    ends_min: Mapped[int] = whole()
    reason: Mapped[str] = words()
    set_at_ms: Mapped[int] = whole()
    ended_at_ms: Mapped[int | None] = maybe_whole()
