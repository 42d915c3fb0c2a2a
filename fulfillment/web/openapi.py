"""Operations of /api/v1 declared once: the route, its permission, its body, and its OpenAPI entry.

The document at /api/v1/openapi.json is made from what is registered here, so it cannot say anything the
server does not do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Blueprint, Response, g, request

from fulfillment.domain.roles import Permission
from fulfillment.web.auth import needs
from fulfillment.web.bodies import Body
from fulfillment.web.bounds import NUMBER_MAX
from fulfillment.web.plain_text import check_json

JSON = "application/json"
# What a device brings is judged scan by scan: a code that is no text must not keep back what comes with it.
_JUDGED_ONE_BY_ONE = (Permission.SCAN, Permission.RUN_DEVICES)
CSV = "text/csv"


@dataclass(frozen=True)
class Operation:
    """One method on one path."""

    method: str
    path: str
    summary: str
    permission: Permission
    body: type[Body] | None
    query: Mapping[str, str]
    answers: Mapping[int, str]
    name: str
    media: str = JSON


class Api:
    """Collects operations while their views are being defined on a blueprint."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.operations: list[Operation] = []

    def operation(
        self, method: str, path: str, permission: Permission, *, body: type[Body] | None = None,
        query: Mapping[str, str] | None = None, answers: Mapping[int, str] | None = None, media: str = JSON,
        judged_in_work: bool = False, proof: bool = False,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # fmt: skip
        """Route a view that takes its path parts and (if declared) a checked body, and returns plain values."""

        def register(view: Callable[..., Any]) -> Callable[..., Any]:
            decoder = msgspec.json.Decoder(body) if body is not None else None

            def answer(**parts: Any) -> Response:
                result = view(_decoded(decoder, permission), **parts) if decoder is not None else view(**parts)
                if isinstance(result, Response):
                    return result  # the view had something to say about caching
                if result is None:
                    done = Response(status=204)
                    del done.headers["Content-Type"]  # there is nothing it could be the type of
                    return done
                values, status = result if isinstance(result, tuple) else (result, 200)
                return Response(msgspec.json.encode(values), status, mimetype=JSON)

            answer.__doc__ = view.__doc__
            declared = needs(permission, judged_in_work=judged_in_work, proof=proof)(answer)
            self.blueprint.add_url_rule(path, view.__name__, declared, methods=[method])
            summary = (view.__doc__ or "").strip().split("\n")[0]
            self.operations.append(
                Operation(
                    method, path, summary, permission, body, query or {}, answers or {200: "done"}, view.__name__, media
                )
            )
            return view

        return register

    def document(self, title: str, version: str) -> dict[str, Any]:
        """The OpenAPI 3.1 document of everything registered."""
        bodies = [operation.body for operation in self.operations if operation.body is not None]
        schemas, components = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
        schema_of = dict(zip(bodies, schemas, strict=True))
        paths: dict[str, dict[str, Any]] = {}
        for operation in self.operations:
            path = self.blueprint.url_prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.path)
            paths.setdefault(path, {})[operation.method.lower()] = _entry(operation, schema_of)
        components["Problem"] = PROBLEM_SCHEMA
        return {
            "openapi": "3.1.0",
            "info": {"title": title, "version": version},
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
        }


PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable; programs decide by it"},
        "detail": {"type": "string"},
        "field": {"type": "string"},
    },
}


def _decoded(decoder: msgspec.json.Decoder[Body], permission: Permission) -> Body:
    if request.mimetype != JSON:
        # A form cannot send this type, so no page of another origin can post here with our cookie.
        raise msgspec.DecodeError(f"the content type must be {JSON}")
    try:
        g.body = request.get_data(cache=False)  # the audit log hashes it
        body = decoder.decode(g.body)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError("the body is not UTF-8") from error
    if permission not in _JUDGED_ONE_BY_ONE:
        check_json(g.body)
    return body


def _entry(operation: Operation, schema_of: Mapping[type[Body], Any]) -> dict[str, Any]:
    parts = re.findall(r"<(?:(\w+):)?(\w+)>", operation.path)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": NUMBER if kind == "int" else {"type": "string"}}
        for kind, name in parts
    ]
    parameters += [
        {"name": name, "in": "query", "required": False, "description": words, "schema": {"type": "string"}}
        for name, words in operation.query.items()
    ]
    shape = {"type": "object" if operation.media == JSON else "string"}
    problem = {"description": "a problem", "content": {"application/problem+json": {"schema": PROBLEM_REF}}}
    entry: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {
            **{str(status): {"description": words, "content": {operation.media: {"schema": shape}}}
               if status not in (204, 304) else {"description": words}
               for status, words in operation.answers.items()},
            "default": problem,
        },
        "x-permission": operation.permission.value,
    }  # fmt: skip
    if operation.permission != Permission.PUBLIC:
        entry["security"] = [{"token": []}]
    if operation.body is not None:
        entry["requestBody"] = {"required": True, "content": {JSON: {"schema": schema_of[operation.body]}}}
    return entry


NUMBER = {"type": "integer", "minimum": 0, "maximum": NUMBER_MAX}
PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
