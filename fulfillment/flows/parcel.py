"""A parcel and its carton as the bench shows them, wherever its dialogue stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fulfillment.domain.codes import own_code


@dataclass(frozen=True)
class Parcel:
    """A parcel as the bench shows it. `weight_g`: as weighed, else what the catalogue says of its content."""

    parcel_id: int
    number: str
    order_number: str
    sequence: int
    units: int
    weight_g: int

    def view(self) -> dict[str, Any]:
        """For `step.fields`."""
        return {
            "number": self.number, "barcode": parcel_barcode(self.number), "sequence": self.sequence,
            "units": self.units, "weight_g": self.weight_g,
        }  # fmt: skip


@dataclass(frozen=True)
class Carton:
    """The carton a parcel is packed in: inner size, the type that was proposed ('' = none was), which one of how
    many proposed for the order it is, what it should weigh when it is full (None = not known), and what empty."""

    code: str
    name: str
    size_mm: tuple[int, int, int]
    proposed: str = ""
    sequence: int = 0
    cartons: int = 0
    expected_g: int | None = None
    tare_g: int = 0

    def view(self) -> dict[str, Any]:
        """For `step.fields`."""
        return {
            "code": self.code, "barcode": own_code("P", self.code), "name": self.name, "size_mm": list(self.size_mm),
            "proposed": self.proposed, "sequence": self.sequence, "cartons": self.cartons,
            "expected_g": self.expected_g, "tare_g": self.tare_g,
        }  # fmt: skip


@dataclass(frozen=True)
class TakeCarton:
    """The parcel is packed in a carton of this type, whatever was proposed."""

    parcel_id: int
    carton_code: str


def parcel_barcode(number: str) -> str:
    """A parcel's number as its label is read: AI 00 and 18 digits."""
    return f"00{number}"
