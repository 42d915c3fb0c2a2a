"""Which methods an address takes: `Allow` says them, and whatever else is asked is a 405 that names them.

Codes and numbers may hold slashes, so `/orders/1/cancel` could also be read as the order `1/cancel`. The address
that says more wins whatever the method, else `PATCH /orders/1/cancel` would change an order nobody meant.
"""

from __future__ import annotations

import re

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import MethodNotAllowed

_PART = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>")
_KINDS = {"path": ".+", "int": r"\d+"}


def register_methods(app: Flask) -> None:
    """Register before the permissions: methods are no secret, the interface's open description lists them."""
    app.before_request(_refuse_others)
    app.after_request(_say_allowed)


def _refuse_others() -> None:
    rule = request.url_rule
    # Only an address that ends in a code with slashes can stand for another one.
    if rule is None or not _ends_in_path(rule.rule):
        return
    taken = methods_of(current_app, request.path)
    if taken and request.method not in taken:
        raise MethodNotAllowed(valid_methods=sorted(taken))


def _say_allowed(response: Response) -> Response:
    if response.status_code == 405 or (request.method == "OPTIONS" and "Allow" in response.headers):
        response.headers["Allow"] = ", ".join(sorted(methods_of(current_app, request.path)))
    return response


def _ends_in_path(rule: str) -> bool:
    return "<path:" in rule.rpartition("/")[2]


def methods_of(app: Flask, path: str) -> set[str]:
    """What the address takes, of the routes that match it those that spell out most of it."""
    best, taken = -1, set[str]()
    for spelled, pattern, methods in _routes(app):
        if spelled >= best and pattern.fullmatch(path):
            taken = taken | methods if spelled == best else set(methods)
            best = spelled
    return taken


def _routes(app: Flask) -> list[tuple[int, re.Pattern[str], frozenset[str]]]:
    known: list[tuple[int, re.Pattern[str], frozenset[str]]] | None = app.extensions.get("routes_by_method")
    if known is None:
        known = [
            (sum("<" not in part for part in rule.rule.split("/")), _pattern(rule.rule), frozenset(rule.methods or ()))
            for rule in app.url_map.iter_rules()
        ]
        app.extensions["routes_by_method"] = known
    return known


def _pattern(rule: str) -> re.Pattern[str]:
    """A route's address as a regular expression."""
    said, end = "", 0
    for part in _PART.finditer(rule):
        said += re.escape(rule[end : part.start()]) + _KINDS.get(part.group(1) or "", "[^/]+")
        end = part.end()
    return re.compile(said + re.escape(rule[end:]))
