"""Rules of the file: cut off anywhere, it holds a prefix of what was answered; a full disk loses nothing and passes."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.acts import wrong

pytestmark = pytest.mark.engine("sqlite")

SEED = 22


@pytest.fixture
def dock(hand: FloorHand) -> FloorHand:
    """Ada receives MUG blind at the dock."""
    hand.item("MUG")
    hand.sign_in("DOCK-1", "RECEIVE")
    hand.say("DOCK-1", "BLIND")
    return hand


@pytest.fixture
def reopened(tmp_path: Path) -> Iterator[Floor]:
    """A floor on a copy that each test puts into this folder."""
    home = tmp_path / "after"
    home.mkdir()
    floor = open_floor(Settings(home, f"sqlite:///{home / 'floor.sqlite'}"))
    yield floor
    floor.close()


def received(hand: FloorHand) -> list[str]:
    rows = hand.all("SELECT scan_id FROM scan WHERE warehouse_id = :w AND scan_id LIKE 'pull-%' ORDER BY id")
    return [row["scan_id"] for row in rows]


def pull(hand: FloorHand, number: int) -> str:
    hand.scan("DOCK-1", "MUG", 1, f"pull-{number}")
    assert hand.answer["outcome"] == "applied"
    return f"pull-{number}"


@pytest.mark.parametrize("cut", range(12))
def test_a_log_cut_off_anywhere_holds_a_prefix_of_what_was_answered(
    dock: FloorHand, settings: Settings, reopened: Floor, cut: int
) -> None:
    """Power fails: the last writes to the log are half there. With FULL all before the last fsync are whole."""
    dice = random.Random(f"{SEED}:{cut}")
    first = settings.home / "floor.sqlite"
    begin = Path(f"{first}-wal").stat().st_size
    answered = []
    marks = []  # how long the log was when each was answered: synced up to there
    for number in range(12):
        answered.append(pull(dock, number))
        marks.append(Path(f"{first}-wal").stat().st_size)
    after = reopened.settings.home / "floor.sqlite"
    shutil.copy(first, after)
    log = Path(f"{first}-wal").read_bytes()
    end = dice.randrange(begin, len(log) + 1)
    torn = bytes(dice.randrange(256) for _ in range(min(700, len(log) - end)))  # what the disk made of the rest
    Path(f"{after}-wal").write_bytes(log[:end] + torn)
    hand = object.__new__(FloorHand)
    hand.floor = reopened
    kept = received(hand)
    assert kept == answered[: len(kept)]
    assert len(kept) >= sum(mark <= end for mark in marks)
    assert hand.on_hand("DOCK-1") == len(kept)
    assert wrong(hand) == []


SCAN_UNTIL_FULL = """
import resource, signal, sys
from pathlib import Path
import pysqlite3
from fulfillment.bootstrap import open_floor
from fulfillment.services.scan_path import scans
from fulfillment.settings import Settings

home, limit = Path(sys.argv[1]), int(sys.argv[2])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
floor = open_floor(Settings(home, f"sqlite:///{home / 'floor.sqlite'}"))

def pull(number):
    request = scans.ScanRequest(f"pull-{number}", "DOCK-1", "MUG", 1_760_000_000_000, 1)
    return floor.writer.write(lambda tx: scans.handle_scan(tx, request))

pull(0)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
number = 1
try:
    while number < 5000:
        print(number, pull(number)["outcome"], flush=True)
        number += 1
except pysqlite3.OperationalError as error:
    print("full", number, error.sqlite_errorname, flush=True)
for _ in range(3):
    try:
        pull(number)
    except pysqlite3.OperationalError:
        print("still full", flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
print("again", pull(number)["outcome"], pull(number)["replayed"], flush=True)
floor.close()
"""


@pytest.mark.parametrize("which", ["log", "database"])
def test_a_full_disk_keeps_what_was_answered_and_goes_on_once_there_is_room(
    dock: FloorHand, settings: Settings, which: str
) -> None:
    """The log cannot grow, or it can and the database cannot when it is written back into it."""
    size = (settings.home / "floor.sqlite").stat().st_size
    limit = 400_000 if which == "log" else size + 8_192
    dock.floor.close()
    child = subprocess.run(
        [sys.executable, "-c", SCAN_UNTIL_FULL, str(settings.home), str(limit)], capture_output=True, text=True,
        timeout=240, check=False, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert child.returncode == 0, child.stderr[-2000:]
    lines = [line.split() for line in child.stdout.splitlines()]
    answered = ["pull-0", *(f"pull-{number}" for number, said in (line for line in lines if len(line) == 2)
                            if said == "applied")]  # fmt: skip
    (full,) = [line for line in lines if line[0] == "full"]
    assert full[2].startswith(("SQLITE_FULL", "SQLITE_IOERR"))
    assert lines[-1] == ["again", "applied", "True"]
    floor = open_floor(settings)
    hand = object.__new__(FloorHand)
    hand.floor = floor
    assert received(hand) == [*answered, f"pull-{full[1]}"]
    assert hand.on_hand("DOCK-1") == len(answered) + 1
    assert wrong(hand) == []
    floor.close()
