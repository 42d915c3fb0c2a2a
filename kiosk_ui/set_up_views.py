"""What the floor is set up with, at a desk: every list in one form, a page to look through it and a page a row.

Which columns a list has and what it may hold is `services/lists`; here is one page for all of them. Works without a
script. A file is rehearsed first: the page shows what it would change, and the same file is kept by a second touch.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, make_response, redirect, render_template, request

from fulfillment.domain.codes import own_code
from fulfillment.domain.languages import LANGUAGES
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.domain.roles import Permission
from fulfillment.services import imports, lists
from fulfillment.services.lists import FILES, LISTS, Brought, Column, Listing
from fulfillment.services.set_up import first_steps, item_pictures
from fulfillment.web.auth import floor, needs
from kiosk_ui.views import blueprint
from kiosk_ui.words import WORDS, say

MAX_WORD = 100
MAX_FILE = 2 * 1024 * 1024
SHOWN_BARCODES = 500
DID = ("saved", "removed", "retired", "brought", "added", "printed", "revoked")
# What a first look at an unknown list needs beside it: where it is looked at when it has no page of its own.
SEEN_AT = {"stock": "/stock", "receipts": "/board", "orders": "/board"}


@blueprint.app_template_global()
def column_words(name: str) -> str:
    """What a column is called."""
    base, _, language = name.partition(":")
    return say("column", "name_in", language=LANGUAGES[language]) if language else say("column", base)


@blueprint.app_template_global()
def cell_words(column: Column, value: str) -> str:
    """What stands in a cell, as a person reads it."""
    if column.entry == "yes_no":
        return say("set_up", "yes" if value == "1" else "no")
    if column.name == "language":
        return LANGUAGES.get(value, say("set_up", "as_device"))
    if column.words and value:
        return say(column.words, value)
    return value


@blueprint.app_template_global()
def row_problem(reason: str) -> str:
    """What is wrong with a row, in the reader's language; '' = only its own words say it."""
    return say("row_problem", reason) if reason in WORDS["row_problem"] else ""


@blueprint.app_template_global()
def users_in_words(tables: str) -> str:
    """What names a row that somebody wants to take away."""
    return ", ".join(dict.fromkeys(say("used_by", table) for table in tables.split(", ")))


@blueprint.get("/set-up")
@needs(Permission.SET_UP)
def set_up_page() -> str:
    """The way to every list, and what is to be done next."""
    found = floor().read(first_steps.steps)
    return render_template("set_up.html", lists=list(LISTS), files=list(FILES), next=first_steps.next_of(found))


@blueprint.get("/set-up/<name>")
@needs(Permission.SET_UP)
def list_page(name: str) -> str:
    """A page of a list, with what can be done about it."""
    return _list(_listing(name))


@blueprint.get("/set-up/<name>.csv")
@needs(Permission.SET_UP)
def list_file(name: str) -> Response:
    """The list, or what a word finds in it, as a file."""
    listing = _listing(name)
    text = floor().read(lambda tx: lists.csv_of(tx, listing, _word()))
    # A spreadsheet takes a file without the mark for its own country's letters.
    answer = Response("\ufeff" + text, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


@blueprint.get("/set-up/<name>/row")
@needs(Permission.SET_UP)
def row_page(name: str) -> str:
    """A row to be changed; without a key, a new one."""
    listing, key = _listing(name, with_files=True), request.args.get("key", "")
    row = floor().read(lambda tx: lists.row_of(tx, listing, key)) if key else None
    if key and row is None:
        raise NotFound("unknown_row", f"there is no {key[:80]}", listing.key)
    return _row(listing, row or {}, lists.version_of(row) if row else "")


@blueprint.post("/set-up/<name>/row")
@needs(Permission.SET_UP)
def change_row(name: str) -> Response | tuple[str, int]:
    """Keep a row as the form has it, or take it away."""
    listing, form = _listing(name, with_files=True), request.form
    version, key = form.get("version", "")[:64], form.get(listing.key, "")[:200]
    values = {column.name: form.get(column.name, "") for column in listing.columns}
    g.acts_on = key
    try:
        if form.get("act") == "remove" and listing.source:
            did = floor().writer.write(lambda tx: lists.remove(tx, listing, key, version))
            return _to_list(listing, did, key)
        brought = lists.save(floor().writer, listing, values, version)
    except DomainError as error:
        current = floor().read(lambda tx: lists.row_of(tx, listing, key)) if error.code == "changed_meanwhile" else None
        return _row(listing, values, version, error=error, current=current), error.status
    if not brought.report.is_ok:
        return _row(listing, values, version, brought=brought), 422
    if name in FILES:
        return make_response(redirect(f"/set-up/{name}/row?{urlencode({'did': 'saved', 'key_done': key})}", 303))
    return _to_list(listing, "saved", key)


@blueprint.get("/set-up/<name>/file")
@needs(Permission.SET_UP)
def file_page(name: str) -> str:
    """Where a file of rows is given."""
    return _file(_listing(name, with_files=True))


@blueprint.post("/set-up/<name>/file")
@needs(Permission.SET_UP)
def bring_file(name: str) -> str | Response | tuple[str, int]:
    """Say what a file would change; or keep one that was looked at."""
    request.max_form_memory_size = 2 * MAX_FILE
    request.max_content_length = 2 * MAX_FILE
    listing = _listing(name, with_files=True)
    try:
        content = _given()
    except DomainError as error:
        return _file(listing, error=error), error.status
    g.body = content
    is_rehearsal = request.form.get("act") != "keep"
    brought = lists.bring(floor().writer, listing, content, is_rehearsal=is_rehearsal)
    if not brought.report.is_ok:
        return _file(listing, brought), 422
    if is_rehearsal:
        return _file(listing, brought, base64.b64encode(gzip.compress(content, 6)).decode())
    if name in FILES:
        return make_response(redirect(f"/set-up/{name}/file?did=brought", 303))
    return _to_list(listing, "brought")


@blueprint.get("/set-up/<name>/barcodes")
@needs(Permission.SET_UP)
def barcodes_page(name: str) -> str:
    """What is scanned of a list, to print and hang up."""
    listing = _listing(name)
    if not listing.code_kind:
        raise NotFound("no_barcodes", f"{name} have no barcodes of ours")
    word, after = _word(), request.args.get("after", "")[:200]
    page = floor().read(lambda tx: lists.page_of(tx, listing, word, after, limit=SHOWN_BARCODES))
    codes = [(row[listing.key], row.get("name", ""), _own(listing, row[listing.key])) for row in page.rows]
    return render_template(
        "set_up_barcodes.html", listing=listing, codes=[one for one in codes if one[2]], word=word, page=page,
        most=SHOWN_BARCODES,
    )  # fmt: skip


def _own(listing: Listing, key: str) -> str:
    try:
        return own_code(listing.code_kind, key)
    except ValueError:
        return ""  # it came before such codes were refused; a label of it never worked


def _listing(name: str, *, with_files: bool = False) -> Listing:
    listing = LISTS.get(name) or (FILES.get(name) if with_files else None)
    if listing is None:
        raise NotFound("unknown_list", f"there is no list {name[:40]!r}")
    if name == "orders":
        how = imports.OrderOptions(floor().settings.max_line_each)
        return replace(listing, bring=lambda writer, content: imports.import_orders(writer, content, None, how))
    return listing


def _word() -> str:
    return request.args.get("q", "").strip()[:MAX_WORD]


def _given() -> bytes:
    """The file of this request, or the one it was looked at with."""
    if request.form.get("act") == "keep":
        try:
            packed = zlib.decompressobj(wbits=31)
            content = packed.decompress(base64.b64decode(request.form.get("content", ""), validate=True), MAX_FILE + 1)
        except (ValueError, zlib.error) as error:
            raise DomainError("bad_file", "choose the file again", "file") from error
    else:
        file = request.files.get("file")
        content = file.read(MAX_FILE + 1) if file is not None else b""
    if not content:
        raise DomainError("no_file", "no file was chosen", "file")
    if len(content) > MAX_FILE:
        raise DomainError("file_too_large", f"at most {MAX_FILE // 1_000_000} MB at a desk", "file")
    return content


def _to_list(listing: Listing, did: str, key: str = "") -> Response:
    return make_response(redirect(f"/set-up/{listing.name}?{urlencode({'did': did, 'to': key})}", 303))


def _did() -> dict[str, str]:
    did = request.args.get("did", "")
    return {"did": did if did in DID else "", "did_to": request.args.get("to", "")[:80]}


def _list(listing: Listing, **more: Any) -> str:
    word = _word()
    after, before = request.args.get("after", "")[:200], request.args.get("before", "")[:200]
    page = floor().read(lambda tx: lists.page_of(tx, listing, word, after, before))
    return render_template("set_up_list.html", listing=listing, page=page, word=word, **_did(), **more)


def _row(
    listing: Listing, row: dict[str, str], version: str, error: DomainError | None = None,
    brought: Brought | None = None, current: dict[str, str] | None = None,
) -> str:  # fmt: skip
    wrong = {one.column: one for one in brought.report.errors} if brought is not None else {}
    picture = ""
    if listing.name == "items" and version:
        picture = floor().read(lambda tx: item_pictures.address_of(tx, row["sku"]))
    return render_template(
        "set_up_row.html", listing=listing, row=row, version=version, error=error, wrong=wrong, picture=picture,
        current=current, new_version=lists.version_of(current) if current else "", seen_at=SEEN_AT.get(listing.name),
        **_did(),
    )  # fmt: skip


def _file(
    listing: Listing, brought: Brought | None = None, content: str = "", error: DomainError | None = None
) -> str:  # fmt: skip
    return render_template(
        "set_up_file.html", listing=listing, brought=brought, content=content, error=error, most=lists.MAX_ROWS,
        seen_at=SEEN_AT.get(listing.name), **_did(),
    )  # fmt: skip
