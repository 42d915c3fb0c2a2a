"""What of a request has arrived: is it whole, how much is wanted, must it be refused?

Pure: bytes in, a decision out. It reads two headers, Content-Length and Transfer-Encoding, only to know when a
request is there; what the request says is for the server's own parser. A body must announce its length
(RFC 9112, 6.3: a server may answer 411), which is what every device of a floor and every buffering proxy does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

HEAD_MAX = 32 * 1024
BODY_MAX = 2 * 1024 * 1024 + 64 * 1024  # a little above what the application takes, which says so in its own words
BODY_SMALL = 64 * 1024

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_GO_AHEAD = re.compile(rb"\r\nexpect[ \t]*:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)


@dataclass(frozen=True)
class Refusal:
    """An answer given without the application, and the end of the connection."""

    status: int
    code: str
    title: str
    retry_after_s: int = 0

    @property
    def phrase(self) -> str:
        """The words of the status line."""
        return HTTPStatus(self.status).phrase


HEAD_TOO_LARGE = Refusal(431, "head_too_large", "the request's headers are too large")
BODY_TOO_LARGE = Refusal(413, "body_too_large", "the request's body is too large")
LENGTH_NEEDED = Refusal(411, "length_needed", "a body must announce its Content-Length")
BAD_LENGTH = Refusal(400, "bad_length", "Content-Length is no number, or there are several")


class Gathered:
    """One request on its way in. `needed`: its bytes with head and body, once the head is there."""

    def __init__(self) -> None:
        self.needed: int | None = None
        self._arrived = bytearray()
        self._may_wait_for_us = False

    @property
    def is_empty(self) -> bool:
        """Nothing has come yet."""
        return not self._arrived

    @property
    def is_whole(self) -> bool:
        """Head and body are there."""
        return self.needed is not None and len(self._arrived) >= self.needed

    def add(self, piece: bytes) -> Refusal | None:
        """One more piece; a refusal when this can never become a request."""
        searched = max(0, len(self._arrived) - len(_END) + 1)
        self._arrived += piece
        if self.needed is None:
            end = self._arrived.find(_END, searched)
            if end < 0:
                return HEAD_TOO_LARGE if len(self._arrived) > HEAD_MAX else None
            if end > HEAD_MAX:
                return HEAD_TOO_LARGE
            return self._measure(bytes(self._arrived[: end + len(_END)]))
        return None

    def wants_go_ahead(self) -> bool:
        """Whether the sender waits for "100 Continue" before it sends the body; true once."""
        wants, self._may_wait_for_us = self._may_wait_for_us, False
        return wants

    def take(self) -> bytes:
        """All that arrived, and begin anew."""
        taken = bytes(self._arrived)
        self.needed, self._arrived, self._may_wait_for_us = None, bytearray(), False
        return taken

    def _measure(self, head: bytes) -> Refusal | None:
        if _CODING.search(head):
            return LENGTH_NEEDED
        lengths = _LENGTH.findall(head)
        if len(lengths) > 1 or (lengths and not lengths[0].isdigit()):
            return BAD_LENGTH
        # Digits are bounded before they become a number: a thousand of them are no length.
        if lengths and (len(lengths[0]) > 12 or int(lengths[0]) > BODY_MAX):
            return BODY_TOO_LARGE
        self.needed = len(head) + (int(lengths[0]) if lengths else 0)
        self._may_wait_for_us = bool(lengths) and _GO_AHEAD.search(head) is not None
        return None
