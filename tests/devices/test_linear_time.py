"""However much a broken device says, what reads it takes time in proportion and keeps a bounded rest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest

from devices import escpos, zpl, zpl_queries
from devices.framing import STX, LineFramer, ssi
from devices.framing.hid_pos import Reports
from devices.framing.key_events import EVENT, KeyEvents
from devices.scales import hid, mettler_8217, mt_sics, scp01
from devices.scales import reading as scales_reading

SIZE_BYTES, JOB_BYTES = 100_000, 1_500_000
HANG_S = 60  # each takes a second or two; what grows with the square of its input takes minutes


def key_events(codes: list[int], held: int | None = None) -> bytes:
    first = b"" if held is None else EVENT.pack(1, 0, 1, held, 1)
    return first + b"".join(EVENT.pack(1, 0, 1, code, 1) for code in codes)


def fed(feed: Callable[[bytes], object], stream: bytes, step: int) -> None:
    for at in range(0, len(stream), step):
        feed(stream[at : at + step])


def repeated(some: bytes, size_bytes: int = SIZE_BYTES) -> bytes:
    return some * (size_bytes // len(some))


def job(some: bytes) -> bytes:
    return repeated(some, JOB_BYTES)


def refused(parse: Callable[[bytes], object], reply: bytes) -> None:
    with suppress(scales_reading.ReplyError, zpl.ReplyError):
        parse(reply)


PARTS = [
    ssi.packet(ssi.Opcode.DECODE_DATA, bytes((number,)), status, source=0) for status in (2, 3) for number in (1, 2)
]
STREAMS: dict[str, list[bytes]] = {
    "line": [repeated(b"9"), repeated(STX + b"7"), repeated(b"]C1\r")],
    "keys": [key_events([16] * (SIZE_BYTES // 24)), key_events([79] * (SIZE_BYTES // 24), held=56)],
    "ssi": [repeated(b"\xff"), repeated(b"\x04"), repeated(b"\xf3\x00\x00"), *map(repeated, PARTS),
            repeated(b"".join(PARTS))],
    "hid-pos": [repeated(bytes((2, 56)) + b"]C1" + b"A" * 58 + b"\x01"), repeated(b"\x02")],
    "~HS": [repeated(b"\x02"), repeated(b"x"), repeated(b"\x02,\x03")],
    "^HV": [repeated(b"FLOOR<"), repeated(b"FLOOR<7"), repeated(b"FLOOR<7>")],
    "replies": [repeated(b'"'), b'"' + repeated(b"1"), repeated(b"ERRORS: "), b"ERRORS:" + repeated(b" "),
                repeated(b"ERRORS: 0 00000000 "), repeated(b"a,"), repeated(b"["), repeated(b'{"a":'), repeated(b"1")],
    "jobs": [job(b"^XA"), job(b"^XA^FDx"), job(b"^XA^XZ"), job(b"^XA^FDx^XZ"), b"^XA" + job(b"^PQ") + b"^XZ",
             b"^XA^FDx^PQ" + job(b"9") + b"^XZ"],
    "esc/pos": [repeated(b"\x10"), repeated(b"\x12")],
    "scales": [repeated(b"\x02"), b"\x02" + repeated(b"1"), repeated(b"\x03"), repeated(b"^"), repeated(b"S S "),
               repeated(b"\r\n"), repeated(b" ")],
}  # fmt: skip


def work(name: str, stream: bytes, step: int) -> None:
    """Feed one stream to everything of that name, as main() does below in a process of its own."""
    match name:
        case "line":
            for framer in (LineFramer(), LineFramer(prefix=STX)):
                fed(lambda piece, framer=framer: framer.feed(piece, 1.0), stream, step)  # type: ignore[misc]
                assert framer.buffered_bytes <= 7089
        case "keys":
            keys = KeyEvents()
            fed(keys.feed, stream, step)
            assert len(keys._typed) <= 7089
            assert len(keys._by_number) <= 8
        case "ssi":
            packets = ssi.Packets()
            fed(lambda piece: packets.feed(piece, 1.0), stream, step)
            assert len(packets._parts) <= ssi.MOST_PARTS
        case "hid-pos":
            reports = Reports()
            fed(lambda piece: reports.feed(piece, 1.0), stream, 64)
            assert len(reports._parts) <= 7089
            for at in range(0, len(stream), 6):
                refused(hid.parse, stream[at : at + 6])
        case "~HS":
            refused(zpl.parse_host_status, stream)
        case "^HV":
            proofs = zpl_queries.ProofFeed()
            fed(proofs.feed, stream, step)
            assert len(proofs._buffer) <= 70
        case "replies":
            for parse in (
                zpl.parse_odometer, zpl_queries.parse_identification, zpl_queries.parse_error_status,
                zpl_queries.parse_json,
            ):  # fmt: skip
                refused(parse, stream)
        case "jobs":
            assert zpl.labels_in(stream) >= 0
            assert zpl.labels_in(zpl_queries.with_proof(stream, "7")) == zpl.labels_in(stream)
        case "esc/pos":
            fed(escpos.ReplyFeed().feed, stream, step)
        case "scales":
            for scale in (mettler_8217.Feed(), mt_sics.Feed(), scp01.Feed()):
                fed(scale.feed, stream, step)
        case _:
            raise AssertionError(name)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_without_sense_is_worked_through_in_one_go(name: str) -> None:
    # In a process of its own: a pattern that backtracks cannot be interrupted, only killed.
    run = subprocess.run([sys.executable, "-m", __name__, name], timeout=HANG_S, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


if __name__ == "__main__":
    for one in STREAMS[sys.argv[1]]:
        for cut in (len(one), 7) if sys.argv[1] != "jobs" else (len(one),):
            work(sys.argv[1], one, cut)
