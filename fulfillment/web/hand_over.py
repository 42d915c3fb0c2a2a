"""/api/v1, hand-over: when stations lock themselves, who is asked for a PIN, and whose PIN is which.

A PIN comes in here and goes nowhere: it is made into what is kept before a transaction begins, and no entry of the
audit log holds so much as its body's hash (`web/audit_log`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from fulfillment.domain.roles import Permission
from fulfillment.services.people import pins
from fulfillment.services.scan_path import hand_over
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body
from fulfillment.web.v1 import operation


class HandOverBody(Body):
    """What is left out stays. `auto_lock_min` 0 = stations never lock themselves."""

    auto_lock_min: Annotated[int, msgspec.Meta(ge=0, le=hand_over.AUTO_LOCK_MAX_MIN)] | None = None
    pin_rule: Literal["never", "own", "always"] | None = None


class PinBody(Body):
    """4 to 8 digits."""

    pin: Annotated[str, msgspec.Meta(min_length=4, max_length=8, pattern="^[0-9]+$")]


@operation("GET", "/hand-over", Permission.READ_BOARD)
def get_hand_over() -> Any:
    """After how many minutes a station locks itself, and who is asked for a PIN."""
    return floor().read(hand_over.rules)


@operation("PUT", "/hand-over", Permission.SET_UP, body=HandOverBody)
def put_hand_over(body: HandOverBody) -> Any:
    """Change either; stations go by it from their next scan on."""
    return floor().writer.write(lambda tx: hand_over.set_rules(tx, body.auto_lock_min, body.pin_rule))


@operation("PUT", "/operators/<badge>/pin", Permission.SET_UP, body=PinBody, proof=True)
def put_operator_pin(body: PinBody, badge: str) -> Any:
    """Give somebody a PIN, or another one; one that was locked by wrong tries is open again."""
    kept = pins.scrypt_of(body.pin)
    return floor().writer.write(lambda tx: pins.set_pin(tx, badge, kept))


@operation("DELETE", "/operators/<badge>/pin", Permission.SET_UP, proof=True)
def delete_operator_pin(badge: str) -> Any:
    """Leave somebody without a PIN."""
    return floor().writer.write(lambda tx: pins.take_away(tx, badge))
