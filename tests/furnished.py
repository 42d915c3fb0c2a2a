"""A warehouse with a little of everything in it: whoever asks every route of it finds something there.

Made over the API and at a handheld, as a floor makes it. `mark` begins every code and number that is the warehouse's
own, `secret` stands in every text beside them (names, notes, addresses): where it comes up, a row was shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter

from fulfillment.app import create_app
from fulfillment.domain.accounts import WITH_ACCOUNT
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.services.people import sessions
from fulfillment.services.set_up import setting_up
from fulfillment.web.v1 import api
from tests.factories import FloorHand
from tests.services import acts, wall
from tests.services.packing.a_bench import at_bench, label_and_lane

ROOT = Path(__file__).resolve().parent.parent
WHEN = "2026-11-20T09:00:00+00:00"


@dataclass
class Furnished:
    """The warehouse, its application, a token of each role, who signs in at a desk, and a value for each name."""

    hand: FloorHand
    app: Flask
    mark: str
    secret: str
    tokens: dict[str, str] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def signed_in(self, role: str) -> str:
        """The token of a new session at a desk: one that has just begun may also do what asks for proof."""
        return self.hand.write(lambda tx: sessions.begin(tx, self.people[role], "127.0.0.1", "a browser"))

    def send(self, method: str, path: str, body: Any = None, role: str = TokenRole.ADMIN) -> Any:
        """One request that has to work."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        answer = self.client().open(f"/api/v1{path}", method=method, json=body, headers=headers)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text)
        return answer.get_json()


def furnish(hand: FloorHand, mark: str, secret: str) -> Furnished:
    """Furnish a founded warehouse."""
    made = Furnished(hand, create_app(hand.floor), mark, secret)
    for role in (TokenRole.ADMIN, TokenRole.API, TokenRole.METRICS):
        made.tokens[role] = hand.write(lambda tx, role=role: setting_up.add_token(tx, f"{secret} {role}", role))
    send = made.send
    for number, role in enumerate(WITH_ACCOUNT):
        badge = f"{mark}20{number:02}"
        hand.write(lambda tx, badge=badge, role=role: setting_up.add_operator(tx, badge, f"{secret} {role}", role))
        found = hand.one("SELECT id FROM operator WHERE warehouse_id = :w AND badge = :badge", badge=badge)
        made.people[role] = found["id"]
    bench = hand.one("SELECT id FROM station WHERE warehouse_id = :w AND code = 'BENCH-1'")["id"]
    made.tokens[TokenRole.STATION] = hand.write(lambda tx: setting_up.add_token(tx, secret, TokenRole.STATION, bench))
    station = send("POST", "/stations", {"code": f"{mark}-BOARD", "kind": "board", "name": secret})
    made.tokens[TokenRole.BOARD] = station["token"]
    agent = send("POST", "/agents", {"code": f"{mark}-AGENT", "station": "BENCH-1"})
    made.tokens[TokenRole.AGENT] = agent["token"]
    _set_up(made)
    _fill(made)
    _work(made)
    made.values |= {
        "station": "BENCH-1", "sku": f"{mark}-MUG", "badge": f"{mark}1007", "location": "A01-02-1", "column": "hold",
        "name": "product", "orders.number": f"{mark}-1001", "receipts.number": f"{mark}-ASN",
        "purchase-orders.number": f"{mark}-PO", "transfers.number": f"{mark}-X", "carriers.code": "DOM",
        "parcels.number": made.values["parcel"], "manifests.number": f"{mark}-M", "dpi": 203, "carts.code": "0001",
        "devices.code": f"{mark}-GUN", "agents.code": f"{mark}-AGENT", "zones.code": f"{mark}-COLD",
        "stations.code": "BENCH-1", "put-walls.code": f"{mark}-WALL", "put-wall.code": f"{mark}-WALL",
        "lpns.sscc": made.values["parcel"], "carrier-labels.reference": f"{mark}-LABEL",
    }  # fmt: skip
    return made


def _set_up(made: Furnished) -> None:
    send, mark, secret = made.send, made.mark, made.secret
    for sku in ("MUG", "CUP"):
        made.hand.item(f"{mark}-{sku}", name=f"{secret} {sku}")
    send("POST", "/operators", {"badge": f"{mark}1007", "name": f"{secret} Eve", "role": "supervisor"})
    send("PUT", f"/items/{mark}-MUG/names", {"names": {"de": f"{secret} Becher"}})
    send("PUT", f"/items/{mark}-MUG/substitutes", {"substitutes": [f"{mark}-CUP"]})
    picture = examples()["PUT /items/{sku}/picture"]
    send("PUT", f"/items/{mark}-MUG/picture", picture)
    made.values["sha256"] = made.hand.one("SELECT sha256 FROM item_picture WHERE warehouse_id = :w")["sha256"]
    printer = {"code": f"{mark}-ZPL", "address": "tcp://127.0.0.1:9", "language": "zpl"}
    send("POST", "/printers", printer)
    device = examples()["POST /devices"] | {"code": f"{mark}-GUN", "agent": f"{mark}-AGENT"}
    send("POST", "/devices", device)
    send("PUT", f"/zones/{mark}-COLD", {"name": secret, "rotation": "fefo"})
    send("POST", "/stations", {"code": f"{mark}-HAND", "kind": "handheld", "location": "DOCK-1", "name": secret})
    send("PUT", "/pick-faces/A01-02-1", {"sku": f"{mark}-MUG", "min_each": 1, "max_each": 20})
    send("PUT", "/calendar", {"week": {"monday": ["08:00", "18:00"]},
                              "days": [{"day": "2026-12-25", "opens": "", "closes": "", "note": secret}]})  # fmt: skip


def _fill(made: Furnished) -> None:
    send, mark, secret, hand = made.send, made.mark, made.secret, made.hand
    purchase = {"number": f"{mark}-PO", "supplier": secret, "ordered_on": "2026-11-02", "due_on": "2026-11-20",
                "lines": [{"sku": f"{mark}-MUG", "qty_each": 40}]}  # fmt: skip
    send("POST", "/purchase-orders", purchase)
    notice = {"number": f"{mark}-ASN", "kind": "asn", "supplier": secret, "purchase_order": f"{mark}-PO",
              "received_on": "2026-11-20", "lines": [{"sku": f"{mark}-MUG", "qty_each": 4}]}  # fmt: skip
    send("POST", "/receipts", notice)
    hand.stock(f"{mark}-MUG", 60)
    hand.stock(f"{mark}-CUP", 20, "A01-02-1")
    for number in ("1001", "1002", "1003", "1004"):
        send("POST", "/orders", {
            "number": f"{mark}-{number}", "ordered_at": WHEN, "channel": "shop",
            "lines": [{"sku": f"{mark}-MUG", "qty_each": 2, "name": secret}],
            "ship_to": {"name": f"{secret} Buyer", "address1": f"{secret} Road", "city": "Town",
                        "postcode": "T1 1TT", "country": "GB"},
        })  # fmt: skip
    send("POST", f"/orders/{mark}-1004/hold", {"reason": f"{secret} asks", "release": False})
    card = hand.one("SELECT id FROM sales_order WHERE warehouse_id = :w AND number = :n", n=f"{mark}-1001")["id"]
    send("POST", f"/order-board/cards/{card}/comments", {"text": secret, "badge": f"{mark}1007"})
    send("POST", "/order-board/views", {"name": secret, "query": "late=1", "badge": f"{mark}1007"})
    send("POST", "/transfers", {"number": f"{mark}-X", "to_warehouse": "ELSEWHERE",
                                "lines": [{"sku": f"{mark}-CUP", "qty_each": 2}]})  # fmt: skip
    send("POST", "/counts/plan", {"by": "asked", "sku": f"{mark}-CUP"})
    send("POST", "/closures", {"place": "A02-01-1", "until": "A02-02-1", "reason": "spill", "badge": f"{mark}1007"})
    send("POST", "/stock/hold", {"location": "A01-02-1", "sku": f"{mark}-CUP", "qty_each": 1, "why": "quality",
                                 "reference": f"{secret} note"})  # fmt: skip


def _work(made: Furnished) -> None:
    hand, mark = made.hand, made.mark
    acts.release(hand, f"{mark}-1001", f"{mark}-1002")
    acts.take_tour(hand)
    acts.finish_tour(hand)
    hand.say("HAND-1", "HOME")
    at_bench(hand)
    for _ in range(2):
        hand.scan("BENCH-1", f"{mark}-MUG")
    made.values["parcel"] = label_and_lane(hand)
    made.send("POST", "/wave-proposals", {"max_orders": 10, "horizon_min": 120})
    hand.scan("HAND-2", own_code("B", "1002"))
    hand.say("HAND-2", "PROBLEM")
    hand.scan("HAND-2", next(one["code"] for one in hand.step()["expects"] if one["kind"] == "reason"))
    hand.write(lambda tx: tx.put("UPDATE problem SET note = :note WHERE warehouse_id = :w", note=made.secret))
    wall.equip(hand, code=f"{mark}-WALL")


def examples() -> dict[str, Any]:
    """The body docs/api.md shows for each operation that takes one."""
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    found = {}
    sections = re.findall(r"^### ((?:POST|PUT|PATCH) [^?\s]+)(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    for title, section in sections:
        body = re.search(r"```json\n(.*?)\n```", section.split("→")[0], re.DOTALL)
        if body is not None:
            found[title] = json.loads(body.group(1))
    return found


@dataclass(frozen=True)
class Asked:
    """One request to a route."""

    method: str
    path: str
    endpoint: str
    body: Any
    is_form: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def of(self, client: FlaskClient, token: str | None = None, session: str | None = None, **headers: str) -> Any:
        """The answer to it: by a token, or by our own page in a browser somebody signed in with."""
        if session is not None:
            client.set_cookie("floor_desk", session)
            headers = {"Sec-Fetch-Site": "same-origin", **headers}
        sent = {"Accept": "application/json", **headers} | ({"Authorization": f"Bearer {token}"} if token else {})
        if self.is_form or self.body is None:
            return client.open(self.path, method=self.method, data=self.body, headers=sent)
        return client.open(self.path, method=self.method, json=self.body, headers=sent)


def every_route(app: Flask, values: Mapping[str, Any]) -> Iterator[Asked]:
    """Each method of each route, its parts named by `values`, with the body the documents show."""
    shown = examples()
    bodies = {f"api.{operation.name}": operation for operation in api.operations}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        parts = {name: _value(rule, name, values) for name in rule.arguments}
        if "any(" in rule.rule:
            parts["name"] = "totes"
        elif rule.rule.startswith("/set-up/"):
            parts |= {"name": "items"} if "name" in rule.arguments else {}
        for method in sorted(rule.methods or ()):
            if method in ("HEAD", "OPTIONS"):
                continue
            with app.test_request_context():
                path = rule.build(parts, append_unknown=False)
            operation = bodies.get(rule.endpoint)
            body = None
            if operation is not None and operation.body is not None:
                title = f"{method} {re.sub(r'<(?:int:|path:)?', '{', operation.path).replace('>', '}')}"
                body = shown.get(title, {})
            query = "wait_s=0" if operation is not None and "wait_s" in operation.query else ""
            address = (path[1] if path else rule.rule) + (f"?{query}" if query else "")
            yield Asked(method, address, rule.endpoint, body, operation is None)


def _value(rule: Any, name: str, values: Mapping[str, Any]) -> Any:
    """The value for one part of a route: by what stands before it, by its name; numbers are first ones."""
    if isinstance(rule._converters[name], IntegerConverter):
        return values.get(name, 1)
    before = re.search(rf"([\w-]+)/<(?:[\w(), ]+:)?{name}>", rule.rule)
    return values.get(f"{before.group(1)}.{name}" if before else "", values.get(name, "1"))
