"""Rules of bought labels: paid once, printed once, and whatever nobody knows is shown to a person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.services.common import queries
from fulfillment.services.figures import board
from fulfillment.services.shipping import carrier_calls, carrier_labels, label_buying, label_decisions
from fulfillment.services.shipping.carrier_service import Bought
from simulators.carrier import COST_MINOR, CarrierSimulator
from tests.factories import NOBODY, FloorHand
from tests.services.carriers import (
    QUICK,
    TOKEN,
    close_parcel,
    label,
    lose_lease,
    printed,
    sell_labels,
    void,
    work,
)
from tests.services.packing.a_bench import BENCH, label_and_lane


@pytest.fixture
def carrier(hand: FloorHand) -> Iterator[CarrierSimulator]:
    """A carrier that sells DOM's labels and can do all a good one can."""
    with CarrierSimulator(TOKEN) as carrier:
        sell_labels(hand, carrier.url)
        yield carrier


def decide(hand: FloorHand, decision: str, badge: str = "1001", **details: object) -> dict[str, object]:
    reference = label(hand)["reference"]
    return hand.write(
        lambda tx: label_decisions.decide(tx, NOBODY, reference, decision, badge, **details)  # type: ignore[arg-type]
    )


def orphans(hand: FloorHand) -> list[tuple[str, str]]:
    rows = hand.floor.read(lambda tx: carrier_labels.listed(tx, orphans=True))
    return [(row["state"], row["tracking_number"]) for row in rows]


def in_trouble(hand: FloorHand) -> list[str]:
    return [row["effect"] for row in hand.floor.read(lambda tx: carrier_labels.listed(tx, trouble=True))]


def test_a_closed_parcel_gets_the_label_its_carrier_sells(hand: FloorHand, carrier: CarrierSimulator) -> None:
    number = close_parcel(hand)
    assert (label(hand)["state"], printed(hand, number)) == ("wanted", [])
    work(hand)
    (charge,) = carrier.book
    assert charge.reference == charge.key == f"MAIN-{number}-1"
    bought = label(hand)
    assert (bought["state"], bought["effect"], bought["tracking_number"]) == (
        "bought", "confirmed", charge.tracking_number,
    )  # fmt: skip
    assert (bought["cost_minor"], bought["currency"]) == (COST_MINOR, "GBP")
    assert charge.tracking_number in bought["content"]
    assert printed(hand, number) == [f"label:{number}:0"]
    fields = hand.one("SELECT fields FROM outbox WHERE warehouse_id = :w AND dedupe_key = :k", k=f"label:{number}:0")
    assert charge.tracking_number in fields["fields"]
    assert orphans(hand) == in_trouble(hand) == []


def test_a_label_of_ours_is_printed_at_once_as_before(hand: FloorHand) -> None:
    number = close_parcel(hand)
    assert printed(hand, number) == [f"label:{number}:0"]
    assert hand.one("SELECT COUNT(*) AS n FROM carrier_label WHERE warehouse_id = :w") == {"n": 0}


def test_a_parcel_does_not_go_to_its_lane_before_its_label_is_bought(
    hand: FloorHand, carrier: CarrierSimulator
) -> None:
    number = close_parcel(hand)
    assert hand.step()["fields"]["print"]["state"] == "queued"
    assert hand.scan(BENCH, "00" + number)["code"] == "finish_first"
    work(hand)
    assert hand.scan(BENCH, "00" + number)["outcome"] == "applied"


@pytest.mark.parametrize(
    ("fault", "calls"),
    [("error_before", ["POST", "GET", "POST"]), ("error_after", ["POST", "GET"]), ("silent_after", ["POST", "GET"]),
     ("cut_after", ["POST", "GET"]), ("slow", ["POST"]), ("rubbish", ["POST", "GET"]), ("busy", ["POST", "POST"]),
     ("silent_before", ["POST", "GET", "POST"]), ("cut_before", ["POST", "GET", "POST"]),
     ("late_charge", ["POST", "GET", "POST"])],
)  # fmt: skip
def test_whatever_goes_wrong_one_label_is_paid_and_printed(
    hand: FloorHand, carrier: CarrierSimulator, fault: str, calls: list[str]
) -> None:
    number = close_parcel(hand)
    carrier.fail(fault)
    work(hand)
    assert [method for method, _ in carrier.calls] == calls
    assert (label(hand)["state"], len(carrier.book)) == ("bought", 1)
    assert label(hand)["tracking_number"] == carrier.book[0].tracking_number
    assert printed(hand, number) == [f"label:{number}:0"]


@pytest.mark.parametrize("fault", ["error_before", "error_after", "silent_after", "cut_before", "cut_after", "rubbish"])
def test_without_looking_up_whatever_is_not_known_goes_to_a_person(hand: FloorHand, fault: str) -> None:
    with CarrierSimulator(TOKEN, can_look_up=False) as carrier:
        sell_labels(hand, carrier.url, can_look_up=False)
        number = close_parcel(hand)
        carrier.fail(fault)
        work(hand)
        assert [method for method, _ in carrier.calls] == ["POST"]
        assert (label(hand)["state"], label(hand)["effect"]) == ("uncertain", "uncertain")
        assert (printed(hand, number), in_trouble(hand)) == ([], ["uncertain"])
        with queries.snapshot(hand.floor.engine) as snapshot:
            (shown,) = board.board(snapshot)["prints"]["attention"]
        assert (shown["subject"], shown["state"], shown["printer"]) == (number, "uncertain", "DOM")


def test_a_silent_call_is_not_repeated_where_keys_are_not_kept(hand: FloorHand) -> None:
    """It may still arrive: not finding its label proves nothing."""
    with CarrierSimulator(TOKEN, keeps_keys=False) as carrier:
        sell_labels(hand, carrier.url, keeps_keys=False)
        close_parcel(hand)
        carrier.fail("silent_before")
        work(hand)
        assert [method for method, _ in carrier.calls] == ["POST"] + ["GET"] * 5
        assert (label(hand)["state"], carrier.book) == ("uncertain", [])


def test_an_answered_failure_is_repeated_when_nothing_is_found(hand: FloorHand) -> None:
    with CarrierSimulator(TOKEN, keeps_keys=False) as carrier:
        sell_labels(hand, carrier.url, keeps_keys=False)
        close_parcel(hand)
        carrier.fail("error_before", "error_before")
        work(hand)
        assert [method for method, _ in carrier.calls] == ["POST", "GET", "POST", "GET", "POST"]
        assert (label(hand)["state"], len(carrier.book)) == ("bought", 1)


def test_a_look_up_that_fails_is_looked_up_again_and_then_left_to_a_person(
    hand: FloorHand, carrier: CarrierSimulator
) -> None:
    close_parcel(hand)
    carrier.fail("silent_after", looking_up=["error", "cut", "error", "silent", "error"])
    work(hand)
    assert [method for method, _ in carrier.calls] == ["POST"] + ["GET"] * 5
    assert label(hand)["state"] == "uncertain"


def test_an_address_the_carrier_will_not_have_goes_to_a_person(hand: FloorHand, carrier: CarrierSimulator) -> None:
    number = close_parcel(hand)
    carrier.fail("refuse")
    work(hand)
    assert (label(hand)["state"], label(hand)["effect"], carrier.book) == ("refused", "failed", [])
    assert "no such address" in label(hand)["detail"]
    assert in_trouble(hand) == ["failed"]
    decide(hand, "buy_again")
    work(hand)
    assert (label(hand)["state"], label(hand, 2)["state"]) == ("dropped", "bought")
    assert (len(carrier.book), printed(hand, number), orphans(hand)) == (1, [f"label:{number}:0"], [])


def test_a_carrier_nobody_can_reach_is_tried_again(hand: FloorHand) -> None:
    sell_labels(hand, "http://127.0.0.1:9/v1")
    close_parcel(hand)
    work(hand, rounds=3)
    assert (label(hand)["effect"], label(hand)["heard"], label(hand)["attempts"]) == ("held", "", 3)
    assert "unreachable" in label(hand)["result"]


def test_a_wrong_token_buys_nothing_and_is_in_no_row(hand: FloorHand) -> None:
    with CarrierSimulator("another") as carrier:
        sell_labels(hand, carrier.url)
        close_parcel(hand)
        work(hand, rounds=2)
        assert (label(hand)["effect"], label(hand)["result"]) == ("held", "unauthorized (401)")
    rows = hand.all("SELECT fields, result FROM outbox WHERE warehouse_id = :w")
    assert TOKEN not in str(rows) + str(label(hand))


def test_a_token_file_that_is_gone_holds_the_labels(hand: FloorHand, carrier: CarrierSimulator) -> None:
    (hand.floor.settings.home / "carrier-tokens" / "DOM").unlink()
    close_parcel(hand)
    work(hand, rounds=1)
    assert (label(hand)["result"], carrier.calls) == ("no_token", [])


@pytest.mark.parametrize("is_charged", [True, False])
def test_a_worker_killed_while_calling_leaves_a_label_that_is_looked_up(
    hand: FloorHand, carrier: CarrierSimulator, is_charged: bool
) -> None:
    number = close_parcel(hand)
    call = hand.write(lambda tx: carrier_calls.claim(tx, "DOM"))
    assert call is not None
    assert hand.write(lambda tx: carrier_calls.start_calling(tx, call))
    if is_charged:
        carrier.charge(call.reference, call.reference)
    lose_lease(hand)
    work(hand)
    assert carrier.calls[0][0] == "GET"
    assert (label(hand)["state"], len(carrier.book)) == ("bought", 1)
    assert printed(hand, number) == [f"label:{number}:0"]


def test_a_worker_that_lost_its_lease_writes_nothing_but_evidence(hand: FloorHand) -> None:
    with CarrierSimulator(TOKEN, can_look_up=False) as carrier:
        sell_labels(hand, carrier.url, can_look_up=False)
        number = close_parcel(hand)
        late = hand.write(lambda tx: carrier_calls.claim(tx, "DOM"))
        assert late is not None
        assert hand.write(lambda tx: carrier_calls.start_calling(tx, late))
        lose_lease(hand)
        work(hand)
        assert label(hand)["state"] == "uncertain"
        assert not hand.write(lambda tx: carrier_calls.record_bought(tx, late, Bought("T1", 10, "GBP", "")))
        assert (label(hand)["state"], label(hand)["tracking_number"]) == ("uncertain", "T1")
        assert printed(hand, number) == []
        decide(hand, "found")
        assert (label(hand)["state"], printed(hand, number)) == ("bought", [f"label:{number}:0"])


def test_a_claim_that_never_called_is_open_again(hand: FloorHand, carrier: CarrierSimulator) -> None:
    close_parcel(hand)
    hand.write(lambda tx: carrier_calls.claim(tx, "DOM"))
    lose_lease(hand)
    work(hand)
    assert [method for method, _ in carrier.calls] == ["POST"]
    assert (label(hand)["state"], label(hand)["attempts"]) == ("bought", 2)


# --- not wanted any more -------------------------------------------------------------------------------------


def test_a_void_parcel_gives_its_label_back(hand: FloorHand, carrier: CarrierSimulator) -> None:
    number = close_parcel(hand)
    work(hand)
    void(hand, number)
    assert orphans(hand) == [("to_void", carrier.book[0].tracking_number)]
    work(hand)
    assert (label(hand)["state"], carrier.book[0].is_void, carrier.owed_minor, orphans(hand)) == ("void", True, 0, [])


def test_a_label_nobody_asked_for_yet_is_never_bought_for_a_void_parcel(
    hand: FloorHand, carrier: CarrierSimulator
) -> None:
    number = close_parcel(hand)
    void(hand, number)
    work(hand)
    assert (label(hand)["state"], label(hand)["effect"], carrier.calls) == ("dropped", "superseded", [])


def test_a_parcel_void_while_its_label_is_claimed_is_not_called_for(hand: FloorHand, carrier: CarrierSimulator) -> None:
    number = close_parcel(hand)
    call = hand.write(lambda tx: carrier_calls.claim(tx, "DOM"))
    assert call is not None
    void(hand, number)
    assert not hand.write(lambda tx: carrier_calls.start_calling(tx, call))
    assert label(hand)["state"] == "dropped"


def test_a_parcel_void_while_its_label_is_being_bought_gives_it_back(
    hand: FloorHand, carrier: CarrierSimulator
) -> None:
    number = close_parcel(hand)
    call = hand.write(lambda tx: carrier_calls.claim(tx, "DOM"))
    assert call is not None
    hand.write(lambda tx: carrier_calls.start_calling(tx, call))
    void(hand, number)
    assert label(hand)["state"] == "to_void"
    record = label_buying.make_call(call, label_buying.Ask.BUY, label_buying.service_of(hand.floor, call, QUICK))
    assert hand.write(record)
    work(hand)
    assert (label(hand)["state"], carrier.owed_minor, printed(hand, number)) == ("void", 0, [])


def test_an_unknown_label_of_a_void_parcel_is_looked_up_and_given_back(
    hand: FloorHand, carrier: CarrierSimulator
) -> None:
    number = close_parcel(hand)
    carrier.fail("silent_after")
    work(hand, rounds=1)
    void(hand, number)
    work(hand)
    assert [method for method, _ in carrier.calls] == ["POST", "GET", "POST"]
    assert (label(hand)["state"], carrier.owed_minor, printed(hand, number)) == ("void", 0, [])


def test_a_parcel_closed_again_gets_another_label_and_gives_the_first_back(
    hand: FloorHand, carrier: CarrierSimulator
) -> None:
    number = close_parcel(hand)
    work(hand)
    label_and_lane(hand)
    hand.scan(BENCH, "00" + number)
    hand.say(BENCH, "REOPEN")
    hand.say(BENCH, "CLOSE")
    work(hand)
    assert [label(hand, place)["state"] for place in (1, 2)] == ["void", "bought"]
    assert [charge.reference for charge in carrier.book] == [f"MAIN-{number}-1", f"MAIN-{number}-2"]
    assert (carrier.owed_minor, printed(hand, number)) == (COST_MINOR, [f"label:{number}:0", f"label:{number}:1"])


def test_a_label_the_carrier_will_not_take_back_stays_listed(hand: FloorHand, carrier: CarrierSimulator) -> None:
    number = close_parcel(hand)
    work(hand)
    hand.write(lambda tx: tx.run("UPDATE carrier_label SET tracking_number = 'GONE' WHERE warehouse_id = :w"))
    void(hand, number)
    work(hand)
    assert (orphans(hand), in_trouble(hand)) == ([("to_void", "GONE")], ["confirmed"])


# --- a person decides ----------------------------------------------------------------------------------------


@pytest.fixture
def uncertain(hand: FloorHand) -> Iterator[CarrierSimulator]:
    """A label that was paid for, of which nobody knows."""
    with CarrierSimulator(TOKEN, can_look_up=False) as carrier:
        sell_labels(hand, carrier.url, can_look_up=False)
        close_parcel(hand)
        carrier.fail("silent_after")
        work(hand)
        assert label(hand)["state"] == "uncertain"
        yield carrier


def test_a_supervisor_who_found_the_label_has_it_printed(hand: FloorHand, uncertain: CarrierSimulator) -> None:
    shown = decide(hand, "found", tracking_number="SIM000000001GB", cost_minor=495)
    assert (shown["state"], shown["decision"], shown["tracking_number"]) == ("bought", "found", "SIM000000001GB")
    assert len(printed(hand, str(shown["parcel"]))) == 1
    assert in_trouble(hand) == orphans(hand) == []


def test_a_label_bought_again_leaves_the_first_in_the_list(hand: FloorHand, uncertain: CarrierSimulator) -> None:
    decide(hand, "buy_again")
    work(hand)
    assert [label(hand, place)["state"] for place in (1, 2)] == ["abandoned", "bought"]
    assert (len(uncertain.book), orphans(hand)) == (2, [("abandoned", "")])
    decide(hand, "found", tracking_number=uncertain.book[0].tracking_number)  # it was on the bill
    work(hand)
    assert (label(hand)["state"], uncertain.owed_minor, orphans(hand)) == ("void", COST_MINOR, [])


def test_a_label_given_up_is_asked_for_no_more(hand: FloorHand, uncertain: CarrierSimulator) -> None:
    shown = decide(hand, "give_up")
    assert (shown["state"], work(hand), printed(hand, str(shown["parcel"]))) == ("abandoned", 0, [])
    assert (in_trouble(hand), orphans(hand)) == ([], [("abandoned", "")])


@pytest.mark.parametrize(
    ("decision", "badge", "code"),
    [("found", "1002", "not_allowed"), ("found", "9", "unknown_badge"), ("found", "1001", "bad_tracking_number"),
     ("perhaps", "1001", "bad_decision")],
)  # fmt: skip
def test_a_decision_needs_a_supervisor_and_sense(
    hand: FloorHand, uncertain: CarrierSimulator, decision: str, badge: str, code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        decide(hand, decision, badge)
    assert refused.value.code == code
    assert (label(hand)["state"], label(hand)["decision"]) == ("uncertain", "")


def test_a_label_that_is_known_needs_no_decision(hand: FloorHand, carrier: CarrierSimulator) -> None:
    close_parcel(hand)
    for decision in ("give_up", "buy_again"):
        with pytest.raises(Conflict):
            decide(hand, decision)
    work(hand)
    with pytest.raises(Conflict):
        decide(hand, "buy_again")
    assert len(carrier.book) == 1
