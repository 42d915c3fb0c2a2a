"""One connection with a label printer: answers and reports in any order, cut anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import zpl_conversation
from devices.config import parse_address
from devices.protocols import Deadline, DeviceError, PrinterStatus
from devices.registry import printer_at, transport_to
from devices.zpl_conversation import Conversation, status_beside
from simulators.zpl_printer import ZplPrinter

HOST = b"\x02030,0,0,1218,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"


class Told:
    """A transport whose other end says these pieces, each when it is read, and then nothing or the end."""

    can_half_close = True

    def __init__(self, pieces: Sequence[bytes], is_ended: bool = False) -> None:
        self.sent_bytes = 0
        self.asked: list[bytes] = []
        self._pieces = list(pieces)
        self._is_ended = is_ended

    def open(self, deadline: Deadline) -> None:
        self.sent_bytes = 0

    def read(self, deadline: Deadline) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if self._is_ended:
            return b""
        raise DeviceError("timeout", transient=True)

    def write(self, content: bytes, deadline: Deadline) -> None:
        self.asked.append(content)

    def finish(self, deadline: Deadline) -> bytes:
        return b""

    def close(self) -> None: ...


def test_a_status_and_a_report_between_its_parts_are_heard_wherever_they_are_cut() -> None:
    said = HOST[:36] + b"FLOOR<floor-7-1 >\r\n" + HOST[36:] + b'"12"\r\n"3"FLOOR<floor-7-1 >\r\n'
    for cut in range(len(said) + 1):
        talk = Conversation(Told([said[:cut], said[cut:]] if 0 < cut < len(said) else [said]))
        status = talk.answer(Deadline.after(5))
        while talk.reported["floor-7-1"] < 2 and talk.hear(Deadline.after(0)) is None and not talk.is_asking:
            pass
        assert status == PrinterStatus("ready", (), 0, 0, 12, 3)
        assert talk.reported == {"floor-7-1": 2}


def test_a_question_is_not_asked_again_while_its_answer_is_outstanding() -> None:
    transport = Told([])
    talk = Conversation(transport)
    for _ in range(3):
        talk.ask(Deadline.after(1))
        assert talk.hear(Deadline.after(0)) is None
    assert len(transport.asked) == 1


@pytest.mark.parametrize("values", [b"", b'"12"'])
def test_an_end_after_the_status_leaves_the_counts_unknown(values: bytes) -> None:
    status = Conversation(Told([HOST + values], is_ended=True)).answer(Deadline.after(5))
    assert (status.state, status.odometer, status.boot) == ("ready", 12 if values else None, None)


@pytest.mark.parametrize(("pieces", "reason"), [([], "silent"), ([b"\x02x\x03" * 3], "bad_reply")])
def test_silence_and_nonsense_are_no_status(pieces: list[bytes], reason: str) -> None:
    with pytest.raises(DeviceError) as caught:
        Conversation(Told(pieces)).answer(Deadline.after(0))
    assert caught.value.reason == reason


KNOWN = [HOST, HOST[:30], b'"12"', b'"many"', b"FLOOR<7 >", b"\x03", b'"']
PIECES = st.lists(st.binary(min_size=1, max_size=60) | st.sampled_from(KNOWN), max_size=6)


@given(PIECES, st.booleans())
def test_whatever_it_says_is_a_status_or_an_error_by_its_word(pieces: list[bytes], is_ended: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zpl_conversation, "_VARIABLE_S", 0.0)
        talk = Conversation(Told(pieces, is_ended))
        for _ in range(3):
            with suppress(DeviceError):
                assert isinstance(talk.answer(Deadline.after(0)), PrinterStatus)


@pytest.mark.parametrize("said", [b"", b"[]", b"{}", b'{"device.host_status": "no"}'])
def test_what_the_status_port_says_is_whole_or_an_error(said: bytes) -> None:
    with pytest.raises(DeviceError):
        status_beside(Told([said] if said else [], is_ended=True), Deadline.after(1))


def test_the_status_port_tells_the_same_as_the_other_one(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape", status_port=0) as printer:
        with closing(transport_to(parse_address(f"tcp://127.0.0.1:{printer.status_port}"))) as transport:
            beside = status_beside(transport, Deadline.after(5))
        assert beside == printer_at(printer.address, "zpl").status()
        assert (beside.odometer, beside.boot) == (0, 1)


def test_a_printer_that_is_taken_tells_how_it_is_on_its_status_port(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape", status_port=0) as printer:
        with closing(transport_to(parse_address(printer.address))) as taken:
            taken.open(Deadline.after(5))
            taken.write(b"^XA", Deadline.after(5))
            status = printer_at(f"{printer.address}?status={printer.status_port}", "zpl").status(2.0)
        assert status.odometer == 0
