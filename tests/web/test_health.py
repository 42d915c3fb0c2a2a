"""Whether a server is alive and ready, and the reason it gives when its database is not."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pysqlite3
import pytest
from flask import Flask
from sqlalchemy import exc

from fulfillment.app import create_app
from fulfillment.bootstrap import Floor, open_floor
from fulfillment.hot import OutcomeUnknown, WriterClosed
from fulfillment.services.set_up import setting_up
from fulfillment.services.working import readiness
from fulfillment.services.working.readiness import AWAY, FULL, trouble_of
from fulfillment.settings import Settings
from fulfillment.web import health as health_of_web
from fulfillment.web.health import LOOK_AGAIN_S, TRY_S, Health
from tests.factories import FloorHand

READY, LIVE, BOARD = "/api/v1/readyz", "/api/v1/livez", "/api/v1/board"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock)


def answer_of(app: Flask, path: str, **headers: str) -> Any:
    return app.test_client().get(path, headers=headers)


def test_a_founded_floor_is_ready(hand: FloorHand) -> None:
    app = create_app(hand.floor)
    assert (answer_of(app, READY).status_code, answer_of(app, LIVE).json) == (200, {"ok": True})


def test_a_floor_without_its_warehouse_is_alive_and_not_ready(floor: Floor) -> None:
    app = create_app(floor)
    answer = answer_of(app, READY)
    assert (answer.status_code, answer.json["code"]) == (503, "no_warehouse")
    assert answer.mimetype == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer_of(app, LIVE).status_code == 200


@pytest.mark.engine("sqlite")
def test_a_database_without_tables_or_of_another_version_is_not_ready(tmp_path: Path, hand: FloorHand) -> None:
    empty = open_floor(Settings(tmp_path, f"sqlite:///{tmp_path / 'empty.sqlite'}"))
    assert readiness.look(empty) == readiness.NOT_MIGRATED
    empty.close()
    for version, trouble in (("0001", readiness.NOT_MIGRATED), ("9999", readiness.SCHEMA_NEWER)):
        hand.write(lambda tx, v=version: tx.run("UPDATE alembic_version SET version_num = :v WHERE :w = :w", v=v))
        assert readiness.look(hand.floor) == trouble


@pytest.mark.engine("sqlite")
def test_a_database_that_takes_no_changes_is_not_ready(settings: Settings, hand: FloorHand) -> None:
    floor = open_floor(settings)
    connection = floor.engine.raw_connection()
    connection.driver_connection.execute("PRAGMA query_only=ON")  # what the next writer gets from the pool
    connection.close()
    app = create_app(floor)
    answer = answer_of(app, READY)
    assert (answer.status_code, answer.json["code"]) == (503, "database_read_only")
    floor.close()


@pytest.mark.engine("sqlite")
def test_a_full_database_is_not_ready_and_says_so_to_whoever_writes(settings: Settings, hand: FloorHand) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "admin", "admin"))
    floor = open_floor(settings)
    connection = floor.engine.raw_connection()
    pages = connection.driver_connection.execute("PRAGMA page_count").fetchone()[0]
    connection.driver_connection.execute(f"PRAGMA max_page_count={pages}")
    connection.close()
    client = create_app(floor).test_client()
    answers = [
        client.post("/api/v1/totes", json={"count": 500}, headers={"Authorization": f"Bearer {token}"})
        for _ in range(8)
    ]
    floor.close()
    refused = next(answer for answer in answers if answer.status_code != 201)
    assert (refused.status_code, refused.json["code"]) == (503, "database_full")
    assert int(refused.headers["Retry-After"]) > 0


def test_a_database_that_is_not_there_is_answered_with_a_reason(tmp_path: Path, hand: FloorHand) -> None:
    address = "postgresql+psycopg://floor@127.0.0.1:1/none"
    floor = open_floor(replace(hand.floor.settings, database_url=address))
    app = create_app(floor)
    for path in (READY, BOARD):
        answer = answer_of(app, path, Authorization="Bearer x")
        assert (answer.status_code, answer.json["code"]) == (503, "database_away")
        assert int(answer.headers["Retry-After"]) > 0
    floor.close()


def _pg(state: str | None) -> psycopg.Error:
    kind = psycopg.errors.lookup(state) if state else psycopg.OperationalError
    return kind("made up")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_pg(None), "database_away"), (_pg("57P01"), "database_away"), (_pg("57P03"), "database_away"),
        (_pg("08006"), "database_away"), (_pg("53100"), "database_full"), (_pg("25006"), "database_read_only"),
        (_pg("53300"), "database_busy"), (_pg("55P03"), "database_busy"), (_pg("42P01"), "not_migrated"),
        (exc.OperationalError("SELECT", {}, _pg("57P01")), "database_away"),
        (exc.TimeoutError(), "database_busy"), (OutcomeUnknown(), "outcome_unknown"), (WriterClosed(), "stopping"),
    ],
)  # fmt: skip
def test_what_a_database_says_becomes_one_word(error: Exception, code: str) -> None:
    trouble = trouble_of(error)
    assert trouble is not None
    assert trouble.code == code


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), _pg("23505"), _pg("42703"), pysqlite3.IntegrityError("x"), pysqlite3.ProgrammingError("x")],
)
def test_a_bug_of_ours_stays_one(error: Exception) -> None:
    assert trouble_of(error) is None


def test_while_the_database_is_away_one_request_at_a_time_finds_out(health: Health, clock: Clock) -> None:
    assert health.turned_away() is None
    health.learn(AWAY)
    assert [health.turned_away() for _ in range(3)] == [AWAY] * 3
    clock.now += LOOK_AGAIN_S
    assert [health.turned_away() for _ in range(3)] == [None, AWAY, AWAY]
    clock.now += TRY_S
    assert health.turned_away() is None, "the one that tried never came back"
    health.learn(None)
    assert [health.turned_away() for _ in range(3)] == [None] * 3


def test_a_full_disk_turns_nobody_away_from_reading(health: Health) -> None:
    health.learn(FULL)
    assert health.turned_away() is None


def test_readiness_is_looked_at_once_a_second_however_often_it_is_asked(health: Health, clock: Clock) -> None:
    looks = iter([None, AWAY])
    assert [health.ready(lambda: next(looks)) for _ in range(5)] == [None] * 5
    clock.now += LOOK_AGAIN_S
    assert [health.ready(lambda: next(looks)) for _ in range(5)] == [AWAY] * 5


def test_a_look_that_hangs_is_an_answer(health: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_of_web, "LOOK_WAIT_S", 0.01)
    let_go = threading.Event()
    assert health.ready(lambda: let_go.wait() and None) is AWAY
    let_go.set()
    monkeypatch.setattr(health_of_web, "LOOK_WAIT_S", 60)
    assert health.ready(lambda: None) is None
