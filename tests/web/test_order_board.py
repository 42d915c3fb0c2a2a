"""The order board over HTTP and as plain pages: every act is a form as well, and is refused in words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.replenishing import pick_faces
from fulfillment.services.set_up import setting_up
from tests.factories import NOBODY, FloorHand
from tests.services import acts
from tests.services.arriving import announce

OURS = {"Origin": "http://localhost"}


@pytest.fixture
def orders(hand: FloorHand) -> FloorHand:
    """Two orders with goods promised, one that waits."""
    hand.item("MUG", name="Mug <blue>")
    hand.stock("MUG", 10)
    hand.order("S<1>", ("MUG", 2))
    hand.order("S2", ("MUG", 2))
    hand.order("BIG", ("MUG", 40), policy="ship_complete")
    return hand


@pytest.fixture
def desk(orders: FloorHand) -> FlaskClient:
    return entered(orders, TokenRole.API)


def entered(hand: FloorHand, role: str) -> FlaskClient:
    client = create_app(hand.floor).test_client()
    token = hand.write(lambda tx: setting_up.add_token(tx, role, role))
    client.get("/enter", query_string={"token": token})
    return client


def card(hand: FloorHand, desk: FlaskClient, number: str) -> dict[str, Any]:
    order = hand.one("SELECT id FROM sales_order WHERE warehouse_id = :w AND number = :n", n=number)["id"]
    return desk.get(f"/api/v1/order-board/cards/{order}").get_json()


def seen(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def post(desk: FlaskClient, address: str, **form: str | list[str]) -> Any:
    return desk.post(address, data=form, headers=OURS)


def test_the_page_has_every_card_drawn_before_any_script(orders: FloorHand, desk: FlaskClient) -> None:
    html = desk.get("/order-board").text
    assert html.count('<li class="order-card') == 3
    assert "S&lt;1&gt;" in html
    assert "S<1>" not in html
    assert "2 units" in seen(html)


def test_the_filters_are_in_the_address(orders: FloorHand, desk: FlaskClient) -> None:
    html = desk.get("/order-board", query_string={"q": "big", "lanes": "priority"}).text
    assert html.count('<li class="order-card') == 1
    assert 'data-query="q=big&amp;lanes=priority"' in html
    assert "1 of 1" not in seen(html)
    assert "0 of 2" in seen(html)
    assert desk.get("/order-board", query_string={"lanes": "rows"}).status_code == 422


def test_an_open_page_asks_for_cells_and_is_told_when_nothing_has_changed(
    orders: FloorHand, desk: FlaskClient
) -> None:
    first = desk.get("/order-board/cells")
    tag = first.headers["ETag"]
    assert desk.get("/order-board/cells", headers={"If-None-Match": tag}).status_code == 304
    acts.cancel(orders, "S2")
    assert desk.get("/order-board/cells", headers={"If-None-Match": tag}).status_code == 200
    api = desk.get("/api/v1/order-board")
    assert desk.get("/api/v1/order-board", headers={"If-None-Match": api.headers["ETag"]}).status_code == 304


def test_more_cards_come_a_page_at_a_time(orders: FloorHand, desk: FlaskClient) -> None:
    cell = desk.get("/order-board/cell", query_string={"column": "allocated", "limit": 1}).text
    after = re.search(r'data-next="([^"]+)"', cell)
    assert after
    rest = desk.get("/order-board/cell", query_string={"column": "allocated", "after": after.group(1)}).text
    assert cell.count("<li") == rest.count("<li") == 1
    assert cell != rest
    for wrong in ({"column": "nowhere"}, {"column": "allocated", "after": "1; DROP"}, {"column": "hold", "limit": "0"}):
        assert desk.get("/order-board/cell", query_string=wrong).status_code == 422


def test_the_menu_moves_a_card_and_comes_back_to_the_same_filters(orders: FloorHand, desk: FlaskClient) -> None:
    one = card(orders, desk, "S2")
    answer = post(desk, "/order-board/moves", card=f"{one['card']}:{one['version']}", act="hold", back="lanes=channel")
    assert (answer.status_code, answer.location) == (303, "/order-board?lanes=channel")
    assert orders.order_state("S2") == "hold"
    stale = post(desk, "/order-board/moves", card=f"{one['card']}:{one['version']}", act="cancel")
    assert stale.status_code == 409
    assert "Somebody changed it meanwhile" in seen(stale.text)


def test_several_cards_get_an_answer_each_in_words(orders: FloorHand, desk: FlaskClient) -> None:
    cards = [card(orders, desk, number) for number in ("S2", "BIG")]
    answer = desk.post(
        "/order-board/moves", headers=OURS,
        data={"card": [f"{one['card']}:{one['version']}" for one in cards], "act": "release"},
    )  # fmt: skip
    text = seen(answer.text)
    assert answer.status_code == 409
    assert "S2 Done: Released" in text
    assert "BIG Not done: Its goods are not there" in text
    assert "It may go to: On hold, Cancelled." in text
    assert post(desk, "/order-board/moves", card="x:1", act="hold").status_code == 422
    assert post(desk, "/order-board/moves", act="hold").status_code == 422


def test_a_move_over_the_api_is_in_the_audit_log(orders: FloorHand, desk: FlaskClient) -> None:
    one = card(orders, desk, "S2")
    body = {"cards": [{"card": one["card"], "version": one["version"]}], "to": "hold"}
    answer = desk.post("/api/v1/order-board/moves", json=body, headers=OURS).get_json()["answers"][0]
    assert (answer["outcome"], answer["state"], answer["ways"]["waiting"]) == ("moved", "hold", "go_on")
    entry = orders.one("SELECT subject FROM audit_log WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1")
    assert entry["subject"] == "POST /api/v1/order-board/moves"


def test_a_wall_asks_whose_badge_it_is(orders: FloorHand, desk: FlaskClient) -> None:
    wall = entered(orders, TokenRole.BOARD)
    one = card(orders, desk, "S2")
    chosen = f"{one['card']}:{one['version']}"
    assert 'name="badge" maxlength="60" autocomplete="off" required' in wall.get("/order-board").text
    assert "needs a supervisor" in seen(post(wall, "/order-board/moves", card=chosen, act="hold").text)
    assert post(wall, "/order-board/moves", card=chosen, act="hold", badge="1002").status_code == 422
    assert post(wall, "/order-board/moves", card=chosen, act="hold", badge="1001").status_code == 303
    assert orders.order_state("S2") == "hold"


def test_another_sites_page_moves_nothing(orders: FloorHand, desk: FlaskClient) -> None:
    one = card(orders, desk, "S2")
    answer = desk.post(
        "/order-board/moves", data={"card": f"{one['card']}:{one['version']}", "act": "hold"},
        headers={"Origin": "http://elsewhere.example"},
    )  # fmt: skip
    assert answer.status_code == 403
    assert orders.order_state("S2") == "allocated"


def test_a_card_is_written_on_and_tells_who_did_what(orders: FloorHand, desk: FlaskClient) -> None:
    one = card(orders, desk, "S2")
    address = f"/order-board/cards/{one['card']}"
    saved = post(desk, address, act="save", version=one["version"], owner="1002", labels="gift, <b>",
                 due="2026-12-01T10:30")  # fmt: skip
    assert saved.status_code == 303
    version = card(orders, desk, "S2")["version"]
    assert post(desk, address, act="block", version=version, because="payment", why="asked").status_code == 303
    assert post(desk, address, act="comment", text="<script>alert(1)</script>", badge="1001").status_code == 303
    html = desk.get(address).text
    text = seen(html)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    assert "Blocked payment, for 0 min" in text
    assert "Owner Bob" in text
    assert 'value="2026-12-01T10:30"' in html
    assert post(desk, address, act="save", version=version, owner="").status_code == 409
    now = card(orders, desk, "S2")["version"]
    assert post(desk, address, act="save", version=now, due="soon").status_code == 422
    assert post(desk, address, act="block", version=now, because="").status_code == 422
    assert post(desk, address, act="unblock", version=now).status_code == 303
    assert desk.get("/order-board/cards/99999").status_code == 404


def test_a_card_is_written_on_over_the_api(orders: FloorHand, desk: FlaskClient) -> None:
    one = card(orders, desk, "S2")
    address = f"/api/v1/order-board/cards/{one['card']}"
    body = {"version": one["version"], "labels": ["gift"], "due": "2026-12-01T10:30:00+00:00", "blocked": "fraud"}
    changed = desk.patch(address, json=body, headers=OURS).get_json()
    assert (changed["labels"], changed["due_at_ms"], changed["blocked_because"]) == (
        ["gift"], 1_796_121_000_000, "fraud",
    )  # fmt: skip
    assert desk.patch(address, json=body, headers=OURS).status_code == 409
    said = desk.post(f"{address}/comments", json={"text": "Buyer called"}, headers=OURS)
    assert (said.status_code, said.get_json()["comments"]) == (201, 1)
    assert desk.post(f"{address}/comments", json={"text": " "}, headers=OURS).status_code == 422


def test_limits_and_kept_views_are_set_on_the_page(orders: FloorHand, desk: FlaskClient) -> None:
    assert post(desk, "/order-board/limits", column="allocated", limit="1", badge="1001").status_code == 303
    assert "Over the limit: 2 of 1" in seen(desk.get("/order-board").text)
    assert post(desk, "/order-board/limits", column="shipped", limit="1").status_code == 422
    assert post(desk, "/order-board/limits", column="allocated", limit="many").status_code == 422
    assert post(desk, "/order-board/views", name="Late", back="late=1&evil=1", badge="1002").status_code == 303
    html = desk.get("/order-board").text
    assert "Late Bob" in seen(html)
    assert "evil" not in html
    assert "evil" not in desk.get("/order-board", query_string={"evil": "1"}).text
    view = re.search(r'name="view" value="(\d+)"', html)
    assert view
    assert post(desk, "/order-board/views", view=view.group(1), badge="1001").status_code == 404
    assert post(desk, "/order-board/views", view=view.group(1), badge="1002").status_code == 303
    kept = desk.post("/api/v1/order-board/views", json={"name": "All", "query": ""}, headers=OURS)
    assert kept.status_code == 201
    assert [one["name"] for one in desk.get("/api/v1/order-board/views").get_json()["views"]] == ["All"]
    gone = desk.post(f"/api/v1/order-board/views/{kept.get_json()['view_id']}/forget", json={}, headers=OURS)
    assert gone.status_code == 200
    limit = desk.put("/api/v1/order-board/limits/hold", json={"cards_max": 7}, headers=OURS)
    assert limit.get_json() == {"column": "hold", "cards_max": 7}


def test_faces_are_out_low_enough_or_too_full(orders: FloorHand, desk: FlaskClient) -> None:
    for place, low, high in (("A01-01-1", 20, 40), ("A01-02-1", 5, 20), ("A01-03-1", 1, 3), ("A02-01-1", 5, 20)):
        orders.write(lambda tx, p=place, a=low, b=high: pick_faces.give(tx, NOBODY, p, "MUG", a, b))
    orders.stock("MUG", 9, "A01-03-1", "2026-02-01")
    orders.stock("MUG", 9, "A02-01-1", "2026-02-01")
    view = desk.get("/api/v1/stock-board").get_json()
    assert {one["column"]: [card["location"] for card in one["cards"]] for one in view["columns"]} == {
        "out": ["A01-02-1"], "low": ["A01-01-1"], "ok": ["A02-01-1"], "over": ["A01-03-1"],
    }  # fmt: skip
    text = seen(desk.get("/stock-board").text)
    assert "Mug &lt;blue&gt; MUG 0 here · 5 to 20" in text
    assert "A01-02-1" not in seen(desk.get("/stock-board", query_string={"q": "A02"}).text)


def test_refills_are_asked_for_from_the_stock_board(orders: FloorHand, desk: FlaskClient) -> None:
    orders.item("CUP")
    orders.stock("CUP", 30, "A02-03-3")
    orders.write(lambda tx: pick_faces.give(tx, NOBODY, "A01-02-1", "CUP", 5, 20))
    orders.write(lambda tx: tx.put("UPDATE task SET state = 'cancelled' WHERE kind = 'replenish'"))
    assert "Ask for refills" in desk.get("/stock-board").text
    assert post(desk, "/stock-board", sku="CUP").status_code == 303
    assert "20 on the way" in seen(desk.get("/stock-board").text)
    assert post(desk, "/stock-board", sku="NONE").status_code == 404
    again = desk.post("/api/v1/stock-board/refills", json={"sku": "CUP"}, headers=OURS).get_json()
    assert again["open_refills"] >= 1


def lying_low(orders: FloorHand) -> None:
    """Two items low in two zones, both with more elsewhere, nothing asked for."""
    orders.item("CUP")
    for sku, face, reserve in (("CUP", "A01-02-1", "A02-03-3"), ("MUG", "A02-02-1", "A02-03-3")):
        orders.stock(sku, 30, reserve)
        orders.write(lambda tx, p=face, s=sku: pick_faces.give(tx, NOBODY, p, s, 5, 20))
    orders.write(lambda tx: tx.put("UPDATE task SET state = 'cancelled' WHERE kind = 'replenish'"))
    orders.write(lambda tx: tx.put("UPDATE location SET zone = 'LOW' WHERE code = 'A01-02-1'"))


def faces(view: dict[str, Any]) -> list[str]:
    return [card["location"] for column in view["columns"] for card in column["cards"]]


def test_faces_are_filtered_and_stand_in_rows_by_zone(orders: FloorHand, desk: FlaskClient) -> None:
    lying_low(orders)
    view = desk.get("/api/v1/stock-board", query_string={"lanes": "zone"}).get_json()
    rows = {row["lane"]: faces({"columns": row["cells"]}) for row in view["lanes"]}
    assert rows.pop("LOW") == ["A01-02-1"]
    assert list(rows.values()) == [["A02-02-1"]]
    assert faces(desk.get("/api/v1/stock-board", query_string={"zone": "LOW"}).get_json()) == ["A01-02-1"]
    html = desk.get("/stock-board", query_string={"lanes": "zone", "zone": "LOW"}).text
    assert 'class="kanban-lane" id="row-1">LOW<' in html
    assert desk.get("/api/v1/stock-board", query_string={"lanes": "none'"}).status_code == 422
    post(desk, "/stock-board", sku="CUP")
    assert faces(desk.get("/api/v1/stock-board", query_string={"unasked": "1"}).get_json()) == ["A02-02-1"]


def test_refills_of_all_that_is_shown_low_are_asked_for_at_once(orders: FloorHand, desk: FlaskClient) -> None:
    lying_low(orders)
    html = desk.get("/stock-board").text
    assert "Ask for refills of 2 items" in html
    asked = post(desk, "/stock-board", sku=["CUP", "MUG", "CUP"], back="zone=LOW&evil=1")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/stock-board?zone=LOW")
    assert seen(desk.get("/stock-board").text).count("20 on the way") == 2
    assert "Ask for refills" not in desk.get("/stock-board").text


def test_an_empty_stock_board_says_where_levels_come_from(orders: FloorHand, desk: FlaskClient) -> None:
    assert "Faces get their levels under Setting up" in desk.get("/stock-board").text
    assert "Receipts are announced under Setting up" in desk.get("/inbound-board", query_string={"q": "NONE"}).text


def test_the_other_boards_are_not_sent_again_while_nothing_has_changed(orders: FloorHand, desk: FlaskClient) -> None:
    tag = desk.get("/stock-board").headers["ETag"]
    assert desk.get("/stock-board", headers={"If-None-Match": tag}).status_code == 304
    lying_low(orders)
    assert desk.get("/stock-board", headers={"If-None-Match": tag}).status_code == 200


def test_receipts_stand_in_rows_by_when_they_are_due_and_late_ones_say_so(
    orders: FloorHand, desk: FlaskClient
) -> None:
    for number, due in (("SOON", "2999-01-01"), ("PAST", "2020-01-01"), ("OPEN", "")):
        announce(orders, number, ("MUG", 4))
        orders.write(lambda tx, n=number, d=due: tx.put("UPDATE receipt SET due_on = :d WHERE number = :n", d=d, n=n))
    view = desk.get("/api/v1/inbound-board", query_string={"lanes": "due"}).get_json()
    rows = {row["lane"]: [card["number"] for cell in row["cells"] for card in cell["cards"]] for row in view["lanes"]}
    assert [rows[lane] for lane in ("late", "later", "untold")] == [["PAST"], ["SOON"], ["OPEN"]]
    late = desk.get("/inbound-board", query_string={"late": "1", "lanes": "supplier"}).text
    assert "due 2020-01-01, late" in seen(late)
    assert "SOON" not in late
    assert desk.get("/api/v1/inbound-board", query_string={"lanes": "zone"}).status_code == 422


def test_receipts_stand_where_the_scans_at_the_dock_have_brought_them(orders: FloorHand, desk: FlaskClient) -> None:
    announce(orders, "SOON", ("MUG", 4))
    announce(orders, "TODAY", ("MUG", 4))
    announce(orders, "BEGUN", ("MUG", 4))
    orders.write(lambda tx: tx.put("UPDATE receipt SET due_on = '2020-01-01' WHERE number IN ('TODAY', 'BEGUN')"))
    orders.write(lambda tx: tx.put("UPDATE receipt SET due_on = '2999-01-01' WHERE number = 'SOON'"))
    orders.sign_in("DOCK-1", "RECEIVE")
    orders.scan("DOCK-1", acts.own_code("R", "BEGUN"))
    orders.scan("DOCK-1", "MUG", 4)

    def columns() -> dict[str, list[str]]:
        view = desk.get("/api/v1/inbound-board").get_json()
        return {one["column"]: [card["number"] for card in one["cards"]] for one in view["columns"] if one["cards"]}

    assert columns() == {"announced": ["SOON"], "arriving": ["TODAY"], "receiving": ["BEGUN"]}
    orders.say("DOCK-1", "DONE")
    orders.say("DOCK-1", "CONFIRM")
    assert columns()["putaway"] == ["BEGUN"]
    orders.write(lambda tx: tx.put("UPDATE receipt SET stocked_at_ms = closed_at_ms WHERE number = 'BEGUN'"))
    assert columns()["done"] == ["BEGUN"]
    assert "4 of 4 received" in seen(desk.get("/inbound-board", query_string={"q": "beg"}).text)


def test_a_board_sees_no_stock_and_no_receipts(orders: FloorHand) -> None:
    wall = entered(orders, TokenRole.BOARD)
    html = wall.get("/order-board").text
    assert "/stock-board" not in html
    assert wall.get("/stock-board").status_code == wall.get("/inbound-board").status_code == 403
