"""The weigh check at the bench: every weight that was put on a parcel, and what each item was found to weigh."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer
from sqlalchemy.orm import mapped_column

from fulfillment.domain.reasons import Why
from fulfillment.domain.weighing import Judged, WeightSource
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class ParcelWeighing(InWarehouse, db.Model):
    """One weight put on a parcel of `units`, and how it was judged. `expected_g` and `tolerance_g` are NULL where
    nobody knows what it should weigh; `zeroing`: how often the scale had come back to zero; `why` and
    `supervisor_id`: closed all the same."""

    __tablename__ = "parcel_weighing"
    __table_args__ = (
        belongs("parcel_id", "parcel"),
        belongs("station_id", "station"),
        belongs("operator_id", "operator"),
        belongs("supervisor_id", "operator"),
        one_of("judged", Judged),
        one_of("source", WeightSource),
        one_of("why", ["", *Why]),
        CheckConstraint("weighed_g > 0 AND units > 0", name="figures"),
        Index("ix_parcel_weighing_parcel", "warehouse_id", "parcel_id"),
        Index("ix_parcel_weighing_station", "warehouse_id", "station_id", "zeroing"),
    )

    parcel_id: Mapped[int] = whole()
    station_id: Mapped[int] = whole()
    weighed_g: Mapped[int] = whole()
    expected_g: Mapped[int | None] = maybe_whole()
    tolerance_g: Mapped[int | None] = maybe_whole()
    judged: Mapped[str] = words()
    source: Mapped[str] = words()
    zeroing: Mapped[int | None] = maybe_whole()
    units: Mapped[int] = whole()
    why: Mapped[str] = words("")
    supervisor_id: Mapped[int | None] = maybe_whole()
    operator_id: Mapped[int | None] = maybe_whole()
    scan_id: Mapped[str] = words("")
    recorded_at_ms: Mapped[int] = whole()


class ItemWeight(db.Model):
    """What an item was found to weigh: parcels it was learned from, their units and grams, and the sum of each
    weight squared by its units. `is_doubted`: the catalogue's weight is known to be wrong."""

    __tablename__ = "item_weight"
    __table_args__ = (
        belongs("item_id", "item"),
        CheckConstraint(
            "parcels >= 0 AND units >= parcels AND weight_g >= 0 AND squares_mg2 >= 0 AND is_doubted BETWEEN 0 AND 1",
            name="figures",
        ),
    )

    warehouse_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    item_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    parcels: Mapped[int] = whole(0)
    units: Mapped[int] = whole(0)
    weight_g: Mapped[int] = whole(0)
    squares_mg2: Mapped[int] = whole(0)
    is_doubted: Mapped[int] = whole(0)
    updated_at_ms: Mapped[int] = whole()
