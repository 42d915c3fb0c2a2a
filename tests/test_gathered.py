"""When a request is whole, and which can never be one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fulfillment.gathered import (
    BAD_LENGTH,
    BODY_MAX,
    BODY_TOO_LARGE,
    HEAD_MAX,
    HEAD_TOO_LARGE,
    LENGTH_NEEDED,
    Gathered,
    Refusal,
)

POST = b"POST /api/v1/scans HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def head(*lines: bytes) -> bytes:
    return b"\r\n".join([b"POST / HTTP/1.1", *lines, b"", b""])


@given(
    some.sampled_from([GET, POST + b"hello world"]), some.lists(some.integers(1, 40), max_size=60),
    some.binary(max_size=9),
)  # fmt: skip
def test_a_request_is_whole_when_its_last_byte_has_come_however_it_is_cut(
    request: bytes, cuts: list[int], more: bytes
) -> None:
    gathered, rest = Gathered(), request
    for cut in [*cuts, len(request)]:
        piece, rest = rest[:cut], rest[cut:]
        assert gathered.add(piece) is None
        assert gathered.is_whole == (not rest)
        if not rest:
            break
    gathered.add(more)
    assert gathered.take() == request + more
    assert gathered.is_empty
    assert not gathered.is_whole


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (head(b"Transfer-Encoding: chunked"), LENGTH_NEEDED),
        (head(b"transfer-encoding :\tgzip, chunked", b"Content-Length: 3"), LENGTH_NEEDED),
        (head(b"Content-Length: 3", b"content-length: 4"), BAD_LENGTH),
        (head(b"Content-Length: 3, 3"), BAD_LENGTH),
        (head(b"Content-Length: -1"), BAD_LENGTH),
        (head(b"Content-Length: +1"), BAD_LENGTH),
        (head(b"Content-Length: 0x10"), BAD_LENGTH),
        (head(b"Content-Length:"), BAD_LENGTH),
        (head(b"Content-Length: " + str(BODY_MAX + 1).encode()), BODY_TOO_LARGE),
        (head(b"Content-Length: " + b"9" * 5000), BODY_TOO_LARGE),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * HEAD_MAX, HEAD_TOO_LARGE),
        (b"x" * (HEAD_MAX + 1), HEAD_TOO_LARGE),
    ],
)
def test_what_can_never_be_a_request_is_refused(request_: bytes, refusal: Refusal) -> None:
    assert Gathered().add(request_) == refusal


def test_who_asks_before_sending_a_body_is_told_to_go_on_once() -> None:
    gathered = Gathered()
    assert gathered.add(head(b"Content-Length: 3", b"Expect: 100-continue")) is None
    assert [gathered.wants_go_ahead(), gathered.wants_go_ahead()] == [True, False]
    assert not gathered.is_whole


@pytest.mark.parametrize("refusal", [LENGTH_NEEDED, BODY_TOO_LARGE, HEAD_TOO_LARGE, BAD_LENGTH])
def test_every_refusal_has_the_words_of_its_status(refusal: Refusal) -> None:
    assert refusal.phrase
