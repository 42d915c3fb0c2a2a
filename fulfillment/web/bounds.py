"""How much a device may say at once, and in what. An order file may be large, a trigger pull is not."""

from __future__ import annotations

from flask import Flask, Response, request

from fulfillment.domain.roles import Permission
from fulfillment.web.auth import permission_of
from fulfillment.web.errors import page_or_problem
from fulfillment.web.plain_text import PlainRequest, check_json

DEVICE_BODY_MAX = 64 * 1024
NUMBER_MAX = 2**63 - 1  # what a database can count to


def register_bounds(app: Flask) -> None:
    """Refuse a large body on a device's route before it is read; register after the permissions."""
    app.request_class = PlainRequest

    @app.before_request
    def no_zero_byte() -> Response | None:
        if b"%00" not in request.query_string and "\0" not in request.path:
            return None
        return page_or_problem(400, "bad_request", "bad request", "the address holds a zero byte")

    @app.before_request
    def bound_numbers() -> Response | None:
        parts = request.view_args
        if not parts or all(not isinstance(part, int) or part <= NUMBER_MAX for part in parts.values()):
            return None
        return page_or_problem(404, "not_found", "not found", "no row has so high a number")

    @app.before_request
    def bound_body() -> Response | None:
        if (request.content_length or 0) <= DEVICE_BODY_MAX or request.endpoint is None:
            return None
        if permission_of(app, request.endpoint) not in (Permission.SCAN, Permission.RUN_DEVICES):
            return None
        return page_or_problem(413, "body_too_large", "a device's request holds at most 64 kB")

    @app.before_request
    def json_of_a_page() -> None:
        # An operation of /api/v1 has it looked at once it is decoded, so that a wrong field is named. A scan answers
        # for its code itself: the screen says what is wrong with it, and one in a queue keeps no other back.
        if request.blueprint == "api" or not request.is_json or request.endpoint is None:
            return
        if not getattr(app.view_functions[request.endpoint], "judged_in_work", False):
            check_json(request.get_data())
