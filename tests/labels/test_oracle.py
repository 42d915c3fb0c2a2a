"""Every template, resolution and sample through the oracle; and the oracle itself finds what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from fulfillment.commands.labels import Oracle, oracle_open
from label_templates import TEMPLATES, barcodes_of, render, size_dots
from label_templates.samples import SAMPLES, Sample
from simulators.label_oracle import Expected, Sheet, judge_label, judge_slip, send
from tests.labels.strategies import labels

CASES = [(sample, dpi) for sample in SAMPLES for dpi in TEMPLATES[sample.template].dpis]
SHEET = Sheet(600, 400, 203)
TOTE = Expected("T-1", "]C0", 240, 1_020, 0)


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with oracle_open(tmp_path_factory.mktemp("oracle")) as oracle:
        yield oracle


@pytest.mark.parametrize(
    ("sample", "dpi"), CASES, ids=lambda value: f"{value.template}-{value.name}" if isinstance(value, Sample) else value
)
def test_a_sample_arrives_is_read_and_lies_where_it_should(oracle: Oracle, sample: Sample, dpi: int) -> None:
    assert oracle.judge(sample.template, sample.fields, dpi) == []
    assert tuple(barcode.text for barcode in barcodes_of(sample.template, sample.fields)) == sample.barcodes

@pytest.mark.parametrize(
    ("template", "fields", "dpi"),
    [
        ("location", {"location": "上海市浦东新区", "barcode": "/tM"}, 300),  # a picture of 27,400 bytes
        # In the line of digits under their bars a decoder finds an EAN-13 with the right check digit.
        ("lpn_4x6", {"ship_from": "Seoul", "reference": "7", "sscc": "000000003776534014"}, 300),
        ("lpn_a6", {"ship_from": "Seoul", "sscc": "000000000429148383"}, 203),
    ],
)  # fmt: skip
def test_what_the_reader_once_stumbled_over_is_read(
    oracle: Oracle, template: str, fields: dict[str, object], dpi: int
) -> None:  # fmt: skip
    assert oracle.judge(template, fields, dpi) == []



@hypothesis_settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(label=labels())
def test_whatever_is_filled_in_the_label_is_right(oracle: Oracle, label: tuple[str, dict[str, object], int]) -> None:
    template, fields, dpi = label
    assert oracle.judge(template, fields, dpi) == []


def test_a_logistic_label_has_its_legal_size_and_barcode() -> None:
    # Source: GS1 General Specifications 6.6: A6 or 4 x 6 in; X 0.495 to 1.016 mm, bars at least 32 mm high.
    assert TEMPLATES["lpn_a6"].size_mm == (105.0, 148.0)
    assert TEMPLATES["lpn_4x6"].size_mm == TEMPLATES["shipping_4x6"].size_mm == (101.6, 152.4)
    fields = {"sscc": "399999999999999993", "ship_from": "x"}
    for name in ("lpn_a6", "lpn_4x6"):
        (barcode,) = barcodes_of(name, fields)
        assert (barcode.aim, barcode.module_um, barcode.widest_um, barcode.height_um) == ("]C1", 495, 1_016, 32_000)


@pytest.mark.parametrize("dpi", [203, 300])
def test_a_code_as_wide_as_the_label_keeps_its_quiet_zone(oracle: Oracle, dpi: int) -> None:
    for length in range(1, 23):
        assert oracle.judge("product", {"sku": "M" * length, "name": "x"}, dpi) == []


# -- the oracle is no oracle unless it says no


def label(*fields: str) -> bytes:
    return ("^XA\n^CI28^PW600^LL400" + "".join(fields) + "^XZ").encode("ascii")


def code128(x: int = 150, y: int = 100, module: int = 2, data: str = "T-1") -> str:
    return f"^FO{x},{y}^BY{module},3,120^BCN,120,N,N,N,N^FH^FD{data}^FS"


def text(x: int, y: int, shown: str = "TEXT") -> str:
    return f"^FO{x},{y}^A0N,30,30^FH^FD{shown}^FS"


def matrix(x: int = 200, y: int = 100, data: str = "|10100000096385074") -> str:
    return f"^FO{x},{y}^BXN,5,200,16,16,,|^FH^FD{data}^FS"


def test_a_label_that_is_right_has_no_fault() -> None:
    assert judge_label(label(code128(), text(150, 300)), [TOTE], SHEET) == []
    assert (
        judge_label(label(matrix(), text(150, 300)), [Expected("0100000096385074", "]d2", 290, 1_000, 0)], SHEET) == []
    )


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ((code128(data="T-2"),), "read: [(']C0', 'T-2')] instead of [(']C0', 'T-1')]"),
        ((text(150, 300),), "read: [] instead of"),
        ((code128(), code128(y=250)), "barcodes: 2 drawn, 1 expected"),
        ((code128(), text(150, 300), text(160, 310)), "ink on ink"),
        ((code128(), text(580, 300)), "off the label: ink"),
        ((code128(), text(150, 390)), "off the label: ink"),
        ((code128(), text(900, 300)), "begins there"),
        ((code128(x=10),), "T-1: its quiet zone is not on the label"),
        ((code128(), text(90, 150)), "T-1: ink in its quiet zone"),
        ((code128(module=1, x=250),), "T-1: modules of 125 µm, not 240 to 1020"),
        ((code128(), "^FO1,1^BY99^BCN,x^FDx^FS"), "renderer: "),
    ],
)
def test_a_label_that_is_wrong_is_told(fields: tuple[str, ...], fault: str) -> None:
    assert any(fault in told for told in judge_label(label(*fields), [TOTE], SHEET))


@pytest.mark.parametrize(
    ("x", "y", "is_quiet"),
    [(190, 140, False), (284, 140, False), (230, 90, False), (230, 184, False), (183, 140, True), (291, 140, True)],
)
def test_a_matrix_is_quiet_on_all_its_sides(x: int, y: int, is_quiet: bool) -> None:
    wanted = [Expected("0100000096385074", "]d2", 290, 1_000, 0)]
    told = judge_label(label(matrix(), f"^FO{x},{y}^GB6,6,6^FS"), wanted, SHEET)
    assert told == ([] if is_quiet else ["0100000096385074: ink in its quiet zone"])


def test_a_barcode_lower_than_the_standard_wants_is_told() -> None:
    wanted = Expected("T-1", "]C0", 240, 1_020, 32_000)
    assert judge_label(label(code128()), [wanted], SHEET) == ["T-1: 15015 µm high, not 32000"]


def test_a_label_of_another_size_is_told() -> None:
    assert judge_label(label(code128()), [TOTE], Sheet(600, 500, 203)) == ["size: ^PW or ^LL is not 600 by 500"]


def test_what_did_not_come_out_as_it_was_sent_is_told(tmp_path: Path) -> None:
    with oracle_open(tmp_path) as own:
        (told,) = send(own.labels, label(text(10, 10)) + label(text(10, 10)))
        assert told.endswith("not the bytes that were sent")


def test_a_slip_that_is_wrong_is_told() -> None:
    right = render("pick_list", {"tour": "1", "barcode": "K-1", "stops": []})
    wanted = Expected("K-1", "]C0", 240, 1_020, 0)
    assert judge_slip(right, [wanted]) == []
    assert judge_slip(right, [TOTE])[0].startswith("barcodes: ")
    assert judge_slip(right.removesuffix(b"\x1dr\x01"), [wanted]) == ["end: not one cut and the question behind it"]
    wide = right.replace(b"Stops", b"S" * 60)
    assert any(fault.startswith("text: ") for fault in judge_slip(wide, [wanted]))


def test_the_drawing_has_the_size_the_label_says() -> None:
    assert size_dots("cn22", 203) == (592, 840)
    assert size_dots("cn22", 300) == (874, 1240)
    assert size_dots("pick_list", 203) == (640, None)
