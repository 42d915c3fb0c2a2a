"""USB scanners in HID POS mode: a code a report, or several."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.framing import Frame, hid_pos


def report(code: bytes, aim: bytes = b"]C1", is_more: bool = False) -> bytes:
    return bytes((2, len(code))) + aim + code.ljust(56, b"\0") + bytes((0, 0, is_more))


def fed(reports: hid_pos.Reports, *said: bytes) -> list[Frame | None]:
    return [reports.feed(one, at_s=1.0) for one in said]


def test_a_report_is_a_code_with_its_aim_identifier() -> None:
    code = b"0109506000134352\x1d10L7"
    assert fed(hid_pos.Reports(), report(code)) == [Frame(code, "]C1")]


def test_a_long_code_comes_in_several_reports() -> None:
    said = (report(b"A" * 56, b"]Q0", is_more=True), report(b"B" * 4, b"]Q0"))
    assert fed(hid_pos.Reports(), *said) == [None, Frame(b"A" * 56 + b"BBBB", "]Q0")]


def test_half_a_code_never_becomes_the_head_of_another() -> None:
    reports = hid_pos.Reports()
    begun = report(b"A" * 56, b"]Q0", is_more=True)
    assert fed(reports, begun, report(b"B", b"]E0")) == [None, Frame(b"B", "]E0")]
    fed(reports, begun)
    reports.reset()
    assert fed(reports, report(b"C", b"]Q0")) == [Frame(b"C", "]Q0")]
    assert reports.garbled == 1


def test_half_a_code_and_a_pause_is_given_up() -> None:
    reports = hid_pos.Reports(idle_reset_s=0.5)
    assert reports.feed(report(b"A" * 56, is_more=True), at_s=1.0) is None
    assert reports.feed(report(b"B"), at_s=1.6) == Frame(b"B", "]C1")
    assert reports.abandoned == 1


@pytest.mark.parametrize("cut", range(1, 64))
def test_a_report_that_was_cut_is_no_code_and_the_next_one_is_read(cut: int) -> None:
    reports, whole = hid_pos.Reports(), report(b"L-A03-07")
    assert fed(reports, whole[:cut], whole[cut:], whole) == [None, None, Frame(b"L-A03-07", "]C1")]
    assert reports.garbled == 2


@given(st.lists(st.binary(max_size=70) | st.binary(min_size=64, max_size=64), max_size=8))
def test_no_report_breaks_the_reading_of_reports(noise: list[bytes]) -> None:
    reports = hid_pos.Reports()
    fed(reports, *noise)
    reports.reset()
    assert fed(reports, report(b"A")) == [Frame(b"A", "]C1")]
