"""A bench whose carrier sells labels over HTTP, and what the floor and the carrier's book say afterwards."""

from __future__ import annotations

from typing import Any

from fulfillment.services.packing import parcels
from fulfillment.services.shipping import label_buying
from fulfillment.services.shipping.carrier_service import TOKEN_FOLDER
from fulfillment.services.shipping.label_buying import Timing
from tests.factories import NOBODY, FloorHand
from tests.services.packing.a_bench import BENCH, at_bench, pick_into, place

QUICK = Timing(poll_s=0.01, call_s=0.4, lease_ms=3_000)
TOKEN = "carrier-secret-0001"


def sell_labels(hand: FloorHand, url: str, *, can_look_up: bool = True, keeps_keys: bool = True) -> None:
    """DOM's labels are bought at `url` from now on, with a token in its file."""
    folder = hand.floor.settings.home / TOKEN_FOLDER
    folder.mkdir(exist_ok=True)
    (folder / "DOM").write_text(f"{TOKEN}\n", "utf-8")
    hand.write(
        lambda tx: tx.run(
            "UPDATE carrier SET service_url = :url, service_token_file = 'DOM', service_can_look_up = :look,"
            " service_keeps_keys = :keys WHERE warehouse_id = :w AND code = 'DOM'",
            url=url, look=int(can_look_up), keys=int(keeps_keys),
        )
    )  # fmt: skip


def close_parcel(hand: FloorHand, number: str = "SO-1") -> str:
    """Pick and pack an order of one unit until its label is asked for; returns the parcel's number."""
    if hand.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'MUG'") is None:
        hand.item("MUG")
        hand.stock("MUG", 50)
    hand.order(number, ("MUG", 1))
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, "MUG")
    assert place(hand) == ("pack", "label")
    return hand.step()["fields"]["parcel"]["number"]


def due_now(hand: FloorHand) -> None:
    """Nobody waits: whatever is held may be tried again at once."""
    hand.write(lambda tx: tx.run("UPDATE outbox SET run_after_ms = 0 WHERE warehouse_id = :w AND state = 'held'"))


def lose_lease(hand: FloorHand) -> None:
    """Time passes until whoever holds a call has lost it."""
    hand.write(
        lambda tx: tx.run(
            "UPDATE outbox SET lease_until_ms = 0 WHERE warehouse_id = :w AND state IN ('claimed', 'sending')"
        )
    )


def work(hand: FloorHand, rounds: int = 12, timing: Timing = QUICK) -> int:
    """Let the carrier's worker do what is due, again and again without waiting; how many calls that were."""
    made = 0
    for _ in range(rounds):
        due_now(hand)
        if not label_buying.call_next(hand.floor, "DOM", timing):
            break
        made += 1
    return made


def label(hand: FloorHand, number: int = 1) -> dict[str, Any]:
    """The `number`-th label wanted, with its effect's state."""
    rows = hand.all(
        "SELECT l.*, e.state AS effect, e.result, e.attempts FROM carrier_label l JOIN outbox e ON"
        " e.warehouse_id = l.warehouse_id AND e.dedupe_key = l.reference WHERE l.warehouse_id = :w ORDER BY l.id"
    )
    return rows[number - 1]


def printed(hand: FloorHand, number: str) -> list[str]:
    """Keys of the label prints intended for a parcel."""
    rows = hand.all(
        "SELECT dedupe_key FROM outbox WHERE warehouse_id = :w AND kind = 'print' AND template = 'shipping_4x6'"
        " AND subject = :s ORDER BY id",
        s=number,
    )
    return [row["dedupe_key"] for row in rows]


def void(hand: FloorHand, number: str) -> None:
    """The parcel is not wanted any more."""
    hand.write(lambda tx: parcels.void(tx, NOBODY, number))
