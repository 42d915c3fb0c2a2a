"""Stock and trace as pages: what is asked is found, what is scanned is understood, names stay text."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.domain.tracing import Sums
from fulfillment.services.set_up import setting_up
from kiosk_ui.words import WORDS
from tests.factories import FloorHand
from tests.services.packing.a_bench import pick_into
from tests.services.tracing.test_trace import goods

GTIN = "5012345678900"


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    item = hand.item("MUG", name="Mug <blue>")
    hand.write(lambda tx: tx.insert("item_barcode", item_id=item, code="0" + GTIN, uom="each", qty_each=1))
    goods(hand, "MUG", 10, lot="L1", receipt="PO-77")
    goods(hand, "MUG", 4, lot="L2", location="A02-01-1", received_on="2026-02-01")
    hand.order("SO-1", ("MUG", 2))
    pick_into(hand, "SO-1")
    return hand


@pytest.fixture
def desk(stocked: FloorHand) -> FlaskClient:
    return entered(stocked, TokenRole.API)


def entered(hand: FloorHand, role: str) -> FlaskClient:
    client = create_app(hand.floor).test_client()
    token = hand.write(lambda tx: setting_up.add_token(tx, role, role))
    client.get("/enter", query_string={"token": token})
    return client


def page(desk: FlaskClient, address: str, **words: str) -> str:
    answer = desk.get(address, query_string=words or None)
    assert answer.status_code == 200, answer.text
    return answer.text


def seen(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_token_of_no_station_enters_at_the_ways_to_every_page(stocked: FloorHand) -> None:
    client = create_app(stocked.floor).test_client()
    token = stocked.write(lambda tx: setting_up.add_token(tx, "office", TokenRole.API))
    assert client.get("/enter", query_string={"token": token}).location == "/"
    html = client.get("/").text
    assert all(f'href="/{way}"' in html for way in ("board", "stock", "trace"))


def test_a_board_is_shown_no_way_it_may_not_go(stocked: FloorHand) -> None:
    board = entered(stocked, TokenRole.BOARD)
    html = board.get("/").text
    assert 'href="/board"' in html
    assert 'href="/trace"' not in html
    assert board.get("/trace").status_code == board.get("/stock").status_code == 403


@pytest.mark.parametrize(
    "word", ["mug", "MU", "blue", GTIN, f"]d201{'0' + GTIN}", "L1", "a01-01", "A01-01-1", own_code("L", "A01-01-1")]
)
def test_stock_is_found_by_whatever_is_typed_or_scanned(desk: FlaskClient, word: str) -> None:
    html = page(desk, "/stock", q=word)
    assert "A01-01-1" in html
    assert "Lot L1" in seen(html)
    assert "Mug &lt;blue&gt;" in html


def test_stock_of_a_place_is_of_that_place(desk: FlaskClient) -> None:
    html = page(desk, "/stock", q="A02-01-1")
    assert "L2" in html
    assert "L1" not in seen(html)


@pytest.mark.parametrize("word", ["NOPE", "%", "_", "L-A01-01-1-X", "'; DROP TABLE item"])
def test_a_word_nobody_knows_finds_nothing(desk: FlaskClient, word: str) -> None:
    assert 'id="nothing"' in page(desk, "/stock", q=word)
    assert desk.get("/trace", query_string={"q": word}).status_code == 404


def test_a_word_no_database_can_hold_is_refused(desk: FlaskClient) -> None:
    for path in ("/stock", "/trace"):
        assert desk.get(path, query_string={"q": "\x00"}).status_code == 400


@pytest.mark.parametrize(
    ("address", "marked"),
    [
        ("/waves", 'href="/waves" aria-current="page"'),
        ("/waves/plan", 'href="/waves" aria-current="true"'),
        ("/floor/now", 'href="/floor" aria-current="true"'),
        ("/stock-board", 'href="/order-board" aria-current="true"'),
        ("/prints", 'href="/labels" aria-current="true"'),
    ],
)
def test_the_bar_says_where_one_is_on_pages_beneath_others_too(stocked: FloorHand, address: str, marked: str) -> None:
    client = entered(stocked, TokenRole.ADMIN)
    html = page(client, address)
    bar = html[html.index('class="desk-pages"') : html.index("<main")]
    assert (marked in bar, bar.count("aria-current")) == (True, 1)


def test_a_trace_shows_the_chain_and_leads_to_the_recall_list(desk: FlaskClient) -> None:
    html = page(desk, "/trace", q="L1")
    words = seen(html)
    assert "Every unit is accounted for" in words
    assert "Supplier Potter Receipt PO-77" in words
    assert "SO-1 At staging Jo Buyer GB 2 in totes" in words
    recall = re.search(r'href="(/api/v1/trace/recall[^"]+)"', html)
    assert recall is not None
    assert desk.get(recall[1].replace("&amp;", "&")).content_type == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    "word", ["PO-77", own_code("R", "PO-77"), "SO-1", own_code("O", "SO-1"), f"]d201{'0' + GTIN}10L1", "mug", GTIN]
)
def test_a_trace_begins_at_whatever_is_scanned(desk: FlaskClient, word: str) -> None:
    assert "Supplier Potter Receipt PO-77" in seen(page(desk, "/trace", q=word))


def test_a_word_that_means_several_things_is_asked_back(desk: FlaskClient, stocked: FloorHand) -> None:
    stocked.order("L1", ("MUG", 1))
    stocked.order("L1", ("MUG", 1), channel="web")
    html = page(desk, "/trace", q="L1")
    ways = re.findall(r'class="choice" href="([^"]+)"', html)
    assert ways == ["/trace?lot=L1", "/trace?order=L1&amp;channel=api", "/trace?order=L1&amp;channel=web"]
    assert "Every unit is accounted for" in seen(page(desk, ways[2].replace("&amp;", "&")))


def test_every_figure_of_a_trace_has_words() -> None:
    assert set(WORDS["traced"]) == set(vars(Sums()))
