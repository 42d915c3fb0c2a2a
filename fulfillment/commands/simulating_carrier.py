"""`floor simulate --carrier`: labels are bought from a simulated carrier, and its bill is compared with our book.

The carrier fails at some of the calls, where it hurts: before the charge, after it, with rubbish. At the end of the day
every charge must be a label of a parcel that left, or in the list of orphans; anything else is a finding.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.founding import write_secret
from fulfillment.services.shipping import carrier_labels
from fulfillment.services.shipping.carrier_labels import Service
from fulfillment.services.shipping.carrier_service import TOKEN_FOLDER
from simulators.carrier import CarrierSimulator

TOKEN = "simulated-carrier"
# One call in eight goes wrong, in turn in each of these ways; none makes a packer wait for a timeout.
FAULTS = ("error_before", "cut_after", "rubbish", "error_after", "busy", "cut_before", "slow")
GOOD_CALLS = 7
CALLS = 20_000


@contextlib.contextmanager
def selling(floor: Floor) -> Iterator[CarrierSimulator]:
    """A carrier that sells the labels of every carrier of this floor for as long as the block lasts."""
    with CarrierSimulator(TOKEN) as carrier:
        faults = itertools.cycle(FAULTS)
        carrier.fail(*("" if number % (GOOD_CALLS + 1) else next(faults) for number in range(1, CALLS)))
        folder = floor.settings.home / TOKEN_FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        write_secret(folder / "simulated", f"{TOKEN}\n")
        service = Service(carrier.url, "simulated", can_look_up=True, keeps_keys=True)
        codes = floor.read(lambda tx: tx.all("SELECT code FROM carrier WHERE warehouse_id = :w ORDER BY id"))
        for code in (row["code"] for row in codes):
            floor.writer.write(lambda tx, code=code: carrier_labels.set_service(tx, code, service))
        yield carrier


def compare(floor: Floor, carrier: CarrierSimulator) -> dict[str, Any]:
    """The carrier's bill beside our book; `wrong` names every charge and label that do not go together."""
    labels = {
        row["reference"]: row
        for row in floor.read(
            lambda tx: tx.all("SELECT reference, state, tracking_number FROM carrier_label WHERE warehouse_id = :w")
        )
    }
    orphans = {row["reference"] for row in floor.read(lambda tx: carrier_labels.listed(tx, orphans=True, limit=1000))}
    wrong = []
    for charge in carrier.book:
        label = labels.get(charge.reference)
        if label is None or label["tracking_number"] != charge.tracking_number:
            if charge.reference not in orphans:
                wrong.append(f"{charge.tracking_number} is on the bill and in no list of ours")
        elif charge.is_void != (label["state"] == "void"):
            wrong.append(f"{charge.tracking_number} is void on one side only")
    charged = {charge.tracking_number for charge in carrier.book}
    bought = [row for row in labels.values() if row["state"] == "bought"]
    wrong += [f"{row['reference']} is ours and not on the bill" for row in bought
              if row["tracking_number"] not in charged]  # fmt: skip
    return {
        "calls": len(carrier.calls), "charges": len(carrier.book), "owed_minor": carrier.owed_minor,
        "labels": len(labels), "bought": len(bought), "orphans": len(orphans), "wrong": wrong,
    }  # fmt: skip
