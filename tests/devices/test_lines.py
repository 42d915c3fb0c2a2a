"""Rules of the scanner's line: whole codes, once, in order, whatever the reads were."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.framing import LONGEST_CODE, STX, Frame, LineFramer

STREAM = b"L-A03-07-2-X\r\n]C100006141411234567890\r\x1d]d201095060001343521\x1dA\n\r\n85123A\r"
FRAMES = [
    Frame(b"L-A03-07-2-X"),
    Frame(b"00006141411234567890", "]C1"),
    Frame(b"\x1d]d201095060001343521\x1dA"),
    Frame(b"85123A"),
]


def frames_of(pieces: list[bytes], framer: LineFramer | None = None) -> list[Frame]:
    framer = framer or LineFramer()
    return [frame for piece in pieces for frame in framer.feed(piece, at_s=1.0)]


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_frames_do_not_depend_on_where_the_stream_is_cut(cut: int) -> None:
    assert frames_of([STREAM[:cut], STREAM[cut:]]) == FRAMES


def test_bytes_one_at_a_time_make_the_same_frames() -> None:
    assert frames_of([bytes((value,)) for value in STREAM]) == FRAMES


def test_an_aim_identifier_is_told_apart_from_the_code() -> None:
    assert frames_of([b"]d2010950600013435210\r"]) == [Frame(b"010950600013435210", "]d2")]


def test_group_separator_stays_in_the_code() -> None:
    assert frames_of([b"]C10112345678901231\x1d21AB\r"]) == [Frame(b"0112345678901231\x1d21AB", "]C1")]


def test_a_pause_drops_what_was_begun() -> None:
    framer = LineFramer(idle_reset_s=0.5)
    assert framer.feed(b"T-0001", at_s=1.0) == []
    assert framer.feed(b"T-000123-K\r", at_s=1.6) == [Frame(b"T-000123-K")]
    assert framer.abandoned == 1


def test_a_slow_scanner_within_the_gap_is_one_code() -> None:
    framer = LineFramer(idle_reset_s=0.5)
    found = [frame for at, c in enumerate(b"T-1\r") for frame in framer.feed(bytes((c,)), at_s=at * 0.4)]
    assert found == [Frame(b"T-1")]


def test_with_a_prefix_half_a_code_is_noise() -> None:
    framer = LineFramer(prefix=STX)
    assert frames_of([b"07-2-X\r\x02L-A03-07-2-X\r"], framer) == [Frame(b"L-A03-07-2-X")]
    assert framer.noise_bytes == len(b"07-2-X")


def test_a_prefix_within_a_code_starts_anew() -> None:
    framer = LineFramer(prefix=STX)
    assert frames_of([b"\x02L-A0\x02T-1\r"], framer) == [Frame(b"T-1")]
    assert framer.abandoned == 1


def test_a_code_longer_than_any_barcode_is_dropped_whole_and_the_next_one_is_read() -> None:
    framer = LineFramer()
    assert frames_of([b"9" * 10_000 + b"\rT-1\r"], framer) == [Frame(b"T-1")]
    assert framer.overlong == 1
    assert framer.buffered_bytes == 0


def test_the_longest_code_passes() -> None:
    assert frames_of([b"9" * LONGEST_CODE + b"\r"]) == [Frame(b"9" * LONGEST_CODE)]


def test_a_line_without_suffix_or_with_a_long_prefix_is_refused() -> None:
    with pytest.raises(ValueError, match="suffixes"):
        LineFramer(suffixes=b"")
    with pytest.raises(ValueError, match="prefix"):
        LineFramer(prefix=b"\x02\x02")


@settings(deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=40)), st.sampled_from([b"", STX]), st.integers(1, 30))
def test_any_bytes_in_any_pieces_are_bounded_and_frame_alike(
    pieces: list[bytes], prefix: bytes, max_length: int
) -> None:
    whole, split = LineFramer(prefix=prefix, max_length=max_length), LineFramer(prefix=prefix, max_length=max_length)
    assert frames_of(pieces, split) == frames_of([b"".join(pieces)], whole)
    assert split.buffered_bytes <= max_length
    assert all(value not in b"\r\n" for frame in frames_of(pieces, split) for value in frame.payload)
