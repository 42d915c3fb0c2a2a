"""What a receipt printer's answers mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import escpos
from devices.protocols import PrinterStatus

FINE = {1: 0x12, 2: 0x12, 3: 0x12, 4: 0x12}


def test_four_clean_replies_are_a_ready_printer() -> None:
    assert escpos.status_of(FINE) == PrinterStatus("ready")


def test_paper_near_its_end_is_said_but_still_prints() -> None:
    assert escpos.status_of(FINE | {4: 0x1E}) == PrinterStatus("ready", ("paper_near_end",))


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (1, 0x1A, "offline"),
        (2, 0x16, "head_open"),
        (2, 0x32, "paper_out"),
        (2, 0x52, "error"),
        (3, 0x1A, "cutter_error"),
        (3, 0x32, "unrecoverable_error"),
        (4, 0x72, "paper_out"),
    ],
)
def test_every_fault_has_its_name(kind: int, value: int, reason: str) -> None:
    assert escpos.status_of(FINE | {kind: value}) == PrinterStatus("held", (reason,))


def test_the_cause_comes_before_its_consequence() -> None:
    assert escpos.status_of({1: 0x1A, 2: 0x32, 3: 0x12, 4: 0x7E}).reasons == ("paper_out", "offline")


@pytest.mark.parametrize("value", [0x00, 0xFF, 0x10, 0x13, 0x92, 0x02, ord("A")])
def test_a_byte_without_the_fixed_bits_is_no_status(value: int) -> None:
    assert not escpos.is_status_reply(value)
    with pytest.raises(escpos.ReplyError):
        escpos.status_of(FINE | {2: value})


def test_a_missing_reply_is_no_status() -> None:
    with pytest.raises(escpos.ReplyError, match="DLE EOT 3"):
        escpos.status_of({1: 0x12, 2: 0x12, 4: 0x12})


def test_only_the_four_kinds_can_be_asked() -> None:
    assert escpos.ask_status(4) == b"\x10\x04\x04"
    with pytest.raises(ValueError, match="DLE EOT"):
        escpos.ask_status(9)


def test_a_confirmation_is_never_taken_for_a_status_nor_the_other_way() -> None:
    for value in range(256):
        assert not (escpos.is_status_reply(value) and escpos.is_confirmation(value))


def test_the_confirmation_tells_whether_the_paper_ended() -> None:
    assert not escpos.paper_ended(0x00)
    assert not escpos.paper_ended(0x03)
    assert escpos.paper_ended(0x0F)
    with pytest.raises(escpos.ReplyError):
        escpos.paper_ended(0x12)


@given(st.binary(max_size=40))
def test_automatic_statuses_never_answer_a_question_however_they_are_cut(noise: bytes) -> None:
    whole = escpos.ReplyFeed().feed(noise)
    for cut in range(len(noise) + 1):
        feed = escpos.ReplyFeed()
        assert feed.feed(noise[:cut]) + feed.feed(noise[cut:]) == whole
    assert escpos.ReplyFeed().feed(b"\x10\x00\x0f\x00" * 3 + b"\x03") == [3]
