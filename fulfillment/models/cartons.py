"""Cartons at the bench: their types, and which of them an order is to ship in."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, UniqueConstraint

from fulfillment.models.base import InWarehouse, Mapped, belongs, db, whole, words


class CartonType(InWarehouse, db.Model):
    """A carton that is kept at the benches: inner sizes, what it bears, its own weight, what one costs.

    One that is not kept any more (`is_active` 0) stays, for the parcels that used it.
    """

    __tablename__ = "carton_type"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        CheckConstraint(
            "length_mm > 0 AND width_mm > 0 AND height_mm > 0 AND max_weight_g > 0 AND tare_g >= 0"
            " AND cost_minor >= 0 AND is_active BETWEEN 0 AND 1",
            name="size",
        ),
    )

    code: Mapped[str] = words()
    name: Mapped[str] = words("")
    length_mm: Mapped[int] = whole()
    width_mm: Mapped[int] = whole()
    height_mm: Mapped[int] = whole()
    max_weight_g: Mapped[int] = whole()
    tare_g: Mapped[int] = whole(0)
    cost_minor: Mapped[int] = whole(0)
    is_active: Mapped[int] = whole(1)


class CartonProposal(InWarehouse, db.Model):
    """What was worked out for an order when it was released; `note`: what is left out or was not known."""

    __tablename__ = "carton_proposal"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "order_id"),
        belongs("order_id", "sales_order"),
        CheckConstraint("bound_cartons BETWEEN 0 AND cartons AND bound_cost_minor >= 0", name="bounds"),
    )

    order_id: Mapped[int] = whole()
    cartons: Mapped[int] = whole()
    bound_cartons: Mapped[int] = whole()
    cost_minor: Mapped[int] = whole()
    bound_cost_minor: Mapped[int] = whole()
    note: Mapped[str] = words("")
    solver: Mapped[str] = words()
    seed: Mapped[int] = whole()
    elapsed_ms: Mapped[int] = whole()
    created_at_ms: Mapped[int] = whole()


class ProposedCarton(InWarehouse, db.Model):
    """One carton of a proposal. `contents`: item and eaches; `placements`: how they lie, both as JSON lists;
    `picture`: the same as SVG, drawn once, so that no station needs the planner; '' once the order is gone."""

    __tablename__ = "proposed_carton"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "order_id", "sequence"),
        belongs("order_id", "sales_order"),
        belongs("carton_type_id", "carton_type"),
        CheckConstraint("sequence > 0 AND weight_g >= 0 AND fill_percent BETWEEN 0 AND 100", name="figures"),
    )

    order_id: Mapped[int] = whole()
    sequence: Mapped[int] = whole()
    carton_type_id: Mapped[int] = whole()
    weight_g: Mapped[int] = whole()
    fill_percent: Mapped[int] = whole()
    contents: Mapped[str] = words()
    placements: Mapped[str] = words()
    picture: Mapped[str] = words("")
