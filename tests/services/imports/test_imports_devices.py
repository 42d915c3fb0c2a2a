"""Scanners, scales and printers from a file, told row by row, the same twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from fulfillment.services import lists
from fulfillment.services.equipment import bench_agents, devices
from fulfillment.services.imports import ImportReport, import_devices
from tests.factories import FloorHand

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "devices.csv"
SCANNER = "SCAN-1,scanner,tcp://127.0.0.1:9"


def bring(hand: FloorHand, *rows: str, heading: str = "code,kind,address") -> ImportReport:
    return import_devices(hand.floor.writer, "\n".join((heading, *rows)).encode())


def device(hand: FloorHand, code: str) -> dict[str, object]:
    return dict(hand.write(lambda tx: devices.get(tx, code)))


def test_the_example_is_imported_and_importing_it_again_changes_nothing(hand: FloorHand) -> None:
    first = import_devices(hand.floor.writer, EXAMPLE)
    assert (first.created, first.errors, first.exit_code) == (5, [], 0)
    assert (device(hand, "LABEL-3")["dpi"], device(hand, "LABEL-3")["stand_in"]) == (300, "LABEL-2")
    assert device(hand, "SLIP-2")["dpi"] == 203
    again = import_devices(hand.floor.writer, EXAMPLE)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 5)


def test_a_column_the_file_does_not_have_leaves_the_device_as_it_is(hand: FloorHand) -> None:
    hand.write(lambda tx: bench_agents.add(tx, "BENCH-PC"))
    bring(hand, f"{SCANNER},BENCH-PC,HAND-1,ssi", heading="code,kind,address,agent,station,signals")
    assert bring(hand, "SCAN-1,tcp://127.0.0.1:10", heading="code,address").updated == 1
    kept = device(hand, "SCAN-1")
    assert [kept[name] for name in ("address", "agent", "station", "signals")] == [
        "tcp://127.0.0.1:10", "BENCH-PC", "HAND-1", "ssi",
    ]  # fmt: skip


def test_an_empty_agent_station_or_stand_in_is_nobody(hand: FloorHand) -> None:
    hand.write(lambda tx: bench_agents.add(tx, "BENCH-PC"))
    heading = "code,kind,address,agent,station"
    bring(hand, f"{SCANNER},BENCH-PC,HAND-1", heading=heading)
    assert bring(hand, f"{SCANNER},,", heading=heading).updated == 1
    assert (device(hand, "SCAN-1")["agent"], device(hand, "SCAN-1")["station"]) == (None, None)
    import_devices(hand.floor.writer, EXAMPLE)
    assert bring(hand, "LABEL-3,", heading="code,stand_in").updated == 1
    assert device(hand, "LABEL-3")["stand_in"] is None


@pytest.mark.parametrize(
    ("row", "heading", "column", "code"),
    [
        ("SCAN-2,scanner,nowhere", "code,kind,address", "address", "bad_address"),
        ("SCAN-2,toaster,tcp://127.0.0.1:9", "code,kind,address", "kind", "bad_kind"),
        ("SCAN-2,,tcp://127.0.0.1:9", "code,kind,address", "kind", "bad_kind"),
        ("LABEL-1,scanner,tcp://127.0.0.1:9", "code,kind,address", "kind", "bad_kind"),
        ("LABEL-1,ssi", "code,signals", "signals", "bad_field"),
        ("LABEL-1,150", "code,dpi", "dpi", "bad_dpi"),
        ("LABEL-1,LABEL-1", "code,stand_in", "printer", "same_printer"),
        ("LABEL-1,NOBODY-9", "code,agent", "agent", "unknown_agent"),
        (",tcp://127.0.0.1:9", "code,address", "code", "missing_value"),
    ],
)
def test_a_row_that_cannot_be_is_named_and_leaves_nothing(
    hand: FloorHand, row: str, heading: str, column: str, code: str
) -> None:
    before = hand.write(devices.listed)
    (wrong,) = bring(hand, row, heading=heading).errors
    assert (wrong.column, wrong.reason) == (column, code)
    assert hand.write(devices.listed) == before


def test_one_that_is_in_use_is_taken_off_the_list_only_once_it_is_switched_off(hand: FloorHand) -> None:
    bring(hand, SCANNER)
    listing = lists.LISTS["devices"]

    def gone() -> str:
        def work(tx):  # type: ignore[no-untyped-def]
            row = lists.row_of(tx, listing, "SCAN-1")
            return lists.remove(tx, listing, "SCAN-1", lists.version_of(row))

        return hand.write(work)

    with pytest.raises(devices.Conflict, match="switch it off"):
        gone()
    assert bring(hand, "SCAN-1,0", heading="code,is_enabled").updated == 1
    assert gone() == "removed"


def test_the_list_is_searched_by_address_too(hand: FloorHand) -> None:
    bring(hand, SCANNER)
    listing = lists.LISTS["devices"]
    page = hand.write(lambda tx: lists.page_of(tx, listing, "0.1:9"))
    assert [(row["code"], row["kind"], row["language"]) for row in page.rows] == [
        ("LABEL-1", "printer", "zpl"), ("SCAN-1", "scanner", ""), ("SLIP-1", "printer", "escpos"),
    ]  # fmt: skip
