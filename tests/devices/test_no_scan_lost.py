"""A Zebra scanner with every fault it has, a cable that is pulled, a journal that refuses: each pull is kept once."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.duties import ScannerDuty
from devices.registry import scanner_at
from devices.scanners import ScanEvent
from devices.supervisor import Supervisor
from simulators.ssi_scanner import SsiScanner
from tests.devices.plugs import Board

FAULTS = ("lost_ack", "bad_checksum", "garbage", "half")


@pytest.mark.parametrize("fault", FAULTS)
def test_every_pull_is_kept_once_and_in_order_whatever_happens_on_the_line(fault: str, tmp_path: Path) -> None:
    kept: list[bytes] = []
    board = Board()
    with (
        SsiScanner(tmp_path / "scanner", ack_timeout_s=0.3, tries=0, seed=7) as simulated,
        Supervisor(board.report, turn_s=0.05) as floor,
    ):
        duty = ScannerDuty(scanner_at(simulated.address), lambda event: kept.append(event.raw))
        floor.add("s", duty, is_local=True)
        board.wait_for("s", "ready")
        pulled = []
        for number in range(6):
            code = f"T-{number // 2:06d}"  # each twice: two pulls on one code are two scans
            pulled.append(code.encode())
            if number % 3 == 1:
                simulated.set_fault(fault, 1)
            assert simulated.settled(simulated.scan(code), 20.0) == "acknowledged"
        assert kept == pulled


def test_every_pull_is_kept_once_over_unplugs_and_refusals(tmp_path: Path) -> None:
    kept: list[bytes] = []
    refusals = iter([OSError("disk full")] * 2)
    board = Board()

    def keep(event: ScanEvent) -> None:
        if event.raw.endswith(b"5"):
            for refusal in refusals:
                raise refusal
        kept.append(event.raw)

    with (
        SsiScanner(tmp_path / "scanner", ack_timeout_s=0.3, tries=0, seed=7) as simulated,
        Supervisor(board.report, turn_s=0.05) as floor,
    ):
        floor.add("s", ScannerDuty(scanner_at(simulated.address), keep), is_local=True)
        board.wait_for("s", "ready")
        pulls = []
        for number in range(9):
            pulls.append(simulated.scan(f"T-{number}"))
            if number % 3 == 2:
                simulated.unplug()
                board.wait(lambda: board.words_now("s").startswith("offline"))
                simulated.plug()
        assert [simulated.settled(pull, 20.0) for pull in pulls] == ["acknowledged"] * 9
    assert kept == [pull.code for pull in pulls]
