"""Trying PINs: however many processes, threads and routes it is done through, five are compared, then one a lock."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from fulfillment.domain.codes import own_code
from fulfillment.domain.pins import MINUTE_MS, TRIES
from fulfillment.processes import environment_of
from fulfillment.services.people import pins
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand

ROOT = Path(__file__).resolve().parents[2]
RIGHT = "7391"
NOW_MS = 1_795_000_000_000


def test_two_processes_compare_five_guesses_between_them_and_one_more_after_the_lock(hand: FloorHand) -> None:
    """One at the station that asks for it, one at the page where it is changed; the right one is among the guesses."""
    hand.scan("HAND-2", own_code("B", "1001"))  # signed in before there was a PIN
    hand.write(lambda tx: pins.set_pin(tx, "1001", pins.scrypt_of(RIGHT)))
    hand.scan("HAND-1", own_code("B", "1001"))
    assert hand.step()["state"] == "pin"
    ways = [("HAND-1", "pin", token_of(hand, "HAND-1")), ("HAND-2", "own-pin", token_of(hand, "HAND-2"))]
    assert sweep(hand, ways, NOW_MS) == (TRIES, 0)
    assert sweep(hand, ways, NOW_MS + MINUTE_MS - 1) == (0, 0)
    assert sweep(hand, ways, NOW_MS + MINUTE_MS) == (1, 0)
    assert sweep(hand, ways, NOW_MS + 2 * MINUTE_MS) == (0, 0)
    said = hand.all("SELECT content FROM audit_log WHERE warehouse_id = :w AND subject LIKE 'PIN at %'")
    assert len(said) == TRIES + 1
    assert not any('"right"' in row["content"] for row in said)


def token_of(hand: FloorHand, code: str) -> str:
    station = hand.one("SELECT id FROM station WHERE warehouse_id = :w AND code = :code", code=code)["id"]
    return hand.write(lambda tx: setting_up.add_token(tx, code, "station", station))


def sweep(hand: FloorHand, ways: Sequence[tuple[str, str, str]], now_ms: int) -> tuple[int, int]:
    """How many guesses were compared, and how many let in, when each way is tried by a process of its own."""
    guesses = [f"{guess:04d}" for guess in range(100, 119)] + [RIGHT]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.web.pin_sweeper", *way, str(now_ms), *guesses],
            cwd=ROOT, env={**os.environ, **environment_of(hand.floor.settings)}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for way in ways
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    found = []
    for process in processes:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        found.append([int(number) for number in said.split()])
    return sum(compared for compared, _ in found), sum(let_in for _, let_in in found)
