"""What an item looks like, for the screen that asks: fetched after the screen stands, and kept by the browser."""

from __future__ import annotations

from flask import Response, abort, request

from fulfillment.domain.roles import Permission
from fulfillment.services.set_up import item_pictures
from fulfillment.web.auth import check_station, floor, needs
from kiosk_ui.static_views import YEAR_S
from kiosk_ui.views import blueprint


@blueprint.get("/kiosk/<station>/pictures/<sha256>.jpg")
@needs(Permission.SCAN)
def item_picture(station: str, sha256: str) -> Response:
    """The picture whose bytes have this hash: another picture has another address, so this one may be kept."""
    check_station(station)
    content = floor().read(lambda tx: item_pictures.content_of(tx, sha256))
    if content is None:
        abort(404)
    response = Response(content, mimetype="image/jpeg")
    response.set_etag(sha256)
    response.cache_control.private = True
    response.cache_control.max_age = YEAR_S
    response.cache_control.immutable = True
    return response.make_conditional(request)
