"""Zebra's packets: checked, cut anywhere, never taken twice for one nor once for two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.framing import ssi
from devices.framing.ssi import ACK, NAK, Answer, Broken, Decode, Opcode, Packets, Part, packet


@pytest.mark.parametrize(
    ("made", "wire"),
    [(ACK, "04 d0 04 00 ff 28"), (NAK, "05 d1 04 00 01 ff 25"), (ssi.beep(0), "05 e6 04 00 00 ff 11"),
     (ssi.led(True), "05 e7 04 00 01 ff 0f"),
     (packet(Opcode.DECODE_DATA, b"\x03TOTE-7", source=0), "0b f3 00 00 03 54 4f 54 45 2d 37 fd 5f")],
)  # fmt: skip
def test_a_packet_has_the_bytes_of_the_guide(made: bytes, wire: str) -> None:
    assert made.hex(" ") == wire


def decode(code: bytes, symbology: int = 3, status: int = 0) -> bytes:
    return packet(Opcode.DECODE_DATA, bytes((symbology,)) + code, status, source=0)


SSI_STREAM = (
    decode(b"TOTE-7") + b"\x00\x00" + packet(Opcode.ACK, source=0) + decode(b"0" * 200, 1, 2) + decode(b"1" * 9, 1)
    + packet(Opcode.NAK, b"\x0a", source=0) + decode(b"TOTE-7", status=1) + packet(0x99, b"xyz", source=0)
)  # fmt: skip
SSI_EVENTS = [
    Decode(3, b"TOTE-7", False), Answer(True), Part(), Decode(1, b"0" * 200 + b"1" * 9, False), Answer(False, 10),
    Decode(3, b"TOTE-7", True),
]  # fmt: skip


@pytest.mark.parametrize("cut", range(len(SSI_STREAM) + 1))
def test_packets_do_not_depend_on_where_the_stream_is_cut(cut: int) -> None:
    packets = Packets()
    assert packets.feed(SSI_STREAM[:cut], 1.0) + packets.feed(SSI_STREAM[cut:], 1.1) == SSI_EVENTS


def test_two_pulls_on_one_code_are_two_scans_and_a_packet_sent_again_says_so() -> None:
    packets = Packets()
    assert packets.feed(decode(b"A") * 2 + decode(b"A", status=1), 1.0) == [
        Decode(3, b"A", False), Decode(3, b"A", False), Decode(3, b"A", True),
    ]  # fmt: skip


def test_a_wrong_checksum_is_asked_for_again_and_never_a_scan() -> None:
    packets = Packets()
    wrong = bytearray(decode(b"TOTE-7"))
    wrong[6] ^= 1
    assert packets.feed(bytes(wrong), 1.0) == [Broken("checksum", is_first_try=True)]
    assert packets.feed(decode(b"TOTE-7", status=1), 1.1) == [Decode(3, b"TOTE-7", True)]


def test_half_a_packet_is_given_up_after_a_pause() -> None:
    packets = Packets(idle_reset_s=1.0)
    assert packets.feed(decode(b"TOTE-7")[:5], 1.0) == []
    assert packets.feed(decode(b"TOTE-8"), 2.5) == [
        Broken("cut off", is_first_try=True, is_answered=False), Decode(3, b"TOTE-8", False),
    ]  # fmt: skip
    assert packets.abandoned == 1


LONG = (b"0" * 250, b"1" * 250, b"2" * 9)


@pytest.mark.parametrize("lost", range(3))
def test_of_a_long_code_each_packet_may_come_again_and_the_code_is_whole_and_once(lost: int) -> None:
    """Twice where its answer was lost; the last one then says that the whole code came again."""
    packets = Packets()
    events = []
    for number, part in enumerate(LONG):
        status = 2 if number < 2 else 0
        events += packets.feed(decode(part, status=status), 1.0)
        if number == lost:
            events += packets.feed(decode(part, status=status | 1), 1.5)
    whole = Decode(3, b"".join(LONG), False)
    again = Decode(3, b"".join(LONG), True)
    parts = [Part(), Part()] if lost == 2 else [Part(), Part(lost == 0), Part(lost == 1)]
    assert events == parts + ([whole, again] if lost == 2 else [whole])


@pytest.mark.parametrize("wrong", range(3))
def test_a_packet_of_a_long_code_that_was_garbled_comes_again_and_the_code_is_whole(wrong: int) -> None:
    packets = Packets()
    events = []
    for number, part in enumerate(LONG):
        status = 2 if number < 2 else 0
        if number == wrong:
            garbled = bytearray(decode(part, status=status))
            garbled[9] ^= 1
            events += packets.feed(bytes(garbled), 1.0)
            status |= 1
        events += packets.feed(decode(part, status=status), 1.1)
    scans = [event for event in events if isinstance(event, Decode)]
    assert [(scan.payload, scan.is_again) for scan in scans] == [(b"".join(LONG), False)]


@pytest.mark.parametrize("wrong", range(3))
def test_all_packets_of_a_long_code_may_come_again_at_once_and_the_code_is_whole_and_once(wrong: int) -> None:
    """Sent without waiting, one garbled: all come again. With the answer lost they do, too, and that is no new scan."""
    packets = Packets()
    first, again = [], []
    for number, part in enumerate(LONG):
        status = 2 if number < 2 else 0
        first.append(decode(part, status=status))
        again.append(decode(part, status=status | 1))
    garbled = bytearray(first[wrong])
    garbled[9] ^= 1
    came = [*first[:wrong], bytes(garbled), *first[wrong + 1 :]]
    events = packets.feed(b"".join(came), 1.0)  # what came behind the garbled one is dropped with it
    assert [event for event in events if isinstance(event, Broken)] == [Broken("checksum", is_first_try=True)]
    events = packets.feed(b"".join(again), 1.5)
    assert [event for event in events if isinstance(event, Decode)] == [Decode(3, b"".join(LONG), wrong == 0)]
    events = packets.feed(b"".join(again), 2.0)
    assert [event for event in events if isinstance(event, Decode)] == [Decode(3, b"".join(LONG), True)]
    packets.feed(first[0], 2.5)
    packets.reset()
    events = packets.feed(b"".join(again), 3.0)
    assert [event for event in events if isinstance(event, Decode)] == [Decode(3, b"".join(LONG), True)]


def test_the_rest_of_a_code_whose_beginning_went_with_the_cable_is_no_code() -> None:
    packets = Packets()
    assert packets.feed(decode(LONG[0], status=2), 1.0) == [Part()]
    packets.reset()
    assert packets.feed(decode(LONG[2], status=1), 1.5) == [Broken("the rest of a code", is_answered=False)]
    assert packets.feed(decode(b"TOTE-7"), 2.0) == [Decode(3, b"TOTE-7", False)]


def test_a_long_code_given_up_in_the_middle_is_not_glued_to_the_next() -> None:
    packets = Packets()
    assert packets.feed(decode(LONG[0], status=2), 1.0) == [Part()]
    assert packets.feed(decode(b"TOTE-7"), 4.5) == [Decode(3, b"TOTE-7", False)]


def test_a_code_that_says_more_follows_for_ever_is_not_kept() -> None:
    packets = Packets()
    events = packets.feed(decode(b"x" * 250, status=2) * 100, 1.0)
    assert "a code that does not end" in [event.reason for event in events if isinstance(event, Broken)]
    assert not any(isinstance(event, Decode) for event in events)
    assert sum(map(len, packets._parts)) <= ssi.LONGEST_CODE


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_no_noise_breaks_the_packets_and_the_next_scan_after_a_pause_is_heard(noise: list[bytes]) -> None:
    packets = Packets()
    for part in noise:
        packets.feed(part, 1.0)
    packets.reset()
    assert packets.feed(decode(b"TOTE-7"), 9.0) == [Decode(3, b"TOTE-7", False)]


def test_a_packet_is_never_longer_than_its_length_byte_can_say() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        packet(Opcode.BEEP, b"x" * 252)


def test_a_packet_that_never_ends_is_not_kept_for_ever() -> None:
    packets = Packets()
    for _ in range(2_000):
        packets.feed(b"\xff", 1.0)
    assert len(packets._buffer) < 300
