"""/api/v1, a buyer's request to be forgotten. Parse, call one service, answer."""

from __future__ import annotations

from typing import Any

from flask import g

from fulfillment.domain.roles import Permission
from fulfillment.services.records import erasure
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Text
from fulfillment.web.v1 import acting, operation


class EraseBody(Body):
    """One order (of a channel, when several have its number), or every order addressed to a name."""

    order: Text = ""
    channel: Text | None = None
    name: Text = ""


@operation("POST", "/buyers/erase", Permission.ERASE_BUYERS, body=EraseBody, proof=True)
def post_erase(body: EraseBody) -> Any:
    """Take a buyer's name, address, phone and notes out of everything; refused while an order is open."""
    buyer = erasure.Buyer(body.order, body.channel, body.name)
    return erasure.erase_buyer(floor(), acting(), buyer, g.token["id"])
