"""Every route × every role × two warehouses: who may is answered, who may not changes and learns nothing.

Two furnished warehouses share one database. What a route does for whoever may is tested with the route; here counts
whether it lets the right ones in, and that nothing of the other warehouse is ever said or touched.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import fulfillment.models  # noqa: F401 - the tables
from fulfillment.app import SECURITY_HEADERS
from fulfillment.bootstrap import open_floor
from fulfillment.db import db
from fulfillment.domain.accounts import WITH_ACCOUNT
from fulfillment.domain.roles import Permission, Role, TokenRole, may
from fulfillment.hot.engines import reading
from fulfillment.settings import Settings
from fulfillment.web.auth import permission_of
from tests.factories import FloorHand
from tests.furnished import Asked, Furnished, every_route, furnish

OURS, THEIRS = "OURS", "THEIRS"
OUR_SECRET, THEIR_SECRET = "Kestrel", "Lapwing"
SAFE = ("GET", "HEAD")
ELSEWHERE = ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {})


@dataclass
class Two:
    """Our warehouse and the other one."""

    ours: Furnished
    theirs: Furnished

    def permission(self, asked: Asked) -> Permission:
        return needed(self.ours, asked)


def needed(made: Furnished, asked: Asked) -> Permission:
    """What a route asks for."""
    found = permission_of(made.app, asked.endpoint)
    assert found is not None
    return found


@pytest.fixture
def ours(settings: Settings) -> Iterator[Furnished]:
    floor = open_floor(settings, 1)
    yield furnish(FloorHand(floor, "MAIN"), OURS, OUR_SECRET)
    nobody_looks()
    floor.close()


@pytest.fixture
def two(settings: Settings, ours: Furnished) -> Iterator[Two]:
    floor = open_floor(settings, 2)
    yield Two(ours, furnish(FloorHand(floor, "NORTH"), THEIRS, THEIR_SECRET))
    nobody_looks()
    floor.close()


def nobody_looks() -> None:
    """Wait for the reader of a board's stream to end: it would give its connection back to a pool that is gone."""
    deadline = time.monotonic() + 5
    while any(thread.name == "board-feed" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a board's stream was not closed"
        time.sleep(0.01)


def contents(made: Furnished) -> dict[str, str]:
    """A hash of all rows of this warehouse, table by table."""
    floor = made.hand.floor
    found = {}
    with reading(floor.engine, floor.warehouse_id) as tx:
        for table in db.metadata.sorted_tables:
            if "warehouse_id" in table.columns:
                rows = tx.all(f"SELECT * FROM {table.name} WHERE warehouse_id = :w")
                said = sorted(repr(sorted(dict(row).items())) for row in rows)
                found[table.name] = hashlib.sha256("\n".join(said).encode()).hexdigest()
    return found


def ask(asked: Asked, made: Furnished, token: str | None = None, session: str | None = None) -> tuple[int, str, str]:
    """Status, code and text of an answer; a stream is left after it has begun."""
    answer = asked.of(made.client(), token, session)
    try:
        if answer.mimetype == "text/event-stream":
            said = answer.iter_encoded()
            return answer.status_code, "", "".join(next(said).decode() for _ in range(2))
        code = (answer.get_json(silent=True) or {}).get("code", "") if "problem" in (answer.mimetype or "") else ""
        return answer.status_code, code, answer.get_data().decode("utf-8", "replace")
    finally:
        answer.close()


def test_whoever_may_is_answered_and_nothing_of_another_warehouse_is_said_or_touched(two: Two) -> None:
    """All roles that may with our names, and one of them with the other warehouse's; of those who sign in at a desk
    the supervisor where a supervisor may, else the admin, with both names."""
    before = contents(two.theirs)
    wrong: list[str] = []
    theirs = list(every_route(two.ours.app, two.theirs.values))
    for ours, other in zip(every_route(two.ours.app, two.ours.values), theirs, strict=True):
        permission = two.permission(ours)
        if permission == Permission.PUBLIC:
            continue
        tries = [(ours, role) for role in two.ours.tokens if may(role, permission)]
        assert tries, f"{ours} is open to nobody"
        asks = [(asked, role, two.ours.tokens[role], None) for asked, role in (*tries, (other, tries[0][1]))]
        person = next((role for role in WITH_ACCOUNT if may(role, permission)), None)
        if person is not None:  # one at a time: some routes end the session they are asked in
            for asked in (ours, other):
                asks.append((asked, f"a signed-in {person}", None, two.ours.signed_in(person)))
        for asked, role, token, session in asks:
            status, code, text = ask(asked, two.ours, token, session)
            if status >= 500 or status == 401 or code == "forbidden":
                wrong.append(f"{asked} by {role}: {status} {code}")
            # A code one asks for may come back in words ("no such order"); what stands beside it may not.
            if THEIR_SECRET in text or (asked is ours and THEIRS in text):
                wrong.append(f"{asked} by {role} tells of the other warehouse")
    assert wrong == []
    assert contents(two.theirs) == before


def test_whoever_may_not_is_refused_and_changes_and_learns_nothing(two: Two) -> None:
    """The other roles, nobody, and every role of the other warehouse; sessions at a desk likewise."""
    sessions = {role: two.ours.signed_in(role) for role in WITH_ACCOUNT}
    their_sessions = {role: two.theirs.signed_in(role) for role in WITH_ACCOUNT}
    before = contents(two.ours), contents(two.theirs)
    wrong: list[str] = []
    strangers: list[tuple[str, str | None]] = [("nobody", None), ("an invented token", "fl_invented")]
    strangers += [(f"the other warehouse's {role}", token) for role, token in two.theirs.tokens.items()]
    strangers += [("a session's token in a program", sessions[Role.ADMIN])]
    for asked in every_route(two.ours.app, two.ours.values):
        permission = two.permission(asked)
        if permission == Permission.PUBLIC:
            continue
        nobody, forbidden = (401, "unauthorized"), (403, "forbidden")
        tries: list[tuple[str, str | None, str | None, tuple[int, str]]] = [
            *((who, token, None, nobody) for who, token in strangers),
            *((f"the other warehouse's signed-in {who}", None, one, nobody) for who, one in their_sessions.items()),
            *((role, token, None, forbidden) for role, token in two.ours.tokens.items() if not may(role, permission)),
        ]
        # A station's dialogue and an agent's conversation do not even look at who signed in.
        due_of_people = nobody if permission in (Permission.SCAN, Permission.RUN_DEVICES) else forbidden
        tries += [
            (f"a signed-in {who}", None, one, due_of_people)
            for who, one in sessions.items() if not may(who, permission)
        ]
        for who, token, session, due in tries:
            status, code, text = ask(asked, two.ours, token, session)
            if (status, code) != due:
                wrong.append(f"{asked} by {who}: {status} {code}, not {due}")
            if OUR_SECRET in text or THEIR_SECRET in text or OURS in text.replace(asked.path, ""):
                wrong.append(f"{asked} tells {who} something")
    assert wrong == []
    assert (contents(two.ours), contents(two.theirs)) == before


def test_no_open_route_tells_of_any_warehouse_and_every_role_is_tried(two: Two) -> None:
    assert set(two.ours.tokens) == set(two.theirs.tokens) == set(TokenRole) - {TokenRole.SUPERVISOR}  # who signs in
    assert set(two.ours.people) == set(two.theirs.people) == set(WITH_ACCOUNT)
    for asked in every_route(two.ours.app, two.ours.values):
        if two.permission(asked) == Permission.PUBLIC:
            status, _, text = ask(asked, two.ours)
            assert status < 500, asked
            assert OUR_SECRET not in text, asked
            assert THEIR_SECRET not in text, asked


def test_asking_changes_nothing(ours: Furnished) -> None:
    before = contents(ours)
    for asked in every_route(ours.app, ours.values):
        if asked.method in SAFE:
            role = next(role for role in ours.tokens if may(role, needed(ours, asked)))
            assert ask(asked, ours, ours.tokens[role])[0] < 500, asked
    assert contents(ours) == before


def test_every_answer_carries_the_security_headers_and_no_route_answers_a_trace(ours: Furnished) -> None:
    """Whatever it is: a page, a file, a refusal, a failure to find it."""
    client = ours.client()
    for asked in every_route(ours.app, ours.values):
        role = next(role for role in ours.tokens if may(role, needed(ours, asked)))
        tokens = (ours.tokens[role], None) if asked.method in SAFE else (None,)
        for token in tokens:
            answer = asked.of(client, token)
            answer.close()
            for name, value in SECURITY_HEADERS.items():
                # A page a token was sent to must not tell it to the next one.
                assert answer.headers[name] in (value, "no-referrer"), (asked, name)
            assert {"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= {
                part.strip() for part in answer.headers["Content-Security-Policy"].split(";")
            }, asked
        assert client.open(asked.path, method="TRACE").status_code == 405, asked
        allowed = client.open(asked.path, method="OPTIONS", headers={"Authorization": f"Bearer {ours.tokens[role]}"})
        assert (allowed.status_code, asked.method in allowed.headers["Allow"]) == (200, True), asked


def test_no_change_comes_from_another_origin(ours: Furnished) -> None:
    """A cookie travels by itself: a page of somebody else must not use it, whatever it asks for."""
    before = contents(ours)
    wrong: list[str] = []
    for asked in every_route(ours.app, ours.values):
        permission = needed(ours, asked)
        if asked.method in SAFE or permission == Permission.PUBLIC:
            continue
        client = ours.client()
        client.set_cookie("floor_token", next(token for role, token in ours.tokens.items() if may(role, permission)))
        for origin in ELSEWHERE:
            answer = asked.of(client, **origin)
            if (answer.status_code, (answer.get_json(silent=True) or {}).get("code")) != (403, "cross_origin"):
                wrong.append(f"{asked} from {origin}: {answer.status_code} {answer.text[:80]}")
    assert wrong == []
    assert contents(ours) == before


def test_a_station_speaks_for_no_other_station(ours: Furnished) -> None:
    """The routes that name a station, with the token of another one."""
    before, found = contents(ours), 0
    for asked in every_route(ours.app, ours.values | {"station": "HAND-2", "stations.code": "HAND-2"}):
        if needed(ours, asked) == Permission.SCAN and "HAND-2" in asked.path:
            found += 1
            status, code, text = ask(asked, ours, ours.tokens[TokenRole.STATION])
            assert (status, code) == (403, "other_station"), asked
            assert OUR_SECRET not in text, asked
    assert found > 10
    assert contents(ours) == before
