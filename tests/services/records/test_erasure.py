"""A buyer is forgotten everywhere at once, and the floor is as right as before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fulfillment.app import create_app
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.roles import TokenRole
from fulfillment.models import db
from fulfillment.services.ordering import orders
from fulfillment.services.records import audit_entries, audit_log, erasure
from fulfillment.services.set_up import setting_up
from tests.factories import NOBODY, FloorHand
from tests.services.acts import cancel, wrong
from tests.services.packing.a_bench import at_bench, at_lane, label_and_lane, pick_into

ADDRESS = {
    "name": "Zora Märker", "address1": "Zmarker Lane 1", "address2": "Zflat 2", "city": "Zcity", "region": "Zregion",
    "postcode": "ZP1 2ZZ", "country": "GB", "phone": "+44 555 ZPHONE",
}  # fmt: skip
MARKERS = [value for part, value in ADDRESS.items() if part != "country"] + ["M\\u00e4rker", "Znote"]


@pytest.fixture(autouse=True)
def _book_is_right(hand: FloorHand) -> Iterator[None]:
    yield
    assert wrong(hand) == []
    assert hand.floor.read(audit_log.verify_chain) == []
    assert hand.floor.read(audit_entries.verify_scans) == []


def take_in(hand: FloorHand, number: str = "SO-1", **address: str) -> None:
    order = orders.OrderIn(
        number, 1_760_000_000_000, [orders.LineIn("MUG", 2)], orders.ShipTo(**{**ADDRESS, **address})
    )
    hand.write(lambda tx: orders.take_in(tx, NOBODY, order, 10_000))


def ship(hand: FloorHand, number: str = "SO-1") -> None:
    """Pick, pack, print, label and load one order through the services; both papers were printed."""
    pick_into(hand, number)
    at_bench(hand)
    hand.scan("BENCH-1", "MUG")
    hand.scan("BENCH-1", "MUG")
    for row in hand.all("SELECT id FROM outbox WHERE warehouse_id = :w AND kind = 'print'"):
        hand.write(lambda tx, row=row: tx.run(
            "UPDATE outbox SET content = :c, content_sha256 = 'x' WHERE warehouse_id = :w AND id = :id",
            c=b"^XA Zora Zmarker Lane 1 ^XZ", id=row["id"]))  # fmt: skip
    parcel = label_and_lane(hand)
    at_lane(hand)
    hand.scan("HAND-1", "00" + parcel)
    hand.say("HAND-1", "CLOSE")
    hand.say("HAND-1", "CONFIRM")
    assert hand.order_state(number) == "shipped"


def still_said(hand: FloorHand) -> list[str]:
    """Where any marker stands in any column of any table."""
    found = []
    for table in db.metadata.sorted_tables:
        rows = hand.write(lambda tx, table=table: tx.all(f"SELECT * FROM {table.name}"))
        for row in rows:
            for column in table.columns:
                value = row[column.name]
                text = bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
                found += [f"{table.name}.{column.name}: {marker}" for marker in [*MARKERS, "Zmarker"] if marker in text]
    return found


def erase(hand: FloorHand, **buyer: Any) -> dict[str, Any]:
    return erasure.erase_buyer(hand.floor, NOBODY, erasure.Buyer(**buyer))


@pytest.fixture
def shipped(hand: FloorHand) -> FloorHand:
    hand.item("MUG")
    hand.stock("MUG", 10)
    take_in(hand)
    hand.write(lambda tx: orders.hold(tx, NOBODY, "SO-1", "Znote: ring Zora Märker"))
    hand.write(lambda tx: orders.release_hold(tx, NOBODY, "SO-1"))
    ship(hand)
    return hand


def test_a_shipped_order_says_nothing_of_its_buyer_any_more(shipped: FloorHand) -> None:
    places = {found.split(":")[0] for found in still_said(shipped)}
    assert {"sales_order.ship_to_name", "outbox.fields", "outbox.content", "scan.outcome"} <= places
    report = erase(shipped, order="SO-1")
    assert still_said(shipped) == []
    assert report["orders"] == ["SO-1"]
    assert report["prints"] == 2
    assert report["scans"] > 0
    assert shipped.order_state("SO-1") == "shipped"


def test_a_cancelled_order_is_forgotten_by_the_buyers_name_however_it_is_written(hand: FloorHand) -> None:
    hand.item("MUG")
    take_in(hand)
    take_in(hand, "SO-2", name="Somebody Else")
    cancel(hand, "SO-1")
    assert erase(hand, name=" Zora Märker ")["orders"] == ["SO-1"]
    assert hand.one("SELECT ship_to_name FROM sales_order WHERE warehouse_id = :w AND number = 'SO-2'") == {
        "ship_to_name": "Somebody Else"
    }


def test_an_open_order_needs_its_address_and_nothing_is_erased(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 10)
    take_in(hand)
    take_in(hand, "SO-2")
    cancel(hand, "SO-2")
    with pytest.raises(Conflict, match="SO-1") as refused:
        erase(hand, name="Zora Märker")
    assert refused.value.code == "order_open"
    assert len([said for said in still_said(hand) if said.startswith("sales_order.ship_to_name")]) == 2


def test_who_is_not_known_cannot_be_forgotten(hand: FloorHand) -> None:
    for buyer, wrong_with in (
        ({"order": "SO-9"}, NotFound), ({"name": "Nobody"}, NotFound), ({}, DomainError),
        ({"order": "SO-9", "name": "Nobody"}, DomainError),
    ):  # fmt: skip
        with pytest.raises(wrong_with):
            erase(hand, **buyer)


def test_a_scan_that_showed_the_buyer_can_still_be_sent_again(shipped: FloorHand) -> None:
    before = shipped.all("SELECT scan_id FROM scan WHERE warehouse_id = :w AND outcome LIKE '%Zmarker%'")
    assert before
    erase(shipped, order="SO-1")
    for row in before:
        sent = shipped.one("SELECT * FROM scan WHERE warehouse_id = :w AND scan_id = :id", id=row["scan_id"])
        station = shipped.one("SELECT code FROM station WHERE warehouse_id = :w AND id = :id", id=sent["station_id"])
        answer = shipped.scan(station["code"], sent["code"], sent["qty_each"], scan_id=row["scan_id"])
        assert (answer["replayed"], answer["outcome"]) == (True, "rejected" if sent["rejection"] else "applied")
    assert still_said(shipped) == []


def test_the_log_says_that_a_buyer_was_erased_and_not_who(shipped: FloorHand) -> None:
    token = shipped.write(lambda tx: setting_up.add_token(tx, "office", TokenRole.ADMIN))
    client = create_app(shipped.floor).test_client()
    answer = client.post(
        "/api/v1/buyers/erase", json={"name": "Zora Märker"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json["orders"]) == (200, ["SO-1"])
    rows = shipped.floor.read(lambda tx: audit_entries.newest(tx, audit_entries.Sought(), 2))
    assert [row["kind"] for row in rows] == ["erasure", "api"]
    assert [row["token"]["name"] for row in rows] == ["office", "office"]
    assert rows[1]["content"] is None
    assert still_said(shipped) == []


def test_a_label_nobody_has_printed_is_not_printed_without_its_address(shipped: FloorHand) -> None:
    erase(shipped, order="SO-1")
    rows = shipped.all(
        "SELECT state FROM outbox WHERE warehouse_id = :w AND template IN ('shipping_4x6', 'packing_slip')"
    )
    assert {row["state"] for row in rows} <= {"cancelled", "confirmed", "superseded", "sent"}
