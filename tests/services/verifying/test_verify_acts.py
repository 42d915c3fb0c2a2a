"""Rules of `floor verify` for what is done: scans, leases, states, labels, prints, events, the audit chain. And of its
sums: whatever a statement of its own would find, the one pass over the ledger notices."""

from __future__ import annotations

import random
from typing import Any

import pytest

from fulfillment.services.verifying import verify, verify_sums
from tests.factories import FloorHand
from tests.services.acts import cancel, pick_all, release, take_tour, wrong
from tests.services.packing.a_bench import BENCH, at_bench, label_and_lane


@pytest.fixture
def busy(hand: FloorHand) -> FloorHand:
    """A parcel in its lane, a tour under way with another's goods, and an order that waits."""
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 10)
    hand.stock("CUP", 10, "A01-02-1")
    hand.order("SO-1", ("MUG", 3))
    pick_all(hand)
    at_bench(hand)
    for _ in range(3):
        hand.scan(BENCH, "MUG")
    label_and_lane(hand)
    hand.order("SO-2", ("CUP", 2), ("MUG", 1))
    release(hand)
    take_tour(hand, cart=1, first_tote=3)
    hand.order("SO-3", ("CUP", 1))
    assert wrong(hand) == []
    return hand


def found(hand: FloorHand, *, spares: bool = True) -> set[str]:
    """The checks that have something to say."""
    report: dict[str, Any] = hand.floor.read(lambda tx: verify.verify(tx, spares=spares))
    return {check["name"] for check in report["checks"] if not check["ok"]}


def break_it(hand: FloorHand, *statements: str) -> None:
    """Change rows behind the floor's back."""

    def work(tx: Any) -> None:
        for statement in statements:
            tx.put(statement)

    hand.write(work)


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE tour SET cart_id = NULL WHERE warehouse_id = :w AND state = 'active'", "what_is_done_stays_done"),
        ("UPDATE tour SET done_at_ms = 1 WHERE warehouse_id = :w AND state = 'active'", "what_is_done_stays_done"),
        ("UPDATE wave SET released_at_ms = NULL WHERE warehouse_id = :w", "what_is_done_stays_done"),
        ("UPDATE tour SET state = 'done', done_at_ms = 1 WHERE warehouse_id = :w", "no_work_is_left_in_a_done_tour"),
        ("UPDATE parcel SET shipped_at_ms = 1 WHERE warehouse_id = :w", "parcels_went_their_way"),
        ("UPDATE parcel SET weighed_g = 588 WHERE warehouse_id = :w", "a_weighed_parcel_was_right"),
        ("UPDATE parcel SET closed_at_ms = NULL WHERE warehouse_id = :w", "parcels_went_their_way"),
        ("UPDATE parcel SET state = 'loaded' WHERE warehouse_id = :w", "parcels_went_their_way"),
        ("UPDATE outbox SET state = 'claimed' WHERE warehouse_id = :w AND id = 1", "claims_have_a_lease"),
        ("UPDATE outbox SET attempts = 5 WHERE warehouse_id = :w AND id = 1", "claims_have_a_lease"),
        ("UPDATE job SET state = 'claimed', lease_until_ms = 0 WHERE warehouse_id = :w", "claims_have_a_lease"),
        ("UPDATE job SET state = 'done', done_at_ms = NULL WHERE warehouse_id = :w", "what_is_done_stays_done"),
        (
            "UPDATE outbox SET state = 'sending', fence = 1, lease_until_ms = 9 WHERE warehouse_id = :w"
            " AND printer_id IS NOT NULL",
            "one_job_at_a_printer",
        ),
        (
            "UPDATE outbox SET dedupe_key = 'label:' || subject || ':7' WHERE warehouse_id = :w"
            " AND dedupe_key LIKE 'label:%'",
            "a_print_is_asked_for",
        ),
        ("DELETE FROM event WHERE warehouse_id = :w AND id = 3", "events_have_no_gap"),
        ("DELETE FROM scan WHERE warehouse_id = :w AND id = 3", "scans_have_no_gap"),
        ("UPDATE allocation_entry SET after_move_id = 9999 WHERE warehouse_id = :w", "entries_follow_the_ledger"),
    ],
)
def test_what_could_not_have_been_done_is_found(busy: FloorHand, statement: str, check: str) -> None:
    break_it(busy, statement)
    assert check in found(busy)


def test_a_second_print_of_a_label_that_waits_is_found(busy: FloorHand) -> None:
    break_it(
        busy,
        "UPDATE outbox SET state = 'held' WHERE warehouse_id = :w AND dedupe_key LIKE 'label:%'",
        "UPDATE parcel SET reprints = 1 WHERE warehouse_id = :w",
        "INSERT INTO outbox (warehouse_id, id, kind, subject, dedupe_key, template, created_at_ms) SELECT warehouse_id,"
        " 999, kind, subject, 'label:' || subject || ':1', template, 0 FROM outbox WHERE warehouse_id = :w"
        " AND dedupe_key LIKE 'label:%'",
    )
    assert found(busy) == {"one_print_of_a_label_waits"}


def test_a_cart_on_two_tours_is_found_and_its_totes_too(busy: FloorHand) -> None:
    break_it(
        busy,
        "UPDATE tour SET state = 'active', done_at_ms = NULL, cart_id = (SELECT MAX(t.cart_id) FROM tour t)"
        " WHERE warehouse_id = :w",
        "UPDATE tour_tote SET lpn_id = (SELECT MAX(o.lpn_id) FROM tour_tote o) WHERE warehouse_id = :w",
    )
    assert {"a_cart_is_on_one_tour", "a_tote_is_on_one_tour"} <= found(busy)


LABEL = (
    "INSERT INTO carrier_label (warehouse_id, id, reference, parcel_id, carrier_id, state, tracking_number,"
    " created_at_ms, bought_at_ms) SELECT warehouse_id, {id}, 'ref-{id}', id, carrier_id, '{state}', '{number}', 0,"
    " {bought} FROM parcel WHERE warehouse_id = :w"
)


def test_two_good_labels_of_one_parcel_are_found(busy: FloorHand) -> None:
    break_it(busy, LABEL.format(id=1, state="bought", number="T1", bought=1))
    assert found(busy) == set()
    break_it(busy, "DROP INDEX ix_carrier_label_live", LABEL.format(id=2, state="wanted", number="", bought="NULL"))
    assert found(busy) == {"a_parcel_has_one_label"}


def test_a_label_bought_without_a_number_or_counted_twice_is_found(busy: FloorHand) -> None:
    break_it(busy, LABEL.format(id=1, state="bought", number="", bought="NULL"))
    assert found(busy) == {"a_bought_label_is_known"}
    break_it(
        busy, "UPDATE carrier_label SET tracking_number = 'T1', bought_at_ms = 1 WHERE warehouse_id = :w",
        LABEL.format(id=2, state="void", number="T1", bought=1),
    )  # fmt: skip
    assert found(busy) == {"a_label_is_of_one_parcel"}


@pytest.mark.engine("sqlite")
def test_a_changed_audit_entry_is_found(busy: FloorHand) -> None:
    break_it(
        busy, "DROP TRIGGER audit_log_no_update",
        "UPDATE audit_log SET subject = 'somebody else' WHERE warehouse_id = :w AND id = 2",
    )  # fmt: skip
    assert found(busy) == {"the_audit_chain_holds"}


@pytest.mark.engine("sqlite")
def test_of_a_long_chain_the_end_and_a_stretch_are_walked_and_all_of_it_when_asked(
    busy: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "STRETCH", 3)
    last_id = busy.one("SELECT MAX(id) AS id FROM audit_log WHERE warehouse_id = :w")["id"]
    assert last_id > 12
    assert all(found(busy) == set() for _ in range(10))
    break_it(busy, "DROP TRIGGER audit_log_no_update")
    for entry_id, stretch_at, seen in ((6, 4, True), (6, 8, False), (last_id - 1, 4, True)):
        monkeypatch.setattr(verify.secrets, "randbelow", lambda _, at=stretch_at: at)
        change = "UPDATE audit_log SET subject = {} WHERE warehouse_id = :w AND id = " + str(entry_id)
        break_it(busy, change.format("'!' || subject"))
        assert found(busy) == ({"the_audit_chain_holds"} if seen else set())
        assert found(busy, spares=False) == {"the_audit_chain_holds"}
        break_it(busy, change.format("SUBSTR(subject, 2)"))


# What the one pass over the ledger vouches for, broken in ways that leave totals, or the totals of rows and columns.
SUMS = [
    "UPDATE stock_balance SET on_hand_each = on_hand_each + 1 WHERE warehouse_id = :w AND lpn_id = 0 AND layer_id = 1",
    "UPDATE stock_balance SET on_hand_each = on_hand_each + CASE WHEN layer_id = 1 THEN 1 ELSE -1 END"
    " WHERE warehouse_id = :w AND lpn_id = 0",
    "UPDATE stock_balance SET layer_id = 3 - layer_id, item_id = 3 - item_id WHERE warehouse_id = :w AND lpn_id = 0",
    "UPDATE stock_balance SET location_id = 15 WHERE warehouse_id = :w AND lpn_id = 0 AND layer_id = 2",
    "UPDATE stock_balance SET status = 'hold', allocated_each = 0 WHERE warehouse_id = :w AND layer_id = 1",
    "UPDATE stock_balance SET sealed_each = 1 WHERE warehouse_id = :w AND lpn_id = 0",
    "UPDATE order_line SET qty_each = qty_each + 1 WHERE warehouse_id = :w AND order_id = 3",
    "UPDATE allocation SET qty_each = qty_each + 1 WHERE warehouse_id = :w AND qty_each > 0",
    "UPDATE allocation_entry SET layer_id = 1 WHERE warehouse_id = :w AND layer_id = 2",
    "UPDATE demand SET order_id = 3 WHERE warehouse_id = :w AND order_id = 1",
    "UPDATE layer SET item_id = 2 WHERE warehouse_id = :w AND id = 1",
    "UPDATE lpn SET kind = 'carton' WHERE warehouse_id = :w AND kind = 'tote'",
]


@pytest.mark.parametrize("statement", SUMS)
def test_what_a_statement_finds_the_sums_notice(busy: FloorHand, statement: str) -> None:
    break_it(busy, statement)
    exact = found(busy, spares=False)
    assert found(busy) == exact
    for seed in range(20):
        noticed = busy.floor.read(
            lambda tx, seed=seed: verify_sums.doubtful(lambda sql: tx.all(sql), random.Random(seed))  # type: ignore[misc]
        )
        assert exact & verify_sums.VOUCHED <= noticed


def test_where_nothing_is_wrong_the_sums_agree_whatever_was_drawn(busy: FloorHand) -> None:
    cancel(busy, "SO-3")
    for seed in range(50):
        assert (
            busy.floor.read(
                lambda tx, seed=seed: verify_sums.doubtful(lambda sql: tx.all(sql), random.Random(seed))  # type: ignore[misc]
            )
            == set()
        )
