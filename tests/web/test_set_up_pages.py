"""Setting up at a desk: every list in one form, the same rules as the imports, and nobody written over."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.roles import TokenRole
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services import lists
from fulfillment.services.lists import FILES, LISTS
from fulfillment.services.people import accounts
from fulfillment.services.set_up import first_steps, setting_up
from fulfillment.services.stock import ledger
from fulfillment.services.walking import walkways
from tests.factories import NOBODY, FloorHand

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}


@pytest.fixture
def desk(hand: FloorHand) -> FlaskClient:
    """An admin's browser."""
    return signed_on(hand, TokenRole.ADMIN)


def signed_on(hand: FloorHand, role: str) -> FlaskClient:
    token = hand.write(lambda tx: setting_up.add_token(tx, "desk", role))
    client = create_app(hand.floor).test_client()
    client.get(f"/enter?token={token}")
    return client


def version(page: str) -> str:
    found = re.search(r'name="version" value="(\w*)"', page)
    assert found is not None
    return found[1]


def opened(desk: FlaskClient, name: str, key: str) -> dict[str, str]:
    """A row as its form has it."""
    page = desk.get(f"/set-up/{name}/row", query_string={"key": key}, headers=SAME_ORIGIN)
    assert page.status_code == 200, page.text
    row = desk.application.extensions["floor"].read(lambda tx: lists.row_of(tx, LISTS[name], key))
    return {**row, "version": version(page.text)}


def keep(desk: FlaskClient, name: str, /, **values: str) -> Any:
    form = {"version": "", "act": "save", **values}
    return desk.post(f"/set-up/{name}/row", data=form, headers=SAME_ORIGIN)


def make(desk: FlaskClient, name: str, /, **values: str) -> Any:
    """A new row, what is not said as the form proposes it."""
    return keep(desk, name, **{**{column.name: column.default for column in LISTS[name].columns}, **values})


def give(desk: FlaskClient, name: str, text: str) -> Any:
    data = {"file": (io.BytesIO(text.encode()), "rows.csv"), "act": "look"}
    return desk.post(f"/set-up/{name}/file", data=data, headers=SAME_ORIGIN)


def keep_file(desk: FlaskClient, name: str, looked_at: str) -> Any:
    found = re.search(r'name="content" value="([^"]+)"', looked_at)
    assert found is not None, looked_at
    return desk.post(f"/set-up/{name}/file", data={"content": found[1], "act": "keep"}, headers=SAME_ORIGIN)


NEW: dict[str, dict[str, str]] = {
    "items": {"sku": "mug-1", "name": "Mug", "barcodes": "5012345678900", "weight_g": "300"},
    "zones": {"code": "COLD", "name": "Cold store", "storage_classes": "food"},
    "locations": {"code": "a09-01-1", "kind": "bin", "aisle": "09", "bay": "01", "level": "1", "x_dm": "300"},
    "pick_faces": {"location": "A01-01-1", "sku": "PEN", "min_each": "5", "max_each": "50"},
    "barcodes": {"code": "15012345678907", "sku": "PEN", "uom": "case", "qty_each": "12"},
    "carts": {"code": "C9", "positions": "8"},
    "totes": {"code": "T-BLUE-1"},
    "carton_types": {"code": "FLAT", "length_mm": "300", "width_mm": "200", "height_mm": "20", "max_weight_g": "900"},
    "put_walls": {"code": "W7", "location": "STAGE-1", "rows": "2", "columns": "3"},
    "walk_points": {"code": "P9", "x_dm": "5", "y_dm": "7"},
    "walkways": {"code": "W9", "from": "P1", "to": "P2"},
    "stations": {"code": "HAND-9", "kind": "handheld", "location": "DOCK-1"},
    "devices": {"code": "SCAN-9", "kind": "scanner", "address": "tcp://127.0.0.1:9", "is_enabled": "0"},
    "operators": {"badge": "2001", "name": "Zoë", "role": "picker"},
}


def two_points(hand: FloorHand) -> None:
    for at, point in enumerate(("P1", "P2")):
        hand.write(lambda tx, at=at, point=point: walkways.put_point(tx, point, {"x_dm": at, "y_dm": 0}))


@pytest.mark.parametrize("name", LISTS)
def test_a_row_is_made_found_changed_and_taken_away(hand: FloorHand, desk: FlaskClient, name: str) -> None:
    hand.item("PEN")
    two_points(hand)
    listing, key = LISTS[name], NEW[name][LISTS[name].key]
    made = make(desk, name, **NEW[name])
    assert made.status_code == 303, made.text
    found = desk.get(f"/set-up/{name}", query_string={"q": key}, headers=SAME_ORIGIN)
    assert re.search(rf">{re.escape(listing.key_of(key))}</a>", found.text, re.IGNORECASE), found.text
    row = opened(desk, name, key)
    others = ("name", "max_each", "levels", "qty_each", "length_dm")
    has_other = name not in ("totes", "locations", "walk_points", "devices")
    changes = next(c for c in listing.columns if c.name in others) if has_other else listing.columns[0]
    wanted = {"name": "Other", "max_each": "60", "levels": "2", "qty_each": "24", "length_dm": "90"}.get(
        changes.name, row[listing.key]
    )
    changed = keep(desk, name, **{**row, changes.name: wanted})
    assert changed.status_code == 303, changed.text
    assert opened(desk, name, key)[changes.name] == wanted
    gone = desk.post(f"/set-up/{name}/row", data={**opened(desk, name, key), "act": "remove"}, headers=SAME_ORIGIN)
    assert gone.status_code == 303, gone.text
    assert hand.floor.read(lambda tx: lists.row_of(tx, listing, key)) is None


def test_a_bench_is_given_all_its_printers_by_its_row_and_by_a_file(hand: FloorHand, desk: FlaskClient) -> None:
    hand.write(lambda tx: setting_up.add_printer(tx, "ITEMS-1", "tcp://127.0.0.1:9", "zpl"))
    row = opened(desk, "stations", "BENCH-1")
    assert (row["label_printer"], row["item_printer"]) == ("LABEL-1", "")
    assert keep(desk, "stations", **{**row, "item_printer": "ITEMS-1"}).status_code == 303
    shown = desk.get("/set-up/stations").text
    assert "ITEMS-1" in shown
    text = desk.get("/set-up/stations.csv").data.decode("utf-8-sig")
    keep_file(desk, "stations", give(desk, "stations", text.replace("ITEMS-1", "LABEL-1")).text)
    assert opened(desk, "stations", "BENCH-1")["item_printer"] == "LABEL-1"
    keep_file(desk, "stations", give(desk, "stations", "code,item_printer\nBENCH-1,\n").text)
    assert opened(desk, "stations", "BENCH-1")["item_printer"] == ""
    made = make(desk, "stations", code="BENCH-9", kind="bench", location="BENCH-1", item_printer="ITEMS-1")
    assert (made.status_code, opened(desk, "stations", "BENCH-9")["item_printer"]) == (303, "ITEMS-1")
    refused = make(desk, "stations", code="BENCH-8", kind="bench", location="BENCH-1", item_printer="NOWHERE")
    assert refused.status_code == 422
    assert 'id="in-item_printer-wrong"' in refused.text


def test_what_is_written_out_comes_in_again_and_changes_nothing(hand: FloorHand, desk: FlaskClient) -> None:
    hand.item("PEN", name="=1+1")
    two_points(hand)
    for name in LISTS:
        assert make(desk, name, **NEW[name]).status_code == 303
    for name in LISTS:
        text = desk.get(f"/set-up/{name}.csv").data.decode("utf-8-sig")
        assert ",=" not in text
        looked = give(desk, name, text)
        assert looked.status_code == 200, looked.text
        for same in ("Changed</dt><dd>0<", "New</dt><dd>0<"):
            assert same in looked.text, name


def test_a_name_that_is_a_formula_stays_text_on_its_way_out_and_in(hand: FloorHand, desk: FlaskClient) -> None:
    make(desk, "items", sku="X", name='=HYPERLINK("http://x")')
    text = desk.get("/set-up/items.csv").data.decode("utf-8-sig")
    assert "'=HYPERLINK" in text
    keep_file(desk, "items", give(desk, "items", text.replace("'=HYPERLINK", "'=LINK")).text)
    assert opened(desk, "items", "X")["name"] == '=LINK("http://x")'


def test_of_two_people_who_edit_a_row_the_later_is_told_and_writes_nothing_over(
    hand: FloorHand, desk: FlaskClient
) -> None:
    hand.item("PEN", name="Pen")
    mine, yours = opened(desk, "items", "PEN"), opened(desk, "items", "PEN")
    assert keep(desk, "items", **{**yours, "name": "Fine pen"}).status_code == 303
    refused = keep(desk, "items", **{**mine, "weight_g": "9"})
    assert refused.status_code == 409
    assert "Somebody else has changed this meanwhile." in refused.text
    assert "Fine pen" in refused.text
    now = opened(desk, "items", "PEN")
    assert (now["name"], now["weight_g"]) == ("Fine pen", "200")


def test_a_file_written_before_somebody_changed_a_row_is_refused_for_that_row(
    hand: FloorHand, desk: FlaskClient
) -> None:
    hand.item("PEN", name="Pen")
    hand.item("CUP", name="Cup")
    text = desk.get("/set-up/items.csv").data.decode("utf-8-sig")
    keep(desk, "items", **{**opened(desk, "items", "PEN"), "name": "Fine pen"})
    looked = give(desk, "items", text.replace(",Cup,", ",Tea cup,"))
    assert looked.status_code == 422
    assert "PEN was changed since this file was written" in looked.text
    assert opened(desk, "items", "CUP")["name"] == "Cup"


def test_a_new_row_never_writes_over_one_that_is_there(hand: FloorHand, desk: FlaskClient) -> None:
    hand.item("PEN", name="Pen")
    refused = make(desk, "items", sku="pen", name="Mine")
    assert (refused.status_code, opened(desk, "items", "PEN")["name"]) == (409, "Pen")


def test_a_form_is_refused_by_the_rules_of_the_file_beside_the_field(hand: FloorHand, desk: FlaskClient) -> None:
    refused = make(desk, "items", sku="A", weight_g="heavy")
    assert refused.status_code == 422
    assert 'id="in-weight_g-wrong">This is no whole number.' in refused.text
    assert 'value="heavy"' in refused.text, "what was typed is there still"


def test_a_file_is_looked_at_before_it_is_kept_and_one_wrong_row_keeps_all_of_it_out(
    hand: FloorHand, desk: FlaskClient
) -> None:
    hand.item("PEN", name="Pen")
    looked = give(desk, "items", "sku,name\nPEN,Fine pen\nCUP,Cup\n")
    assert looked.status_code == 200
    assert "<del>Pen</del> <ins>Fine pen</ins>" in looked.text
    assert opened(desk, "items", "PEN")["name"] == "Pen"
    wrong = give(desk, "items", "sku,name,weight_g\nPEN,Fine pen,1\nCUP,Cup,heavy\n")
    assert wrong.status_code == 422
    assert "weight_g is not a whole number" in wrong.text
    assert opened(desk, "items", "PEN")["name"] == "Pen"
    assert keep_file(desk, "items", looked.text).status_code == 303
    assert opened(desk, "items", "PEN")["name"] == "Fine pen"
    assert opened(desk, "items", "CUP")["name"] == "Cup"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Choose a file first."), (b"colour\nred\n", "no column"),
        (b"\x1f\x8b\x08 this is no gzip", "damaged"), (b"code\n" + b"T-1\n" * 5_001, "at most 5000 rows"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_taken_is_refused_in_words(desk: FlaskClient, content: bytes, words: str) -> None:
    data = {"file": (io.BytesIO(content), "rows.csv"), "act": "look"}
    answer = desk.post("/set-up/totes/file", data=data, headers=SAME_ORIGIN)
    assert answer.status_code == 422
    assert words in answer.text


def test_what_history_names_is_refused_or_retired(hand: FloorHand, desk: FlaskClient) -> None:
    hand.item("PEN")
    hand.stock("PEN", 5, "A01-01-1")
    for name, key in (("items", "PEN"), ("locations", "A01-01-1"), ("locations", "DOCK-1")):
        refused = desk.post(
            f"/set-up/{name}/row", data={**opened(desk, name, key), "act": "remove"}, headers=SAME_ORIGIN
        )
        assert refused.status_code == 409, (name, key)
        assert "something that happened names it" in refused.text
    assert "stations" in refused.text
    hand.sign_in("HAND-1", "PICK", "1002")
    row = opened(desk, "operators", "1002")
    desk.post("/set-up/operators/row", data={**row, "act": "remove"}, headers=SAME_ORIGIN)
    assert opened(desk, "operators", "1002")["is_active"] == "0"


def test_a_page_goes_by_the_key_forwards_and_back(hand: FloorHand, desk: FlaskClient) -> None:
    hand.write(lambda tx: [tx.add("lpn", code=f"X{n:03d}", kind="tote") for n in range(120)])
    listing = LISTS["totes"]
    first = hand.floor.read(lambda tx: lists.page_of(tx, listing, "x"))
    second = hand.floor.read(lambda tx: lists.page_of(tx, listing, "x", after="X049"))
    back = hand.floor.read(lambda tx: lists.page_of(tx, listing, "x", before="X050"))
    assert (first.rows, first.has_before, first.has_after) == (back.rows, False, True)
    assert [second.rows[0]["code"], second.rows[-1]["code"], second.has_before] == ["X050", "X099", True]
    page = desk.get("/set-up/totes?q=x&after=X049", headers=SAME_ORIGIN)
    assert "after=X099" in page.text
    assert "before=X050" in page.text


def test_a_word_is_looked_for_as_it_is_typed(desk: FlaskClient) -> None:
    for word in ("%", "_", "'", "!"):
        assert "Nothing with" in desk.get("/set-up/totes", query_string={"q": word}, headers=SAME_ORIGIN).text


def test_pictures_come_one_by_one_or_by_a_zip_and_a_bad_one_is_named(hand: FloorHand, desk: FlaskClient) -> None:
    hand.item("MUG")
    hand.item("CUP")
    drawn = io.BytesIO()
    Image.new("RGB", (900, 600), (20, 90, 160)).save(drawn, "PNG")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("shop/cup.png", drawn.getvalue())
        file.writestr("MUG.jpg", b"this is no picture")
        file.writestr("NOBODY.png", drawn.getvalue())
        file.writestr("__MACOSX/._cup.png", b"")
    answer = desk.post(
        "/set-up/items/pictures", data={"file": (io.BytesIO(packed.getvalue()), "p.zip")}, headers=SAME_ORIGIN
    )
    assert "1 picture kept" in answer.text
    assert re.search(r"MUG\.jpg</td>.*?no picture we can open", answer.text, re.DOTALL)
    assert re.search(r"NOBODY\.png</td>.*?no such item", answer.text, re.DOTALL)
    assert "__MACOSX" not in answer.text
    one = {"sku": "MUG", "file": (io.BytesIO(drawn.getvalue()), "m.png"), "act": "set"}
    assert desk.post("/set-up/items/picture", data=one, headers=SAME_ORIGIN).status_code == 303
    shown = re.search(r'src="(/set-up/items/pictures/\w+\.jpg)"', desk.get("/set-up/items/row?key=MUG").text)
    assert shown is not None
    with Image.open(io.BytesIO(desk.get(shown[1]).data)) as kept:
        assert max(kept.size) <= 480


@pytest.mark.parametrize(
    ("packed_by", "said"),
    [
        (zipfile.ZIP_DEFLATED, "This file is too large."),
        # Unpacked as a whole before the first byte is given, whatever its size.
        (zipfile.ZIP_BZIP2, "packed in a way that is not read here"),
        (zipfile.ZIP_LZMA, "packed in a way that is not read here"),
    ],
)
def test_a_picture_that_unpacks_to_gigabytes_is_refused_before_it_does(
    hand: FloorHand, desk: FlaskClient, packed_by: int, said: str
) -> None:
    hand.item("MUG")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", packed_by) as file:
        file.writestr("MUG.png", b"\0" * (21 * 1024 * 1024))
    answer = desk.post(
        "/set-up/items/pictures", data={"file": (io.BytesIO(packed.getvalue()), "p.zip")}, headers=SAME_ORIGIN
    )
    assert said in answer.text


def test_a_link_signs_a_device_on_until_it_is_taken_back(hand: FloorHand, desk: FlaskClient) -> None:
    shown = desk.post("/set-up/stations/link", data={"code": "HAND-1", "act": "link"}, headers=SAME_ORIGIN)
    link = re.search(r'id="link">http://[^/]+(/enter\?token=[\w-]+)<', shown.text)
    assert link is not None
    device = create_app(hand.floor).test_client()
    assert device.get(link[1]).headers["Location"] == "/kiosk/HAND-1"
    assert device.get("/kiosk/HAND-1").status_code == 200
    desk.post("/set-up/stations/link", data={"code": "HAND-1", "act": "revoke"}, headers=SAME_ORIGIN)
    assert device.get("/kiosk/HAND-1").status_code == 401


def test_totes_and_carts_are_numbered_past_those_that_were_taken_away(hand: FloorHand, desk: FlaskClient) -> None:
    desk.post("/set-up/totes/row", data={**opened(desk, "totes", "000003"), "act": "remove"}, headers=SAME_ORIGIN)
    answer = desk.post("/set-up/totes/many", data={"count": "2"}, headers=SAME_ORIGIN)
    assert answer.status_code == 303, answer.text
    assert hand.one("SELECT MAX(code) AS code FROM lpn WHERE warehouse_id = :w AND kind = 'tote'")["code"] == "000022"
    desk.post("/set-up/carts/many", data={"count": "1", "positions": "9"}, headers=SAME_ORIGIN)
    assert opened(desk, "carts", "0004")["positions"] == "9"


def test_only_who_sets_up_comes_near(hand: FloorHand) -> None:
    for role in (TokenRole.BOARD, TokenRole.API, TokenRole.METRICS):
        client = signed_on(hand, role)
        for address in ("/set-up", "/set-up/items", "/set-up/items.csv", "/set-up/layout", "/set-up/first-steps"):
            assert client.get(address).status_code == 403, (role, address)
        assert client.post("/set-up/items/row", headers=SAME_ORIGIN).status_code == 403


def test_a_form_of_another_site_changes_nothing(hand: FloorHand, desk: FlaskClient) -> None:
    hand.item("PEN", name="Pen")
    row = {**opened(desk, "items", "PEN"), "name": "Theirs", "act": "save"}
    assert desk.post("/set-up/items/row", data=row, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert opened(desk, "items", "PEN")["name"] == "Pen"


def test_the_audit_log_says_which_row_of_which_list(hand: FloorHand, desk: FlaskClient) -> None:
    hand.item("PEN", name="Pen")
    keep(desk, "items", **{**opened(desk, "items", "PEN"), "name": "Fine pen"})
    give(desk, "items", "sku,name\nPEN,Looked at\n")
    entries = hand.all("SELECT subject FROM audit_log WHERE warehouse_id = :w AND subject LIKE 'POST /set-up/%'")
    assert [entry["subject"] for entry in entries] == ["POST /set-up/items/row PEN"]


def test_every_page_of_a_list_opens(hand: FloorHand, desk: FlaskClient) -> None:
    addresses = ["", *(f"/{name}/{page}" for name in (*LISTS, *FILES) for page in ("row", "file"))]
    addresses += [f"/{name}" for name in LISTS]
    addresses += [f"/{name}/barcodes" for name, listing in LISTS.items() if listing.code_kind]
    assert [address for address in addresses if desk.get(f"/set-up{address}").status_code != 200] == []


def test_the_guide_ticks_off_what_the_database_shows(hand: FloorHand, desk: FlaskClient) -> None:
    done = {step.name for step in hand.floor.read(first_steps.steps) if step.is_done}
    assert done == {"warehouse", "layout", "staging", "carts", "totes", "people"}
    assert 'data-step="items" aria-current="step"' in desk.get("/set-up/first-steps").text
    hand.item("PEN")
    hand.stock("PEN", 5)
    hand.order("S1", ("PEN", 1))
    hand.sign_in("HAND-1", "PICK")
    steps = hand.floor.read(first_steps.steps)
    assert first_steps.next_of(steps) == "wave"


def test_whoever_set_the_floor_up_is_not_yet_somebody_with_a_badge(hand: FloorHand, desk: FlaskClient) -> None:
    hand.write(lambda tx: tx.put("UPDATE operator SET is_active = 0 WHERE warehouse_id = :w"))
    code = hand.write(accounts.first_link)
    hand.write(lambda tx: accounts.use_link(tx, code, "zoe", "argon2", "Zoe"))

    def people() -> int:
        return next(step.count for step in hand.floor.read(first_steps.steps) if step.name == "people")

    assert people() == 0
    assert make(desk, "operators", badge="2001", name="Ann", role="picker").status_code == 303
    assert people() == 1
    zoe = hand.floor.read(lambda tx: tx.one("SELECT badge FROM operator WHERE warehouse_id = :w AND name = 'Zoe'"))
    answer = hand.scan("HAND-1", own_code("B", zoe["badge"]))
    assert answer["outcome"] == "applied", answer
    assert people() == 2, "on a floor of one whoever set it up picks too"


def pick(hand: FloorHand, layer_id: int) -> None:
    """One unit onto a cart, past all rules."""

    def work(tx: Tx) -> None:
        at = tx.one("SELECT item_id, location_id FROM stock_balance WHERE warehouse_id = :w AND layer_id = :l"
                    " AND on_hand_each > 0", l=layer_id)  # fmt: skip
        cart = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'CART-0001'")["id"]
        ledger.post(tx, NOBODY, [Move(layer_id, at["item_id"], at["location_id"], cart, 1, MoveReason.PICK)])

    hand.write(work)


def test_what_was_kept_says_which_step_is_next_until_somebody_has_picked(hand: FloorHand, desk: FlaskClient) -> None:
    def said() -> str:
        made = make(desk, "zones", code=f"Z{next(numbers)}", name="Cold")
        found = re.search(r'id="next-step"[^>]*>([^<]+)<', desk.get(made.location, headers=SAME_ORIGIN).text)
        return found[1] if found else ""

    numbers = iter("123")
    assert said() == "To the first pick: Items"
    hand.item("PEN")
    assert said() == "To the first pick: A handheld"
    layer = hand.stock("PEN", 5)
    pick(hand, layer)
    assert said() == ""


def test_with_a_handheld_made_the_guide_leads_to_its_link_and_not_to_another(
    hand: FloorHand, desk: FlaskClient
) -> None:  # fmt: skip
    page = desk.get("/set-up/first-steps", headers=SAME_ORIGIN).text
    assert 'href="/set-up/stations">The stations and their links' in page
    hand.write(lambda tx: tx.put("UPDATE station SET kind = 'dock' WHERE warehouse_id = :w AND kind = 'handheld'"))
    assert 'href="/set-up/stations/row">Set a station up' in desk.get("/set-up/first-steps", headers=SAME_ORIGIN).text
