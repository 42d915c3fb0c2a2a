"""`floor http-routes` and `floor openapi`: what the server answers to, and to whom."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fulfillment import VERSION
from fulfillment.app import create_app
from fulfillment.bootstrap import open_floor
from fulfillment.founding import say
from fulfillment.settings import Settings
from fulfillment.web.api import routes
from fulfillment.web.v1 import api


@click.command("http-routes")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def http_routes(json_file: str | None) -> None:
    """List every route with the permission it asks for."""
    app = create_app(open_floor(Settings.from_env()))
    with app.app_context():
        found_routes = routes()
    report = [dict(zip(("method", "path", "permission"), route, strict=True)) for route in found_routes]
    say(json_file, report, "\n".join(f"{method:6} {path:44} {permission}" for method, path, permission in found_routes))


@click.command()
@click.argument("file", default="-")
@click.option("--json", "json_file", metavar="FILE", help="the same as FILE")
def openapi(file: str, json_file: str | None) -> None:
    """Write the OpenAPI document of /api/v1 to FILE (- = standard output)."""
    file = json_file or file
    create_app(open_floor(Settings.from_env()))
    document = json.dumps(api.document("Floorline", VERSION), indent=2) + "\n"
    if file == "-":
        click.echo(document, nl=False)
    else:
        Path(file).write_text(document, "utf-8")
