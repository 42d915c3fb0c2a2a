"""What a label printer is, what is wrong with it, and which labels said that they came out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.zpl import ReplyError
from devices.zpl_queries import (
    Identification,
    ProofFeed,
    ask_json,
    asks_for_proof,
    parse_error_status,
    parse_identification,
    parse_json,
    proof_of,
    with_proof,
)

ES = b"\x02\r\n  PRINTER STATUS\r\n   ERRORS:         %s\r\n   WARNINGS:       %s\r\n\x03\r\n"
NONE = b"0 00000000 00000000"


def test_a_printer_says_what_it_is() -> None:
    assert parse_identification(b"\x02ZD421-203dpi ZPL,V93.21.26Z,8,8176KB\x03\r\n") == Identification(
        "ZD421-203dpi ZPL", "V93.21.26Z", 8, 8176
    )


@pytest.mark.parametrize(
    ("errors", "words"),
    [(NONE, []), (b"1 00000000 00000001", ["paper_out"]), (b"1 00000000 00000006", ["ribbon_out", "head_open"]),
     (b"1 00000000 00000015", ["paper_out", "head_open", "over_temperature"]),
     (b"1 00000000 00010000", ["paused"]),
     (b"1 00000000 00001000", ["error_4_1"]), (b"1 80000000 00000000", ["error_16_8"])],
)  # fmt: skip
def test_every_error_has_a_word_also_those_nobody_knows(errors: bytes, words: list[str]) -> None:
    assert parse_error_status(ES % (errors, NONE)) == (words, False)


def test_a_warning_is_no_error() -> None:
    assert parse_error_status(ES % (NONE, b"1 00000000 00000002")) == ([], True)


@pytest.mark.parametrize(
    "reply",
    [b"", ES % (b"1 00000000 00000000", NONE), ES % (b"0 00000000 00000001", NONE), b"ERRORS: 0 00000000 00000000"],
)
def test_half_an_error_status_is_no_all_clear(reply: bytes) -> None:
    with pytest.raises(ReplyError):
        parse_error_status(reply)


def test_a_label_that_came_out_reports_its_job_wherever_the_line_cuts_it() -> None:
    said = b"FLOOR<7.1>\r\n\x02030,0,0\x03FLOOR<7.1>\r\nFLOOR<PL-9:2>\r\n"
    for cut in range(len(said) + 1):
        feed = ProofFeed()
        assert feed.feed(said[:cut]) + feed.feed(said[cut:]) == ["7.1", "7.1", "PL-9:2"]


def test_proofs_are_asked_for_each_label_and_no_job_id_can_end_the_field() -> None:
    assert proof_of("7.1") == b"^FN9999^FD ^FS^FH_^HV9999,1,FLOOR<7.1,>_0D_0A,L^FS"
    for job_id in ("", "7^XZ", "7~JA", "7,1", "x" * 61, "ä"):
        with pytest.raises(ValueError, match="none that a label can send back"):
            proof_of(job_id)


def test_each_label_of_a_job_reports_itself_and_what_prints_nothing_does_not() -> None:
    job = b"^XA^MNY^XZ\r\n^XA^FDone^FS^XZ^XA^DFR:A.ZPL^FS^FDx^FS^XZ^XA^FDtwo^FS^PQ2^XZ\r\n"
    proof = b"^JZY" + proof_of("7.1")
    assert with_proof(job, "7.1") == job.replace(b"one^FS", b"one^FS" + proof).replace(b"^PQ2", b"^PQ2" + proof)
    assert [asks_for_proof(content) for content in (job, with_proof(job, "7.1"))] == [False, True]


def test_settings_are_asked_for_and_read_as_json() -> None:
    assert ask_json("device.host_status") == b'{}{"device.host_status": null}'
    said = b'{"odometer.total_label_count":"1234","x":"?","y":null}'
    assert parse_json(said) == {"odometer.total_label_count": "1234"}


@pytest.mark.parametrize("reply", [b"", b"[]", b"{", b'{"a":1}', b"[" * 5_000, b'{"a":"' + b"x" * 70_000 + b'"}'])
def test_what_is_no_answer_of_port_9200_is_refused(reply: bytes) -> None:
    with pytest.raises(ReplyError):
        parse_json(reply)


@pytest.mark.parametrize("parse", [parse_identification, parse_error_status, parse_json])
@given(noise=st.binary(max_size=300))
def test_no_reply_breaks_a_query(parse: Callable[[bytes], Any], noise: bytes) -> None:
    with suppress(ReplyError):
        parse(noise)


@given(st.lists(st.binary(max_size=100), max_size=6))
def test_no_noise_keeps_a_proof_from_being_heard(noise: list[bytes]) -> None:
    feed = ProofFeed()
    for part in noise:
        feed.feed(part)
    assert feed.feed(b"\r\nFLOOR<7>\r\n")[-1] == "7"
    assert len(feed._buffer) <= 70
