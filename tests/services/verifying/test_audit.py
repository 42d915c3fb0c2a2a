"""Rules of `floor fifo-audit`: it names whatever passed over older goods, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.services.common.queries import snapshot
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.verifying import audit, audit_replay
from tests.factories import NOBODY, FloorHand
from tests.services.acts import (
    TOTES,
    at,
    cancel,
    finish_tour,
    go_to_stop,
    pick_all,
    picked_layers,
    promises,
    release,
    say_short,
    take_tour,
)


def findings(hand: FloorHand) -> list[dict[str, Any]]:
    return hand.floor.read(audit.fifo_audit)["violations"]


def promise(hand: FloorHand, number: str, layer_id: int, qty_each: int, note: str = "") -> int | None:
    """Promise a layer past all rules, as a program with a mistake would."""

    def work(tx: Any) -> int | None:
        order = tx.one("SELECT id FROM sales_order WHERE warehouse_id = :w AND number = :n", n=number)
        row = tx.one(
            "SELECT location_id, item_id FROM stock_balance WHERE warehouse_id = :w AND layer_id = :y", y=layer_id
        )
        done = ledger.promise(tx, NOBODY, order["id"], row["item_id"], row["location_id"], layer_id, qty_each, note)
        allocate.settle_order(tx, NOBODY, order["id"])
        return done

    return hand.write(work)


def two_dates(hand: FloorHand, newer_at: str = "A02-01-1") -> tuple[int, int]:
    """Five MUG each of January (A01-01-1) and February; an order for 2 holds the older."""
    hand.item("MUG")
    older = hand.stock("MUG", 5, "A01-01-1", "2026-01-01")
    newer = hand.stock("MUG", 5, newer_at, "2026-02-01")
    hand.order("SO-1", ("MUG", 2))
    return older, newer


def waiting_order(hand: FloorHand, qty_each: int = 3) -> None:
    """An order that holds no promise, though there is stock: it was held when stock came."""
    hand.order("SO-2", ("MUG", qty_each))
    row = hand.one("SELECT id FROM sales_order WHERE warehouse_id = :w AND number = 'SO-2'")
    hand.write(lambda tx: allocate.take_back_promises(tx, NOBODY, row["id"], "test"))


def test_oldest_first_is_clean(hand: FloorHand) -> None:
    two_dates(hand)
    hand.order("SO-2", ("MUG", 6))
    pick_all(hand)
    report = hand.floor.read(audit.fifo_audit)
    assert report["ok"]
    assert report["violations"] == []
    assert report["promises"] == 3


def test_a_promise_past_older_free_goods_is_named_in_full(hand: FloorHand) -> None:
    older, newer = two_dates(hand)
    waiting_order(hand)
    promise(hand, "SO-2", newer, 2, "asked for the fresh ones")
    (one,) = findings(hand)
    assert one["when"].endswith("+00:00")
    del one["when"]
    assert one == {
        "kind": "passed_over", "order": "SO-2", "sku": "MUG", "item": "mug", "layer": newer,
        "received_on": "2026-02-01", "expiry_on": "",
        "location": "A02-01-1", "older_layer": older, "older_received_on": "2026-01-01", "older_expiry_on": "",
        "older_location": "A01-01-1", "older_free_each": 3, "qty_each": 2, "who": "the system",
        "why": "asked for the fresh ones",
    }  # fmt: skip


def test_a_finding_reads_as_a_sentence(hand: FloorHand) -> None:
    _, newer = two_dates(hand)
    waiting_order(hand)
    promise(hand, "SO-2", newer, 2)
    (one,) = findings(hand)
    assert audit.in_words(one).endswith(
        "order SO-2: 2 of MUG received 2026-02-01 at A02-01-1, while 3 received 2026-01-01 lay free at A01-01-1;"
        " by the system"
    )
    assert json.loads(json.dumps(one)) == one


def test_older_goods_promised_to_others_are_not_free(hand: FloorHand) -> None:
    _, newer = two_dates(hand)
    hand.order("SO-3", ("MUG", 3))
    waiting_order(hand)
    promise(hand, "SO-2", newer, 2)
    assert findings(hand) == []


def test_older_goods_on_hold_are_not_free(hand: FloorHand) -> None:
    two_dates(hand)
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    say_short(hand)
    finish_tour(hand)
    assert [(place, units) for place, _, units in promises(hand, "SO-1")] == []
    assert findings(hand) == []


def test_older_goods_still_at_the_dock_are_not_in_storage_yet(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 5, "DOCK-1", "2026-01-01")
    hand.stock("MUG", 5, "A02-01-1", "2026-02-01")
    hand.order("SO-1", ("MUG", 2))
    assert findings(hand) == []


def test_older_goods_that_came_afterwards_were_not_passed_over(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 5, "A02-01-1", "2026-02-01")
    hand.order("SO-1", ("MUG", 2))
    hand.stock("MUG", 5, "A01-01-1", "2026-01-01")
    assert findings(hand) == []


def test_expired_goods_are_not_passed_over(hand: FloorHand) -> None:
    hand.item("JAM", rotation="fefo", tracks_expiry=1)
    spoilt, good = hand.stock("JAM", 2), hand.stock("JAM", 2, "A02-01-1")
    hand.write(
        lambda tx: tx.run("UPDATE layer SET expiry_on = '2026-03-01' WHERE warehouse_id = :w AND id = :i", i=spoilt)
    )
    hand.write(
        lambda tx: tx.run("UPDATE layer SET expiry_on = '2099-01-01' WHERE warehouse_id = :w AND id = :i", i=good)
    )
    hand.order("SO-1", ("JAM", 2))
    assert promises(hand, "SO-1") == [("A02-01-1", good, 2)]
    assert findings(hand) == []


def test_fefo_goods_are_judged_by_expiry_not_by_arrival(hand: FloorHand) -> None:
    hand.item("JAM", rotation="fefo", tracks_expiry=1)
    long_life = hand.stock("JAM", 2, "A01-01-1", "2026-01-01")
    short_life = hand.stock("JAM", 2, "A02-01-1", "2026-02-01")
    for layer, on in ((long_life, "2099-12-01"), (short_life, "2099-01-01")):
        hand.write(
            lambda tx, layer=layer, on=on: tx.run(
                "UPDATE layer SET expiry_on = :on WHERE warehouse_id = :w AND id = :i", on=on, i=layer
            )
        )
    hand.order("SO-1", ("JAM", 1))
    assert promises(hand, "SO-1") == [("A02-01-1", short_life, 1)]
    assert findings(hand) == []


def test_days_within_the_tolerance_are_one_age(hand: FloorHand) -> None:
    hand.item("MUG", tolerance_days=30)
    hand.stock("MUG", 5, "A01-01-1", "2026-01-01")
    newer = hand.stock("MUG", 5, "A02-01-1", "2026-01-02")
    waiting_order(hand)
    promise(hand, "SO-2", newer, 2)
    assert findings(hand) == []


def test_an_exchange_within_a_bin_is_no_finding(hand: FloorHand) -> None:
    hand.item("MUG")
    older = hand.stock("MUG", 2, received_on="2026-01-01")
    hand.stock("MUG", 2, received_on="2026-02-01")
    hand.order("SO-1", ("MUG", 2))
    hand.order("SO-2", ("MUG", 2))
    release(hand, "SO-2")
    # Older goods turn up elsewhere after that walk was planned: the exchange must not be blamed for them.
    hand.stock("MUG", 5, "A02-01-1", "2025-12-01")
    take_tour(hand)
    finish_tour(hand)
    assert picked_layers(hand, "SO-2") == [(older, 2)]
    assert findings(hand) == []


def test_the_word_exchanged_alone_excuses_nothing(hand: FloorHand) -> None:
    _, newer = two_dates(hand)
    waiting_order(hand)
    promise(hand, "SO-2", newer, 2, "exchanged")
    assert [one["why"] for one in findings(hand)] == ["exchanged"]


def test_a_pick_without_a_promise_is_found(hand: FloorHand) -> None:
    older, newer = two_dates(hand)
    hand.order("SO-2", ("MUG", 1))

    def take(tx: Any) -> None:
        row = tx.one(
            "SELECT location_id, item_id FROM stock_balance WHERE warehouse_id = :w AND layer_id = :y", y=newer
        )
        cart = tx.one("SELECT location_id FROM cart WHERE warehouse_id = :w ORDER BY id LIMIT 1")["location_id"]
        order = tx.one("SELECT id FROM sales_order WHERE warehouse_id = :w AND number = 'SO-2'")["id"]
        move = Move(newer, row["item_id"], row["location_id"], cart, 1, MoveReason.PICK, to_lpn_id=1, order_id=order)
        ledger.post(tx, NOBODY, [move])

    hand.write(take)
    (one,) = findings(hand)
    assert (one["older_layer"], one["why"]) == (older, "picked without a promise")


def test_a_count_that_takes_promises_away_is_no_finding(hand: FloorHand) -> None:
    two_dates(hand)
    hand.order("SO-2", ("MUG", 3))
    hand.sign_in("HAND-2", "COUNT")
    hand.scan("HAND-2", at("A01-01-1"))
    hand.scan("HAND-2", "MUG", 1)
    hand.say("HAND-2", "DONE")
    assert findings(hand) == []


def test_goods_put_back_are_free_for_the_next_promise_only(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 2, "A01-01-1", "2026-01-01")
    hand.stock("MUG", 5, "A02-01-1", "2026-02-01")
    hand.order("SO-1", ("MUG", 2))
    pick_all(hand)
    hand.order("SO-2", ("MUG", 2))
    release(hand, "SO-2")  # its promise stands: nobody walks twice because goods came back
    cancel(hand, "SO-1")
    hand.say("HAND-1", "HOME")
    hand.say("HAND-1", "PUTBACK")
    hand.scan("HAND-1", TOTES[0])
    hand.scan("HAND-1", "MUG", 2)
    hand.scan("HAND-1", at("A01-01-1"))
    hand.order("SO-3", ("MUG", 1))
    assert promises(hand, "SO-3")[0][0] == "A01-01-1"
    assert findings(hand) == []


# --- the planted fault -----------------------------------------------------------------------------------


def test_a_planted_break_is_found(hand: FloorHand) -> None:
    older, newer = two_dates(hand)
    planted = hand.write(audit.plant_fifo_break)
    assert planted == {
        "order": "SO-1", "sku": "MUG", "qty_each": 2, "location": "A02-01-1", "layer": newer, "older_layer": older,
    }  # fmt: skip
    assert [(one["why"], one["order"], one["layer"]) for one in findings(hand)] == [("planted", "SO-1", newer)]


def test_a_planted_break_is_walked_like_any_promise(hand: FloorHand) -> None:
    _, newer = two_dates(hand)
    release(hand)
    hand.write(audit.plant_fifo_break)
    assert take_tour(hand)["fields"]["location"]["code"] == "A02-01-1"
    finish_tour(hand)
    assert picked_layers(hand, "SO-1") == [(newer, 2)]
    assert len(findings(hand)) == 1


def test_nothing_is_planted_where_nothing_can_be_broken(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 5)
    hand.order("SO-1", ("MUG", 2))
    assert hand.write(audit.plant_fifo_break) is None
    assert findings(hand) == []


def test_it_runs_on_a_transaction_and_on_a_bare_connection_alike(hand: FloorHand) -> None:
    two_dates(hand)
    hand.write(audit.plant_fifo_break)
    with snapshot(hand.floor.engine) as connection:
        assert audit.fifo_audit(connection) == hand.floor.read(audit.fifo_audit)


def test_a_long_past_read_in_pages_is_the_same_past(hand: FloorHand, monkeypatch: pytest.MonkeyPatch) -> None:
    two_dates(hand)
    hand.order("SO-9", ("MUG", 4))
    pick_all(hand)
    at_once = hand.floor.read(audit.fifo_audit)
    monkeypatch.setattr(audit_replay, "PAGE_ROWS", 1)
    assert hand.floor.read(audit.fifo_audit) == at_once
    assert at_once["moves"] > 1
