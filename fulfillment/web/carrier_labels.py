"""/api/v1, labels bought from carriers: which there are, which are paid for in vain, what a supervisor decides, and
where a carrier sells its labels."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from flask import request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.common.pages import check_limit
from fulfillment.services.shipping import carrier_labels, label_decisions
from fulfillment.services.shipping.carrier_labels import Service
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body
from fulfillment.web.order_board import number_in
from fulfillment.web.v1 import acting, operation

LIMIT_MAX = 1000
Word = Annotated[str, msgspec.Meta(max_length=60)]


class LabelDecisionBody(Body):
    """What a supervisor says about a label; `tracking_number` and its cost where it was found."""

    decision: Literal["found", "buy_again", "give_up"]
    badge: Word
    tracking_number: Word = ""
    cost_minor: Annotated[int, msgspec.Meta(ge=0, le=99_999_999)] = 0


class CarrierServiceBody(Body):
    """Where a carrier's labels are bought ('' = they are ours), its token's file, what it promises."""

    url: Annotated[str, msgspec.Meta(max_length=300)]
    token_file: Annotated[str, msgspec.Meta(max_length=80)] = ""
    can_look_up: bool = False
    keeps_keys: bool = False


@operation("GET", "/carrier-labels", Permission.READ_ORDERS,
           query={"orphans": "1 = paid for (or maybe) and on no parcel that leaves", "parcel": "of this parcel",
                  "trouble": "1 = somebody has to look at it", "limit": "how many, 1 to 1000"})  # fmt: skip
def get_carrier_labels() -> Any:
    """Labels bought from carriers, newest first."""
    orphans, trouble = _flag("orphans"), _flag("trouble")
    parcel, limit = request.args.get("parcel", ""), number_in(request.args, "limit", 100)
    check_limit(limit, LIMIT_MAX)
    return {
        "labels": floor().read(
            lambda tx: carrier_labels.listed(tx, orphans=orphans, trouble=trouble, parcel=parcel, limit=limit)
        )
    }


def _flag(name: str) -> bool:
    asked = request.args.get(name, "0")
    if asked not in ("0", "1"):
        raise DomainError("bad_flag", "0 or 1", name)
    return asked == "1"


@operation("POST", "/carrier-labels/<path:reference>/decision", Permission.WRITE_PARCELS, body=LabelDecisionBody,
           proof=True)  # fmt: skip
def post_label_decision(body: LabelDecisionBody, reference: str) -> Any:
    """What a supervisor decides about a label nobody knows the fate of, or the carrier refused."""
    actor = acting()
    return floor().writer.write(
        lambda tx: label_decisions.decide(
            tx, actor, reference, body.decision, body.badge, body.tracking_number, body.cost_minor
        )
    )


@operation("PUT", "/carriers/<code>/service", Permission.SET_UP, body=CarrierServiceBody)
def put_carrier_service(body: CarrierServiceBody, code: str) -> Any:
    """Say where a carrier's labels are bought; the token lies in a file, never here."""
    service = Service(body.url, body.token_file, body.can_look_up, body.keeps_keys)
    return floor().writer.write(lambda tx: carrier_labels.set_service(tx, code, service))


@operation("GET", "/carriers/<code>/service", Permission.SET_UP)
def get_carrier_service(code: str) -> Any:
    """Where a carrier's labels are bought."""
    return floor().read(lambda tx: carrier_labels.service_of(tx, code))
