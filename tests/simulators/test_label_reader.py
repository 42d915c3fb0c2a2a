"""Labels are read back from the tape, or it is said that they were not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from label_templates import render
from label_templates.samples import SAMPLES
from simulators import label_reader
from simulators.label_reader import read_tape, without_printer_control

SHIPPING = next(sample for sample in SAMPLES if sample.template == "shipping_4x6")


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    (tmp_path / "000001.zpl").write_bytes(render(SHIPPING.template, SHIPPING.fields))
    (tmp_path / "000002.zpl").write_bytes(render("tote", {"tote": "T-000123", "barcode": "T-000123-K"}))
    return tmp_path


def test_every_label_is_read_in_the_order_of_printing(tape: Path) -> None:
    reads = read_tape(tape)
    assert reads is not None
    assert [(read.path.name, read.texts) for read in reads] == [
        ("000001.zpl", ("00006141411234567890",)),
        ("000002.zpl", ("T-000123-K",)),
    ]


def test_several_processes_read_the_same(tape: Path) -> None:
    content = (tape / "000001.zpl").read_bytes()
    for number in range(3, 70):
        (tape / f"{number:06d}.zpl").write_bytes(content)
    assert read_tape(tape, processes=2) == read_tape(tape, processes=1)


def test_commands_that_only_steer_the_printer_are_left_out() -> None:
    label = b"^XA^PW400^LL200^FO1,1^FDx^FS^XZ"
    steered = b"~SD15~TA000^XA^MMT^PR4^PW400^MD5^LL200^FO1,1^FDx^FS^PQ2,0,1,Y^XZ"
    assert without_printer_control(steered) == label


def test_a_label_that_cannot_be_drawn_is_a_finding_and_not_the_end(tape: Path) -> None:
    (tape / "000003.zpl").write_bytes(b"^XA^FO1,1^BY99^BCN,x^FDbroken^FS^XZ")
    (tape / "000004.zpl").write_bytes(b"nothing")
    reads = read_tape(tape)
    assert reads is not None
    assert [bool(read.fault) for read in reads] == [False, False, True, True]
    assert reads[2].barcodes == ()


def test_without_the_extra_nothing_is_read_and_it_is_said(
    tape: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(label_reader.importlib.util, "find_spec", lambda name: None)
    assert read_tape(tape) is None
    assert label_reader.main([str(tape)]) == 3
    assert "floorline[labels]" in capsys.readouterr().err


def test_it_runs_as_a_program(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert label_reader.main([str(tape)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["barcodes"] for line in lines] == [["00006141411234567890"], ["T-000123-K"]]
    assert label_reader.main([str(tape / "missing")]) == 2
