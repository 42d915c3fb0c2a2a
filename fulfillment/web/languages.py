"""/api/v1, who reads what: an operator's language, and what items are called in each."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fulfillment.domain.roles import Permission
from fulfillment.services.set_up import item_names, setting_up
from fulfillment.web.auth import floor
from fulfillment.web.bodies import PLAIN, Body
from fulfillment.web.v1 import operation

Name = Annotated[str, msgspec.Meta(max_length=item_names.MAX_NAME, pattern=PLAIN)]


class LanguageBody(Body):
    """A language's code, '' = none of their own."""

    language: Annotated[str, msgspec.Meta(max_length=16)]


class NamesBody(Body):
    """Names by language; '' takes one away, a language that is not named stays."""

    names: dict[str, Name]


@operation("PUT", "/operators/<badge>/language", Permission.SET_UP, body=LanguageBody)
def put_operator_language(body: LanguageBody, badge: str) -> Any:
    """Say which language screens speak to whoever has this badge; from the next screen on."""
    return floor().writer.write(lambda tx: setting_up.set_language(tx, badge, body.language))


@operation("PUT", "/items/<path:sku>/names", Permission.SET_UP, body=NamesBody)
def put_item_names(body: NamesBody, sku: str) -> Any:
    """Say what an item is called in other languages."""
    return floor().writer.write(lambda tx: {"sku": sku, "names": item_names.set_names(tx, sku, body.names)})
