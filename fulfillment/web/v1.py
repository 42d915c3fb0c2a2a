"""What every module of /api/v1 shares: the blueprint its operations are declared on, who acts, how time is read."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, g

from fulfillment.domain.reasons import DomainError
from fulfillment.services.common.actor import Actor
from fulfillment.web.auth import floor
from fulfillment.web.openapi import Api

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
api = Api(blueprint)
operation = api.operation


def acting() -> Actor:
    """The bearer of the token as the author of a change: the person, where somebody signed in at a desk."""
    return Actor(
        occurred_at_ms=floor().clock(), operator_id=g.token["operator_id"], station_id=g.token["station_id"],
        station_code=g.token["station_code"] or "",
    )  # fmt: skip


def parse_time(text: str, field: str) -> int:
    """An ISO 8601 time with its offset, in milliseconds since 1970.

    Raises:
        DomainError: no such time, or none that says where on earth it is meant.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DomainError("bad_time", f"{text[:40]!r} is not an ISO 8601 time", field) from error
    if moment.tzinfo is None:
        raise DomainError("bad_time", "a time needs its offset, e.g. +00:00", field)
    if not 1970 <= moment.year < 9000:  # a device that lost its clock says 1970
        raise DomainError("bad_time", f"the year {moment.year} is none of ours", field)
    return int(moment.astimezone(UTC).timestamp() * 1000)
