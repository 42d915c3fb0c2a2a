"""A call that arrives after everybody has given it up: paid once all the same, by the key it shares with its repeat."""

from __future__ import annotations

import time

from simulators.carrier import CarrierSimulator, Charge
from tests.factories import FloorHand
from tests.services.carriers import TOKEN, close_parcel, label, sell_labels, work

PATIENCE_S = 60.0


class SlowPost(CarrierSimulator):
    """A carrier that tells how many calls it has charged for, or found charged."""

    charged = 0

    def charge(self, reference: str, key: str) -> Charge:
        made = super().charge(reference, key)
        self.charged += 1
        return made


def test_a_call_that_arrives_after_its_repeat_is_the_same_label(hand: FloorHand) -> None:
    with SlowPost(TOKEN) as carrier:
        sell_labels(hand, carrier.url)
        close_parcel(hand)
        carrier.fail("late_charge")
        work(hand)
        assert [method for method, _ in carrier.calls] == ["POST", "GET", "POST"]
        assert label(hand)["state"] == "bought"
        carrier._over.set()  # what hung on the way arrives now
        deadline = time.monotonic() + PATIENCE_S
        while carrier.charged < 2 and time.monotonic() < deadline:
            time.sleep(0.001)
    assert carrier.charged == 2
    assert [one.tracking_number for one in carrier.book] == [label(hand)["tracking_number"]]
