"""/api/v1, what items look like: a picture given and taken away. Screens get it from their own station's address."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.roles import Permission
from fulfillment.services.set_up import item_pictures
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body
from fulfillment.web.v1 import operation


class PictureBody(Body):
    """A JPEG, PNG, WebP or GIF, its bytes in base64."""

    content: bytes


@operation("PUT", "/items/<path:sku>/picture", Permission.SET_UP, body=PictureBody)
def put_item_picture(body: PictureBody, sku: str) -> Any:
    """Give an item a picture; it is made small and shown on the screens from the next scan on."""
    picture = item_pictures.fitted(body.content)  # before the transaction: nobody waits for the drawing
    return floor().writer.write(lambda tx: item_pictures.set_picture(tx, sku, picture))


@operation("DELETE", "/items/<path:sku>/picture", Permission.SET_UP)
def delete_item_picture(sku: str) -> Any:
    """Take an item's picture away."""
    return floor().writer.write(lambda tx: item_pictures.take_away(tx, sku))
