"""/api/v1, signing on and tokens: codes for devices and agents, what they trade them for, tokens of programs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from flask import request

from fulfillment.domain.roles import Permission
from fulfillment.services.people import access_tokens, enrolment
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Code, Text
from fulfillment.web.v1 import operation


class EnrolBody(Body):
    """The code as somebody read it out."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class TokenBody(Body):
    """`days` until it is over. `may`: the permissions it is narrowed to, none = all of its role."""

    name: Text
    role: Literal["api", "metrics", "admin"] = "api"
    days: Annotated[int, msgspec.Meta(ge=1, le=access_tokens.DAYS_MAX)] = access_tokens.DAYS
    may: list[Code] = msgspec.field(default_factory=list)


@operation("POST", "/stations/<path:code>/enrolment", Permission.SET_UP, proof=True,
           answers={201: "the code, shown this once"})  # fmt: skip
def post_station_enrolment(code: str) -> Any:
    """A code by which one more device signs on at a station, once, within ten minutes."""
    return {"code": floor().writer.write(lambda tx: enrolment.for_station(tx, code))}, 201


@operation("POST", "/agents/<path:code>/enrolment", Permission.SET_UP, proof=True,
           answers={201: "the code, shown this once"})  # fmt: skip
def post_agent_enrolment(code: str) -> Any:
    """A code by which a bench agent gets its token, once, within ten minutes; the one it has ends then."""
    return {"code": floor().writer.write(lambda tx: enrolment.for_agent(tx, code))}, 201


@operation("POST", "/enrol", Permission.PUBLIC, body=EnrolBody, answers={201: "the token, shown this once"})
def post_enrol(body: EnrolBody) -> Any:
    """Trade a code for the token of the station or agent it was made for; whoever types wrong ones waits."""
    enrolled = enrolment.enrol(floor(), body.code, request.remote_addr or "")
    return {"token": enrolled.token, "station": enrolled.station, "agent": enrolled.agent}, 201


@operation("GET", "/tokens", Permission.TEND_ACCESS)
def get_tokens() -> Any:
    """Tokens of devices, agents and programs that still hold; never what they say."""
    return {"tokens": floor().read(access_tokens.listed)}


@operation("POST", "/tokens", Permission.TEND_ACCESS, body=TokenBody, proof=True,
           answers={201: "the token, shown this once"})  # fmt: skip
def post_token(body: TokenBody) -> Any:
    """A token for a program, for so many days, narrowed to what it needs."""
    return floor().writer.write(lambda tx: access_tokens.add(tx, body.name, body.role, body.days, body.may)), 201


@operation("DELETE", "/tokens/<int:token>", Permission.TEND_ACCESS, proof=True)
def delete_token(token: int) -> Any:
    """Take a token away: it opens nothing from its next use on."""
    floor().writer.write(lambda tx: access_tokens.revoke(tx, token))
    return {"token": token, "revoked": True}
