"""Text no database can keep, refused in words before anything is done with it: a zero byte, half a surrogate pair.

Forms are looked at where they are parsed, JSON as it came, so that a page or an operation need not think of it.
PostgreSQL would refuse such text in the middle of the work (a failure of ours), SQLite would keep it.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import IO, Any

from flask import Request, abort
from werkzeug.formparser import FormDataParser

from fulfillment.web.errors import page_or_problem

# A backslash and what it stands before; in pairs first, for "\\u0000" is a backslash and five letters.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<bad>u0000|u[dD][89a-fA-F]..)|.)", re.DOTALL
)


class _Forms(FormDataParser):
    """Forms whose names and values are all text."""

    def parse(self, stream: IO[bytes], mimetype: str, content_length: int | None, options: Any = None) -> Any:
        stream, form, files = super().parse(stream, mimetype, content_length, options)
        came = list(chain.from_iterable(files.listvalues()))
        names = (file.filename or "" for file in came)
        if any("\0" in text for text in chain(form, *form.listvalues(), files, names)):
            for file in came:
                file.close()  # nobody else will: the request never gets them
            _refuse("the form")
        return stream, form, files


class PlainRequest(Request):
    """A request whose forms hold nothing but text."""

    form_data_parser_class = _Forms


def check_json(raw: bytes) -> None:
    """Answer 400 when a JSON body holds what is no text, also as an escape."""
    if not is_text(raw):
        _refuse("the body")


def is_text(raw: bytes) -> bool:
    """Whether JSON, as it was sent, holds only text. Nearly all bodies are done with after two quick searches."""
    return b"\0" not in raw and not (b"\\u" in raw and any(one["bad"] for one in _ESCAPE.finditer(raw)))


def _refuse(what: str) -> None:
    abort(page_or_problem(400, "no_text", "no text", f"{what} holds a zero byte or half a character: no text can"))
