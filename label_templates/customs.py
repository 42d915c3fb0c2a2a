"""What a customs declaration adds up and refuses, and how an amount is written.

Pure. A CN22 goes on what weighs up to 2 kg and is worth up to 300 SDR; heavier or dearer parcels need a CN23. The
weight is refused here, the worth is the sender's to know: nobody here has today's rate of the SDR.
Source: Universal Postal Union, Convention Manual, forms CN 22 and CN 23 (unverified: read in summaries by posts);
ISO 4217 (list one), column "Mnr unts".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from label_templates.fields import LabelFieldError

HEAVIEST_G = 2_000
MOST_ITEMS = 5
CATEGORIES = ("gift", "documents", "sale_of_goods", "commercial_sample", "returned_goods", "other")
# Of these the tariff number and the country are asked for in every line.
COMMERCIAL = frozenset({"sale_of_goods", "commercial_sample", "returned_goods"})
_WITHOUT_MINOR_UNIT = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_WITH_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def declared(values: Mapping[str, Any]) -> dict[str, Any]:
    """The totals of a CN22, once all of it may be declared.

    Raises:
        LabelFieldError: naming the field, `items[1].hs_code` or `items` where it is all of them.
    """
    items = values["items"]
    if not 1 <= len(items) <= MOST_ITEMS:
        raise LabelFieldError("items", f"{len(items)} lines, a CN22 takes 1 to {MOST_ITEMS}: use a CN23")
    for place, item in enumerate(items):
        must = ["qty_each", "net_weight_g", "value_minor"]
        if values["category"] in COMMERCIAL:
            must += ["hs_code", "origin"]
        for name in must:
            if not item[name]:
                raise LabelFieldError(f"items[{place}].{name}", "is missing")
    if values["category"] == "other" and not values["explanation"]:
        raise LabelFieldError("explanation", "is missing: what other category it is")
    total_g = sum(item["net_weight_g"] for item in items)
    if total_g > HEAVIEST_G:
        raise LabelFieldError("items", f"weigh {total_g} g, a CN22 takes up to {HEAVIEST_G} g: use a CN23")
    return {"total_weight_g": total_g, "total_value_minor": sum(item["value_minor"] for item in items)}


def money(value_minor: int, currency: str) -> str:
    """1250, GBP → 12.50 GBP; as many places as the currency has."""
    digits = 0 if currency in _WITHOUT_MINOR_UNIT else 3 if currency in _WITH_THOUSANDTHS else 2
    whole, part = divmod(value_minor, 10**digits)
    return f"{whole}.{part:0{digits}d} {currency}" if digits else f"{whole} {currency}"
