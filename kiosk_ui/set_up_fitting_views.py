"""What some lists can do beside the usual: totes and carts by the number, a link for a device, labels, pictures.

Each is a plain form on the list's own page or the row's. A link to a station is in its answer and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, g, make_response, redirect, render_template, request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services import lists
from fulfillment.services.equipment import devices, stations
from fulfillment.services.lists import LISTS
from fulfillment.services.people import enrolment
from fulfillment.services.printing import hand_prints, label_fields
from fulfillment.services.set_up import item_pictures, picture_files, setting_up
from fulfillment.web.auth import floor, needs
from kiosk_ui.static_views import YEAR_S
from kiosk_ui.views import blueprint

MAX_ZIP = 48 * 1024 * 1024
MAX_LABELS = 500
LABELLED = {"locations": "location", "totes": "tote"}  # lists with a label of their own


@blueprint.app_template_global()
def label_printers() -> list[str]:
    """Printers of labels, by their codes."""
    known = floor().read(devices.listed)
    return [one["code"] for one in known if one["kind"] == "printer" and one.get("language") == "zpl"]


@blueprint.post("/set-up/<any(totes, carts):name>/many")
@needs(Permission.SET_UP)
def number_many(name: str) -> Response | tuple[str, int]:
    """Number so many more totes or carts."""

    def work() -> str:
        count = _whole("count")
        if name == "totes":
            floor().writer.write(lambda tx: setting_up.add_totes(tx, count))
        else:
            positions = _whole("positions")
            floor().writer.write(lambda tx: setting_up.add_carts(tx, count, positions))
        return str(count)

    return _done(name, "added", work)


@blueprint.post("/set-up/<any(locations, totes):name>/labels")
@needs(Permission.SET_UP)
def print_labels(name: str) -> Response | tuple[str, int]:
    """Have the labels of what a word finds printed."""
    listing, word = LISTS[name], request.form.get("q", "").strip()[:100]
    printer = request.form.get("printer", "")[:100] or None

    def queue(tx: Any) -> int:
        rows = list(lists.page_of(tx, listing, word, limit=MAX_LABELS + 1).rows)
        if not 0 < len(rows) <= MAX_LABELS:
            raise DomainError("bad_quantity", f"1 to {MAX_LABELS} labels at a time: look for fewer", "q")
        for row in rows:
            fields, _ = label_fields.fields_of(tx, LABELLED[name], row[listing.key])
            hand_prints.queue(tx, LABELLED[name], fields, printer)
        return len(rows)

    return _done(name, "printed", lambda: str(floor().writer.write(queue)))


@blueprint.post("/set-up/stations/link")
@needs(Permission.SET_UP, proof=True)
def station_link() -> Response | tuple[str, int]:
    """Give a link that signs a device on at a station; or take all of its links away."""
    code = request.form.get("code", "")[:64]
    g.acts_on = code
    try:
        if request.form.get("act") == "revoke":
            floor().writer.write(lambda tx: stations.revoke_tokens(tx, code))
            return _back("stations", "revoked", code)
        if request.form.get("act") == "code":
            short = floor().writer.write(lambda tx: enrolment.for_station(tx, code))
            address = f"{request.host_url}enrol"
            return make_response(render_template("set_up_link.html", code=code, enrolment=short, address=address), 201)
        token = floor().writer.write(lambda tx: setting_up.add_station_token(tx, code))
    except DomainError as error:
        return _refused("stations", error), error.status
    link = f"{request.host_url}enter?token={token}"
    shown = render_template("set_up_link.html", code=code, link=link)
    return make_response(shown, 201)


@blueprint.post("/set-up/items/picture")
@needs(Permission.SET_UP)
def change_picture() -> Response | tuple[str, int]:
    """Give an item another picture, or take its picture away."""
    request.max_content_length = picture_files.MAX_PICTURE
    sku = request.form.get("sku", "")[:200]
    g.acts_on = sku
    try:
        if request.form.get("act") == "remove":
            floor().writer.write(lambda tx: item_pictures.take_away(tx, sku))
        else:
            content = _file(picture_files.MAX_PICTURE)
            picture = item_pictures.fitted(content)  # before the transaction: nobody waits for the drawing
            g.body = content
            floor().writer.write(lambda tx: item_pictures.set_picture(tx, sku, picture))
    except DomainError as error:
        return _refused("items", error), error.status
    return make_response(redirect(f"/set-up/items/row?{urlencode({'key': sku, 'did': 'saved', 'to': sku})}", 303))


@blueprint.get("/set-up/items/pictures")
@needs(Permission.SET_UP)
def pictures_page() -> str:
    """Where a zip of pictures is given."""
    return render_template("set_up_pictures.html", most=picture_files.MAX_FILES)


@blueprint.post("/set-up/items/pictures")
@needs(Permission.SET_UP)
def bring_pictures() -> str | tuple[str, int]:
    """Give many items their pictures."""
    request.max_content_length = MAX_ZIP
    try:
        content = _file(MAX_ZIP)
        g.body = content
        brought = picture_files.bring_zip(floor().writer, content)
    except DomainError as error:
        return render_template("set_up_pictures.html", most=picture_files.MAX_FILES, error=error), error.status
    return render_template("set_up_pictures.html", most=picture_files.MAX_FILES, brought=brought)


@blueprint.get("/set-up/items/pictures/<sha256>.jpg")
@needs(Permission.SET_UP)
def set_up_picture(sha256: str) -> Response:
    """The picture whose bytes have this hash."""
    content = floor().read(lambda tx: item_pictures.content_of(tx, sha256))
    if content is None:
        abort(404)
    answer = Response(content, mimetype="image/jpeg")
    answer.cache_control.private = True
    answer.cache_control.max_age = YEAR_S
    return answer


def _file(most: int) -> bytes:
    file = request.files.get("file")
    content = file.read(most + 1) if file is not None else b""
    if not content:
        raise DomainError("no_file", "no file was chosen", "file")
    if len(content) > most:
        raise DomainError("file_too_large", f"more than {most // 1_000_000} MB", "file")
    return content


def _whole(name: str) -> int:
    text = request.form.get(name, "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise DomainError("not_a_number", f"{name} is no number", name)
    return int(text)


def _done(name: str, did: str, work: Callable[[], str]) -> Response | tuple[str, int]:
    try:
        return _back(name, did, work())
    except DomainError as error:
        return _refused(name, error), error.status


def _back(name: str, did: str, to: str) -> Response:
    return make_response(redirect(f"/set-up/{name}?{urlencode({'did': did, 'to': to})}", 303))


def _refused(name: str, error: DomainError) -> str:
    listing = LISTS[name]
    page = floor().read(lambda tx: lists.page_of(tx, listing))
    return render_template("set_up_list.html", listing=listing, page=page, word="", did="", did_to="", error=error)
