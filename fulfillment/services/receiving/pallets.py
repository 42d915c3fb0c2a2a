"""Pallet labels of our own: a new SSCC, the handling unit it stands for, and the print that is intended.

The number comes from the counter that parcels use, so no two handling units of this company ever share one.
"""

from __future__ import annotations

from fulfillment.domain.stock import LpnKind
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import next_sscc
from fulfillment.services.printing import outbox

LABEL = "pallet_4x6"


def new_pallet(tx: Tx, actor: Actor, reference: str, party: str, day: str) -> int:
    """A new pallet standing at the actor's station; its label is queued at the station's label printer.

    `reference`: the receipt's or transfer's number; `party`: whom it comes from or goes to; `day`: an ISO date.
    """
    house = tx.one("SELECT code, name FROM warehouse WHERE id = :w")
    number = next_sscc(tx)
    pallet_id = tx.insert("lpn", code=number, kind=LpnKind.PALLET, location_id=actor.station_location_id)
    station = tx.one("SELECT label_printer_id FROM station WHERE warehouse_id = :w AND id = :id", id=actor.station_id)
    fields = {
        "warehouse": house["name"] or house["code"], "reference": reference, "party": party or None, "day": day,
        "sscc": number,
    }  # fmt: skip
    outbox.queue_print(tx, number, f"pallet:{number}:0", station["label_printer_id"], LABEL, fields)
    return pallet_id
