"""`floor labels` as typed: prints go through the outbox, previews say what they cannot, verify finds faults."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from devices.protocols import Receipt, ReceiptLevel
from devices.spooler import PrintJob
from devices.zpl_queries import with_proof
from fulfillment.cli import floor_command
from fulfillment.commands import labels as labels_cli
from fulfillment.domain.codes import own_code
from fulfillment.services.printing import label_previews, printing
from fulfillment.services.printing.printing import Timing
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from label_templates import render
from label_templates.samples import SAMPLES
from tests.factories import FloorHand
from tests.services.acts import release
from tests.services.carriers import close_parcel

TOTE = ("--field", "tote=T-1", "--field", "barcode=T-1-X")


@pytest.fixture
def here(hand: FloorHand, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FloorHand:
    monkeypatch.setenv("FLOOR_HOME", str(settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", settings.database_url)
    return hand


def labels(*words: str) -> Result:
    return CliRunner().invoke(floor_command, ["labels", *words])


def prints(hand: FloorHand) -> list[dict[str, Any]]:
    return hand.all(
        "SELECT * FROM outbox WHERE warehouse_id = :w AND kind = 'print' AND dedupe_key LIKE 'hand:%' ORDER BY id"
    )


def print_all(hand: FloorHand) -> list[bytes]:
    """What the worker hands to the printers."""
    sent: list[bytes] = []

    def deliver(job: PrintJob, deadline_s: float) -> Receipt:
        sent.append(job.content)
        return Receipt(ReceiptLevel.printed, job.job_id, len(job.content))

    for row in hand.all("SELECT id FROM printer WHERE warehouse_id = :w"):
        while printing.print_next(hand.floor, row["id"], Timing(), deliver):
            pass
    return sent


# -- print


def test_a_print_by_hand_is_queued_and_comes_out_as_it_was_asked_for(here: FloorHand) -> None:
    said = labels("print", "tote", *TOTE, "--copies", "3", "--json", "-")
    assert said.exit_code == 0
    report = json.loads(said.output)
    assert report["printer"] == "LABEL-1"
    assert report["prints"] == [row["id"] for row in prints(here)]
    assert {row["state"] for row in prints(here)} == {"queued"}
    drawn = render("tote", {"tote": "T-1", "barcode": "T-1-X"})
    assert print_all(here) == [with_proof(drawn, f"floor-{number}-1") for number in report["prints"]]


def test_a_label_printed_twice_is_two_prints(here: FloorHand) -> None:
    assert [labels("print", "tote", *TOTE).exit_code for _ in range(2)] == [0, 0]
    assert len({row["dedupe_key"] for row in prints(here)}) == 2


def test_parts_numbers_and_rows_are_given_by_name(here: FloorHand, tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text(json.dumps({"order": "1", "parcel": "P-9", "ship_to": {"name": "?"}}), "utf-8")
    address = {"name": "Jo", "address1": "Road", "city": "Kyoto", "postcode": "1", "country": "JP"}
    said = labels(
        "print", "packing_slip", "--from-file", str(tmp_path / "order.json"), "--field", "parcel_n=2",
        *(word for part, value in address.items() for word in ("--field", f"ship_to.{part}={value}")),
        "--field", 'lines=[{"sku": "A", "name": "B", "qty_each": 3}]',
    )  # fmt: skip
    assert said.exit_code == 0
    (row,) = prints(here)
    lines = [{"sku": "A", "name": "B", "qty_each": 3}]
    wanted = {"order": "1", "parcel": "P-9", "ship_to": address, "parcel_n": 2, "lines": lines}
    assert json.loads(row["fields"]) == wanted
    # So that what is known of a parcel, and erased with it, includes this paper.
    assert row["subject"] == "P-9"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("print", "tote", "--field", "tote=T-1"), "barcode: is missing"),
        (("print", "tote", *TOTE, "--field", "colour=red"), "colour: no field of this label"),
        (("print", "tote", *TOTE, "--printer", "LABEL-9"), "no printer 'LABEL-9'"),
        (("print", "tote", *TOTE, "--printer", "SLIP-1"), "SLIP-1 prints escpos, not zpl"),
        (("print", "tote", "--field", "tote"), "NAME=VALUE"),
        (("print", "tote", "--field", "tote.name=x"), "tote has no parts"),
        (("print", "cn22", "--field", "items=[}"), "--field items: "),
        (("print", "manifest", "--of", "1"), "of one are location, tote, product"),
        (("print", "location", "--of", "A99"), "no location 'A99'"),
        (("print", "tote", "--of", "-"), "no lpn '-'"),
        (("print", "product", "--of", "CUP"), "no item 'CUP'"),
        (("print", "lpn_a6", "--of", "1"), "no lpn '1'"),
        (("print", "cn22", "--of", "1"), "no parcel '1'"),
        (("print", "pick_list", "--of", "1"), "no tour '1'"),
        (("print", "pick_list", "--of", "one"), "no tour 'one'"),
        (("print", "shipping"), "Invalid value"),
        (("preview", "tote", *TOTE, "--out", "x.jpg"), "FILE.png or FILE.svg"),
        (("preview", "pick_list", "--out", "x.png"), "shown as FILE.txt"),
        (("preview", "tote", "--field", "tote=T-1", "--out", "x.png"), "barcode: is missing"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_queued(here: FloorHand, words: tuple[str, ...], said: str) -> None:
    result = labels(*words)
    assert (result.exit_code, said in result.output) == (2, True), result.output
    assert prints(here) == []


def test_among_several_printers_the_person_says_which(here: FloorHand) -> None:
    here.write(lambda tx: setting_up.add_printer(tx, "LABEL-2", "tcp://127.0.0.1:9", "zpl", 300))
    result = labels("print", "tote", *TOTE)
    assert (result.exit_code, "LABEL-1, LABEL-2" in result.output) == (2, True)
    assert labels("print", "tote", *TOTE, "--printer", "LABEL-2").exit_code == 0
    drawn = render("tote", {"tote": "T-1", "barcode": "T-1-X"}, 300)
    assert print_all(here) == [with_proof(drawn, f"floor-{row['id']}-1") for row in prints(here)]


def test_without_a_printer_that_takes_it_nothing_is_queued(here: FloorHand) -> None:
    here.write(lambda tx: tx.run("UPDATE printer SET state = 'disabled' WHERE warehouse_id = :w AND code = 'LABEL-1'"))
    result = labels("print", "tote", *TOTE)
    assert (result.exit_code, "there is no zpl printer" in result.output) == (2, True)
    assert prints(here) == []


def test_a_customs_declaration_names_what_the_catalogue_lacks(here: FloorHand) -> None:
    number = close_parcel(here)
    result = labels("print", "cn22", "--of", number)
    assert result.exit_code == 2
    assert "MUG: hs_code, origin, value_minor, currency" in result.output
    assert "MUG: value_minor, currency\n" in labels("print", "cn22", "--of", number, "--field", "category=gift").output
    assert prints(here) == []


def test_a_customs_declaration_says_what_lies_in_the_parcel_and_what_was_paid(here: FloorHand) -> None:
    here.item("MUG", hs_code="6912.00", origin="CN", value_minor=300, currency="GBP", name="Stoneware mug")
    here.stock("MUG", 5)
    number = close_parcel(here)
    assert labels("print", "cn22", "--of", number).exit_code == 0
    fields = json.loads(prints(here)[-1]["fields"])
    mug = {"qty_each": 1, "description": "Stoneware mug", "net_weight_g": 200, "value_minor": 300}
    assert fields["items"] == [{**mug, "hs_code": "6912.00", "origin": "CN"}]
    assert (fields["category"], fields["currency"], fields["signed_by"]) == ("sale_of_goods", "GBP", "MAIN")
    here.write(
        lambda tx: tx.run("UPDATE order_line SET unit_price_minor = 495, currency = 'EUR' WHERE warehouse_id = :w")
    )
    assert labels("print", "cn22", "--of", number, "--field", "category=gift").exit_code == 0
    fields = json.loads(prints(here)[-1]["fields"])
    assert (fields["category"], fields["currency"], fields["items"][0]["value_minor"]) == ("gift", "EUR", 495)


def test_a_pick_list_has_the_stops_of_its_tour(here: FloorHand, tmp_path: Path) -> None:
    here.item("MUG")
    here.stock("MUG", 5)
    here.order("SO-1", ("MUG", 2))
    release(here, "SO-1")
    out = tmp_path / "list.txt"
    assert labels("preview", "pick_list", "--of", "1", "--out", str(out)).exit_code == 0
    shown = out.read_text("utf-8")
    assert "1. A01-01-1\nMUG                                       2 [  ]\nmug\n" in shown
    assert "order SO-1" in shown


def test_a_place_a_tote_and_an_item_are_labelled_by_their_names(here: FloorHand) -> None:
    item = here.item("CUP", name="Cup")
    assert labels("print", "product", "--of", "cup").exit_code == 0
    here.write(lambda tx: tx.insert("item_barcode", item_id=item, code="09506000134352", uom="each", qty_each=1))
    for words in (("location", "A01-01-1"), ("tote", "000001"), ("product", "cup")):
        assert labels("print", words[0], "--of", words[1]).exit_code == 0
    assert [json.loads(row["fields"]) for row in prints(here)] == [
        {"sku": "CUP", "name": "Cup"},
        {"location": "A01-01-1", "barcode": own_code("L", "A01-01-1"), "kind": "BIN"},
        {"tote": "000001", "barcode": own_code("T", "000001")},
        {"sku": "CUP", "name": "Cup", "gtin": "09506000134352"},
    ]
    assert len(print_all(here)) == 4


def test_a_handling_unit_tells_its_one_lot_or_how_many_items(here: FloorHand) -> None:
    here.item("MUG", name="Stoneware mug")
    here.stock("MUG", 5)
    number = close_parcel(here)
    assert labels("print", "lpn_a6", "--of", number).exit_code == 0
    told = {"name": "Stoneware mug", "sku": "MUG", "qty_each": 1}
    assert json.loads(prints(here)[-1]["fields"]) == {"sscc": number, "ship_from": "MAIN", **told}
    assert prints(here)[-1]["subject"] == number
    here.item("CUP")
    here.stock("CUP", 3)
    here.write(
        lambda tx: tx.run(
            "UPDATE stock_balance SET lpn_id = (SELECT id FROM lpn WHERE code = :number) WHERE warehouse_id = :w"
            " AND item_id = (SELECT id FROM item WHERE sku = 'CUP')",
            number=number,
        )
    )
    assert labels("print", "lpn_a6", "--of", number).exit_code == 0
    fields = json.loads(prints(here)[-1]["fields"])
    assert fields == {"sscc": number, "ship_from": "MAIN", "name": "2 items, 4 units"}


# -- preview


@pytest.mark.parametrize(("name", "begins"), [("a.png", b"\x89PNG"), ("a.svg", b"<"), ("a.zpl", b"^XA")])
def test_a_preview_is_a_picture_or_the_bytes(tmp_path: Path, name: str, begins: bytes) -> None:
    as_bytes = ("--zpl",) if name.endswith(".zpl") else ()
    assert labels("preview", "product", "--dpi", "300", "--out", str(tmp_path / name), *as_bytes).exit_code == 0
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_without_the_extra_a_preview_says_so_and_the_bytes_remain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_previews.importlib.util, "find_spec", lambda name: None)
    out = tmp_path / "tote"
    result = labels("preview", "tote", *TOTE, "--out", f"{out}.png")
    assert (result.exit_code, "floorline[labels]" in result.output, Path(f"{out}.png").exists()) == (3, True, False)
    assert labels("preview", "tote", *TOTE, "--out", f"{out}.zpl", "--zpl").exit_code == 0
    assert Path(f"{out}.zpl").read_bytes() == render("tote", {"tote": "T-1", "barcode": "T-1-X"})


# -- verify and list


def test_verify_says_of_every_sample_that_it_is_right() -> None:
    result = labels("verify", "cn22")
    assert result.exit_code == 0
    assert result.output.endswith("8 labels, 0 not as they should be\n")


def test_verify_fails_on_a_label_that_is_not_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    tote = next(sample for sample in SAMPLES if sample.template == "tote")
    monkeypatch.setattr(labels_cli, "SAMPLES", (replace(tote, barcodes=("T-9",)),))
    result = labels("verify", "tote", "--json", "-")
    assert result.exit_code == 1
    assert [row["faults"] for row in json.loads(result.output)] == [
        ["sample: says ('T-9',), its template ('T-000123-K',)"]
    ] * 2


def test_without_the_extra_nothing_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_previews.importlib.util, "find_spec", lambda name: None)
    result = labels("verify")
    assert (result.exit_code, "floorline[labels]" in result.output) == (3, True)


def test_the_list_has_every_template_with_its_fields() -> None:
    said = labels("list").output
    assert "cn22          zpl    74 x 105 mm      203/300 dpi  category* explanation operator items*" in said
    assert "pick_list     escpos 80 mm roll" in said
