"""Two web nodes on one PostgreSQL: one is cut off from it in the middle of its turn, and comes back.

The nodes run in network namespaces of their own, the database listens on the bridge between them and asks for a
password. As root (as CI is) the namespaces must be possible: a machine that cannot make them fails here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.db import IDLE_IN_TURN_MS
from fulfillment.processes import environment_of, free_port
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.network import Network, Node
from tests.postgresql import OWNER, PostgresServer
from tests.serving import ANSWER_S, Receiver, check_kept, crew, docks, floor_run, get, total, wait_for

pytestmark = pytest.mark.scenario

Record = Callable[[str, object], None]

PASSWORD = "a-word-between-us"
PORT = 5433

# Takes the warehouse's turn as a scan does, and is cut off before it can give it back.
HOLD_THE_TURN = """
import time
from fulfillment.bootstrap import open_floor
from fulfillment.settings import Settings

floor = open_floor(Settings.from_env())
input()

def hold(tx):
    tx.one("SELECT id FROM warehouse WHERE id = :w")
    print("mine", flush=True)
    time.sleep(600)

floor.writer.write(hold)
"""


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with Network(2) as network:
        yield network


@pytest.fixture(scope="module")
def server(network: Network) -> Iterator[PostgresServer]:
    server = PostgresServer(listen=network.database_address, port=PORT, options=["password_encryption=scram-sha-256"])
    try:
        with (server.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {network.database_net} scram-sha-256\n")
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER ROLE {OWNER} PASSWORD '{PASSWORD}'")
            connection.execute("SELECT pg_reload_conf()")
        yield server
    finally:
        server.stop()


@pytest.fixture
def settings(server: PostgresServer, tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(tmp_path, server.create("two_nodes"))
    migrate(settings)
    yield settings
    server.drop("two_nodes")


@pytest.fixture
def hand(settings: Settings) -> Iterator[FloorHand]:
    floor = open_floor(settings)
    yield FloorHand(floor)
    floor.close()


def settings_of(node: Node, network: Network, settings: Settings) -> Settings:
    """A node's own: it listens on its own address and knows the database by the bridge's."""
    home = settings.home / node.namespace
    home.mkdir()
    address = f"postgresql+psycopg://{OWNER}:{PASSWORD}@{network.database_address}:{PORT}/two_nodes"
    # The line between them exists on this machine only.
    return replace(
        settings, home=home, database_url=address, host=node.address, port=8400, live_port=8401, insecure_lan=True
    )


@contextmanager
def turn_taker(node: Node, settings: Settings) -> Iterator[Callable[[], None]]:
    """A program on a node; called, it has taken the warehouse's turn and keeps it."""
    with subprocess.Popen(
        [*node.prefix, sys.executable, "-c", HOLD_THE_TURN], env={**os.environ, **environment_of(settings)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as taker:  # fmt: skip

        def take() -> None:
            assert taker.stdin is not None
            assert taker.stdout is not None
            taker.stdin.write("\n")
            taker.stdin.flush()
            assert taker.stdout.readline() == "mine\n"

        try:
            yield take
        finally:
            taker.kill()


def test_a_node_that_is_cut_off_in_its_turn_holds_the_other_up_for_seconds_only(
    network: Network, settings: Settings, hand: FloorHand, record_property: Record
) -> None:
    tokens = list(docks(hand, 6).items())
    nodes = [(node, settings_of(node, network, settings)) for node in network.nodes]
    (cut_node, cut_settings), _ = nodes
    cut_address = f"http://{cut_node.address}:8400"
    with ExitStack() as stack:
        for node, own in nodes:
            stack.enter_context(floor_run(own, "--only", "web", prefix=node.prefix))
        cut_off, other = (
            [Receiver(code, token, [f"http://{node.address}:8400"]) for code, token in mine]
            for node, mine in zip(network.nodes, (tokens[:3], tokens[3:]), strict=True)
        )
        take_the_turn = stack.enter_context(turn_taker(cut_node, cut_settings))
        for receiver in cut_off + other:
            receiver.sign_in()
        with crew(cut_off + other):
            wait_for(lambda: min(total(cut_off), total(other)) > 60)

            take_the_turn()
            network.cut(cut_node)
            cut_at = time.monotonic()
            wait_for(lambda: any(receiver.answered_at[-1] > cut_at + 0.5 for receiver in other), ANSWER_S + 5)
            held_up_s = min(at for r in other for at in r.answered_at if at > cut_at + 0.5) - cut_at
            before = total(other)
            wait_for(lambda: total(other) > before + 100)

            wait_for(lambda: any(receiver.refusals for receiver in cut_off), 60)
            noticed_s = time.monotonic() - cut_at
            status, headers, body = get(cut_address, "/api/v1/readyz")
            assert (status, body["code"]) == (503, "database_away")
            assert int(headers["Retry-After"]) > 0
            assert get(cut_address, "/api/v1/livez")[0] == 200

            network.mend(cut_node)
            mended_at = time.monotonic()
            wait_for(lambda: any(receiver.answered_at[-1] > mended_at for receiver in cut_off))
            back_s = time.monotonic() - mended_at
            wait_for(lambda: get(cut_address, "/api/v1/readyz")[0] == 200)
            before = total(cut_off)
            wait_for(lambda: total(cut_off) > before + 60)
    refusals = {refusal for receiver in cut_off + other for refusal in receiver.refusals}
    assert {(status, bool(retry_after)) for status, retry_after, _ in refusals} == {(503, True)}
    assert not any(receiver.unanswered["TimeoutError"] for receiver in cut_off + other), "nobody was left hanging"
    check_kept(settings, hand, cut_off + other)
    record_property("other node held up, s", round(held_up_s, 2))
    record_property("cut-off node says so after, s", round(noticed_s, 2))
    record_property("back after the line is mended, s", round(back_s, 2))
    record_property("refusals of the cut-off node", sorted(map(str, refusals)))
    assert held_up_s < IDLE_IN_TURN_MS / 1000 + ANSWER_S


def test_connections_that_are_ended_twice_a_second_cost_nobody_his_scan(
    server: PostgresServer, settings: Settings, hand: FloorHand, record_property: Record
) -> None:
    settings = replace(settings, port=free_port(), live_port=free_port())
    address = f"http://127.0.0.1:{settings.port}"
    receivers = [Receiver(code, token, [address]) for code, token in docks(hand, 6).items()]
    ended, stop = [], threading.Event()

    def end_all() -> None:
        while not stop.wait(0.5):
            ended.append(server.terminate_all("two_nodes"))

    with floor_run(settings, "--only", "web"):
        for receiver in receivers:
            receiver.sign_in()
        ender = threading.Thread(target=end_all, name="ender")
        ender.start()
        try:
            with crew(receivers):
                wait_for(lambda: total(receivers) > 500 and len(ended) >= 10, 90)
        finally:
            stop.set()
            ender.join()
    refusals = {refusal for receiver in receivers for refusal in receiver.refusals}
    assert {(status, bool(retry_after)) for status, retry_after, _ in refusals} <= {(503, True)}
    assert not any(receiver.unanswered for receiver in receivers)
    check_kept(settings, hand, receivers)
    waits_s = sorted(wait for receiver in receivers for wait in receiver.waits_s)
    record_property("connections ended", sum(ended))
    record_property("scans answered 503 first", sum(len(receiver.refusals) for receiver in receivers))
    record_property("p99 and longest wait, s", (waits_s[len(waits_s) * 99 // 100], waits_s[-1]))
