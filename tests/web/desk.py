"""A desk for tests: a floor whose clock is set by hand, people with passphrases, and a browser to sign in with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fulfillment.app import create_app
from fulfillment.bootstrap import Floor, open_floor
from fulfillment.hot import wall_clock_ms
from fulfillment.services.people import accounts, passphrases
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.factories import FloorHand

PASSPHRASE = "seven lamps over the dock"
OURS = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@dataclass
class Clock:
    """Stands still until it is moved."""

    now_ms: int = field(default_factory=wall_clock_ms)

    def __call__(self) -> int:
        return self.now_ms

    def on(self, minutes: float) -> None:
        """So much later."""
        self.now_ms += int(minutes * 60_000)


@dataclass
class Desk:
    """A floor with an admin (badge 1003, Eve) and a supervisor (1001, Ada) who may choose passphrases."""

    hand: FloorHand
    clock: Clock
    new_client: Callable[[], FlaskClient]

    def give_account(self, badge: str = "1003", name: str = "eve", passphrase: str = PASSPHRASE) -> None:
        """Name and passphrase for somebody."""
        kept = passphrases.kept_of(passphrase, name)
        self.hand.write(lambda tx: accounts.use_link(tx, accounts.link_for(tx, badge), name, kept))

    def sign_in(
        self, name: str = "eve", passphrase: str = PASSPHRASE, client: FlaskClient | None = None, address: str = "",
        **more: str,
    ) -> tuple[FlaskClient, TestResponse]:  # fmt: skip
        """A browser, and what signing in with it was answered."""
        client = client or self.new_client()
        environ = {"REMOTE_ADDR": address} if address else {}
        sent = {"name": name, "passphrase": passphrase, **more}
        return client, client.post("/sign-in", data=sent, headers=OURS, environ_overrides=environ)

    def signed_in(self, name: str = "eve") -> FlaskClient:
        """A browser somebody is signed in with."""
        client, answer = self.sign_in(name)
        assert answer.status_code == 303, answer.text
        return client


def desk_of(settings: Settings) -> tuple[Floor, Desk]:
    """A floor, to be closed, and its desk."""
    clock = Clock()
    floor = open_floor(settings, clock=clock)
    hand = FloorHand(floor)
    hand.write(lambda tx: setting_up.add_operator(tx, "1003", "Eve", "admin"))
    return floor, Desk(hand, clock, lambda: create_app(floor).test_client())


def seen(html: str) -> str:
    """What a reader of the page sees."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())
