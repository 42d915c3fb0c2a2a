"""How simulated pickers act and recover, against a scripted floor that answers as the contract says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulators.client import ServerRefused, WireMishap
from simulators.workers import ShiftOver, Stuck
from simulators.world import LOST
from tests.simulators.scripted_floor import (
    BIN,
    CART,
    DAY,
    DROP,
    JUG,
    MUG,
    OTHER_BIN,
    TOTE,
    ErrsOnce,
    Turn,
    hall,
    task,
    tour,
)


def test_a_picker_walks_a_tour_and_leaves_the_tote_at_staging(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(2)),
        Turn("pick.item", MUG, 2, fields=task(2)),
        Turn("pick.tote", "T-1", fields=task(2, 0)),
    )
    with hall(turns, tmp_path) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        assert at.worker.pick_tour()
        assert script.now == len(turns) - 1
        assert at.world.count("tote:T-1", "MUG") == 2
        assert at.world.count(BIN) == 3
        assert [tote.barcode for tote in at.gear.staged] == ["T-1"]
        assert list(at.gear.carts) == ["K-1"]
        assert at.worker.walked_dm > 0


def test_no_tour_to_walk_is_no_work(tmp_path: Path) -> None:
    turns = [Turn("pick.cart", "-", rejections={("K-1", None): ("no_work", None)})]
    with hall(turns, tmp_path) as (at, _):
        assert not at.worker.pick_tour()
        assert list(at.gear.carts) == ["K-1"]


def test_mistakes_the_scan_catches_move_nothing(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(2)),
        Turn("pick.item", MUG, 2, fields=task(2)),
        Turn("pick.tote", "T-1", fields=task(2, 0)),
    )
    errs = ErrsOnce("wrong_bin", "wrong_item", "misread", "too_many")
    with hall(turns, tmp_path, errs) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        at.world.bring(OTHER_BIN, "JUG", DAY, 5)
        assert at.worker.pick_tour()
        assert at.errors == {"misread": 1, "too_many": 1, "wrong_bin": 1, "wrong_item": 1}
        assert {(f"L-{OTHER_BIN}", None), (JUG, None), (MUG, 3)} <= set(script.heard)
        assert at.station.tally.rejected == 4
        assert at.surprises.entries == []
        assert at.world.count("tote:T-1", "MUG") == 2


def test_a_bin_with_less_than_asked_is_short_and_wants_counting(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(5)),
        Turn("pick.item", MUG, 3, fields=task(5), commands=("SHORT",)),
        Turn("pick.item", "C-SHORT", fields=task(5, 2), commands=("SHORT",)),
        Turn("pick.tote", "T-1", fields=task(5, 2)),
    )
    with hall(turns, tmp_path) as (at, _):
        at.world.bring(BIN, "MUG", DAY, 3)
        assert at.worker.pick_tour()
        assert at.world.count("tote:T-1", "MUG") == 3
        assert at.gear.to_count == {BIN: "short"}


def test_an_empty_bin_is_short_without_a_tote(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(5)),
        Turn("pick.item", "C-SHORT", fields=task(5), commands=("SHORT",)),
    )
    with hall(turns, tmp_path) as (at, _):
        assert at.worker.pick_tour()
        assert not at.gear.staged
        assert "T-1" in at.gear.empty_totes


def test_mislaid_units_are_found_missing_where_the_picker_stands(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(4)),
        Turn("pick.item", MUG, 3, fields=task(4), commands=("SHORT",)),
        Turn("pick.item", "C-SHORT", fields=task(4, 1), commands=("SHORT",)),
        Turn("pick.tote", "T-1", fields=task(4, 1)),
    )
    with hall(turns, tmp_path, ErrsOnce("mislaid")) as (at, _):
        at.world.bring(BIN, "MUG", DAY, 4)
        assert at.worker.pick_tour()
        assert at.world.count(LOST, "MUG") == 1
        at.world.check()


def test_a_miscount_is_in_the_tote_and_in_the_log_but_not_on_the_screen(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(2)),
        Turn("pick.item", MUG, 2, fields=task(2)),
        Turn("pick.tote", "T-1", fields=task(2, 0)),
    )
    with hall(turns, tmp_path, ErrsOnce("miscount")) as (at, _):
        at.world.bring(BIN, "MUG", DAY, 5)
        assert at.worker.pick_tour()
        assert at.world.count("tote:T-1", "MUG") in (1, 3)
        assert at.errors == {"miscount": 1}


def test_units_of_an_order_cancelled_in_the_hand_go_back_into_the_bin(tmp_path: Path) -> None:
    turns = [
        CART,
        TOTE,
        Turn("pick.location", f"L-{BIN}", fields=task(2)),
        Turn("pick.item", MUG, 2, fields=task(2)),
        # The tote's scan is refused and the next screen is already the drop.
        Turn("pick.tote", "T-1", fields=task(2, 0)),
        DROP,
        CART,
    ]
    with hall(turns, tmp_path) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        plain = script.scan

        def cancelled(body: dict[str, Any]) -> dict[str, Any]:
            answer = plain(body)
            if script.now == 5 and body["code"] == "T-1":
                answer = {**answer, "outcome": "rejected", "code": "order_cancelled"}
            return answer

        script.scan = cancelled  # type: ignore[method-assign]
        assert at.worker.pick_tour()
        assert at.world.count(BIN, "MUG") == 5
        assert "T-1" in at.gear.empty_totes


def test_a_full_tote_is_joined_by_a_second(tmp_path: Path) -> None:
    fresh = {**task(1, 0), "tote": {"position": 1, "code": "000002", "barcode": "T-2"}}
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(1)),
        Turn("pick.item", MUG, fields=task(1)),
        Turn("pick.tote", "C-NEWTOTE", fields=task(1, 0), commands=("NEWTOTE",)),
        Turn("pick.tote", "T-2", fields=task(1, 0)),
        Turn("pick.tote", "T-2", fields=fresh),
    )
    with hall(turns, tmp_path) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        at.world.bring("tote:T-1", "MUG", DAY, 150)
        plain = script.step

        def step() -> dict[str, Any]:
            answer = plain()
            return {**answer, "prompt": "scan_new_tote"} if script.now == 5 else answer

        script.step = step  # type: ignore[method-assign]
        assert at.worker.pick_tour()
        assert at.world.count("tote:T-2", "MUG") == 1


def test_a_lost_answer_is_asked_for_again_and_counts_once(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(1)),
        Turn("pick.item", MUG, fields=task(1)),
        Turn("pick.tote", "T-1", fields=task(1, 0)),
    )
    with hall(turns, tmp_path, mishap=WireMishap(lose_answer=True)) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        assert at.worker.pick_tour()
        assert at.station.tally.lost_answers == at.station.tally.scans == len(script.heard) == 6
        assert at.world.count("tote:T-1", "MUG") == 1


def test_a_scan_sent_twice_counts_once_and_answers_alike(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(1)),
        Turn("pick.item", MUG, fields=task(1)),
        Turn("pick.tote", "T-1", fields=task(1, 0)),
    )
    with hall(turns, tmp_path, mishap=WireMishap(send_twice=True)) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        assert at.worker.pick_tour()
        assert at.station.tally.duplicates == len(script.heard) == 6
        assert at.station.tally.replay_mismatches == []


def test_a_replay_with_another_outcome_is_reported(tmp_path: Path) -> None:
    turns = tour(Turn("pick.location", f"L-{BIN}", fields=task(1)))
    with hall(turns, tmp_path, mishap=WireMishap(send_twice=True)) as (at, script):
        script.answers.clear()
        plain = script.scan

        def forgetful(body: dict[str, Any]) -> dict[str, Any]:
            script.answers.clear()
            return plain(body)

        script.scan = forgetful  # type: ignore[method-assign]
        at.station.scan("K-1")
        assert len(at.station.tally.replay_mismatches) == 1


def test_a_screen_that_never_changes_is_said_and_not_endured(tmp_path: Path) -> None:
    turns = tour(Turn("pick.location", "L-NEVER", fields=task(1)))
    with hall(turns, tmp_path) as (at, _), pytest.raises(Stuck, match="does not change"):
        at.worker.pick_tour()


def test_the_whistle_ends_the_work_at_the_next_scan(tmp_path: Path) -> None:
    with hall([CART], tmp_path) as (at, _):
        at.stop.set()
        with pytest.raises(ShiftOver):
            at.worker.pick_tour()


def test_a_problem_answer_is_not_taken_for_an_outcome(tmp_path: Path) -> None:
    with hall([CART], tmp_path) as (at, script):
        assert at.station.step.at == "pick.cart"
        script.step = lambda: {"status": 200}  # type: ignore[method-assign]
        with pytest.raises((ServerRefused, LookupError)):
            at.station.refresh()
