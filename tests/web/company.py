"""A company's log-in for tests: a desk whose floor knows a simulated provider, and a browser that goes there."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fulfillment.settings import CompanyLogIn, Settings
from simulators.identity_provider import IdentityProvider
from tests.web.desk import OURS, Desk, desk_of

FLOOR = "http://localhost"  # where the test client says it is
SECRET = "a secret of the floor and the company"
BACK = f"{FLOOR}/sign-in/company/back"


@dataclass
class CompanyDesk:
    """A desk, and the provider beside it, which knows eve and ada."""

    desk: Desk
    provider: IdentityProvider

    def leave(self, client: FlaskClient, path: str = "/sign-in/company", **sent: str) -> str:
        """Where a browser that wants to go there is sent."""
        answer = client.post(path, data=sent, headers=OURS)
        assert answer.status_code == 200, answer.text
        return html.unescape(re.search(r'id="away" href="([^"]+)"', answer.text)[1])

    def there(self, address: str, person: str = "eve") -> str:
        """What somebody who signs in at the provider is sent back with."""
        parts = urlsplit(address)
        connection = HTTPConnection(parts.hostname, parts.port, timeout=10)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", f"{parts.path}?{parts.query}", urlencode({"person": person}), kind)
        answer = connection.getresponse()
        assert answer.status == 303, answer.read()
        connection.close()
        back = answer.headers["Location"]
        assert back.startswith(f"{BACK}?")
        return back.removeprefix(FLOOR)

    def back(self, client: FlaskClient, person: str = "eve", **sent: str) -> TestResponse:
        """Leave, sign in there, come back: from another site, so without our strict cookies."""
        way = self.there(self.leave(client, **sent), person)
        return client.get(way, headers={"Sec-Fetch-Site": "cross-site", "Accept": "text/html"})

    def enter(self, client: FlaskClient, person: str = "eve", one_time: str = "", **sent: str) -> TestResponse:
        """The whole way in."""
        assert self.back(client, person, **sent).location == "/sign-in/company/go"
        return client.post("/sign-in/company/go", data={"one_time": one_time}, headers=OURS)

    def tie(self, client: FlaskClient, person: str = "eve") -> TestResponse:
        """Somebody signed in ties their log-in to their account."""
        way = self.there(self.leave(client, "/account/company", act="tie"), person)
        assert client.get(way).location == "/sign-in/company/go"
        return client.post("/account/company/keep", headers=OURS)

    def entries(self) -> list[str]:
        """What the audit log says of signing in and of accounts, oldest first."""
        rows = self.desk.hand.all("SELECT content FROM audit_log WHERE warehouse_id = :w"
                                  " AND subject IN ('sign-in', 'account') ORDER BY id")  # fmt: skip
        return [row["content"] for row in rows]


def company_of(provider: IdentityProvider, **changed: str) -> CompanyLogIn:
    """How a floor is told of it."""
    told = CompanyLogIn(provider.issuer, provider.client_id, "Contoso", FLOOR, provider.client_secret)
    return replace(told, **changed)


@contextmanager
def company_desk(settings: Settings, **changed: str) -> Iterator[CompanyDesk]:
    """A floor of an admin and a supervisor, both with accounts, and the provider it knows."""
    with IdentityProvider("floor", SECRET, BACK, {"eve": "00u-eve", "ada": "00u-ada"}) as provider:
        floor, desk = desk_of(replace(settings, company=company_of(provider, **changed)))
        desk.give_account()
        desk.give_account("1001", "ada")
        try:
            yield CompanyDesk(desk, provider)
        finally:
            floor.close()
