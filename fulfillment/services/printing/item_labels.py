"""An item's own label, printed at a bench where its barcode did not serve, so that the next one can be scanned.

Only where the station has a printer for it: a label of another size on the printer of parcels' labels would stop the
bench. Says what came of it, for the screen.
"""

from __future__ import annotations

from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.printing import hand_prints, label_fields

PRODUCT = "product"


def print_one(tx: Tx, actor: Actor, sku: str) -> str:
    """Intend one label of the item; the notice that says so, or that there is none."""
    printer = tx.one(
        "SELECT p.code FROM station s JOIN printer p ON p.warehouse_id = s.warehouse_id AND p.id = s.item_printer_id"
        " WHERE s.warehouse_id = :w AND s.id = :station",
        station=actor.station_id,
    )
    if printer is None:
        return "no_item_printer"
    try:
        fields, _ = label_fields.fields_of(tx, PRODUCT, sku)
        hand_prints.queue(tx, PRODUCT, fields, printer["code"])
    except DomainError:
        return "no_item_label"
    return "item_label"
