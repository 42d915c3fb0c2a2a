"""The weigh check as a dialogue: what a read means while a parcel waits for its weight. Pure: no table is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fulfillment.domain.reasons import Reject, Rejected
from fulfillment.flows import pack
from fulfillment.flows.pack_weigh import (
    AskSupervisor,
    CloseAnyway,
    Differs,
    PackOn,
    TakeWeight,
    Weighing,
    given,
)
from fulfillment.flows.parcel import Carton, Parcel, TakeCarton
from fulfillment.flows.pick_hand import Override
from fulfillment.flows.step import Do, Goto, Heard, Memory, Reply, Step
from fulfillment.scanning.classify import ReadKind

PARCEL = Parcel(3, "006141410000000019", "SO-1", 1, 2, 700)
CARTON = Carton("M", "Medium", (400, 300, 150))
WAITING = Weighing(PARCEL, CARTON, ("S", "L"), 940, 20)
WRONG = replace(WAITING, differs=Differs(588, -1, "MUG", "Enamel mug"))
HERE: Memory = {"tote": 5, "order": 9, "parcel": 3}
ASKED: Memory = {**HERE, "override": {"parcel": 3, "word": vars(Override(0, ""))}}
AGREED = given(HERE, 3, Override(7, "Ada", given_to_id=8))


def screen(weighing: Weighing, memory: Memory = HERE) -> Step:
    return pack.settle(memory, pack.Facts(weighing=weighing))


def say(weighing: Weighing, kind: str, value: str, memory: Memory = HERE, qty_each: int | None = None) -> Reply:
    """What the dialogue answers while this parcel waits."""
    facts = pack.Facts(weighing=weighing)
    heard = Heard(ReadKind(kind), value, value, qty_each)
    return pack.hear(screen(weighing, memory).state, memory, heard, facts)


def commands(step: Step) -> list[str]:
    return [expect.label for expect in step.expects if expect.kind == "command"]


def why(reply: Reply) -> Reject:
    assert isinstance(reply, Rejected), reply
    return reply.code


@pytest.mark.parametrize(
    ("weighing", "memory", "state", "prompt", "offered"),
    [
        (WAITING, HERE, "weigh", "weigh_parcel", ["WEIGH", "VOID"]),
        (replace(WAITING, may_reopen=True), HERE, "weigh", "weigh_parcel", ["WEIGH", "REOPEN", "VOID"]),
        (WRONG, HERE, "weigh", "weigh_again", ["WEIGH", "OVERRIDE", "VOID"]),
        (WRONG, ASKED, "supervisor", "scan_badge", ["BACK"]),
        (WRONG, AGREED, "reason", "scan_reason", ["BACK"]),
        (WAITING, ASKED, "weigh", "weigh_parcel", ["WEIGH", "VOID"]),  # it is right by now
        (WRONG, given(HERE, 4, Override(7, "Ada")), "weigh", "weigh_again", ["WEIGH", "OVERRIDE", "VOID"]),
    ],
)
def test_the_screen_follows_from_what_was_weighed(
    weighing: Weighing, memory: Memory, state: str, prompt: str, offered: list[str]
) -> None:
    step = screen(weighing, memory)
    assert (step.flow, step.state, step.prompt, commands(step)) == ("pack", state, prompt, offered)
    assert len(step.expects) <= 20


def test_what_the_packer_is_told() -> None:
    fields = screen(WRONG).fields
    assert (fields["expected_g"], fields["tolerance_g"], fields["carton"]["code"]) == (940, 20, "M")
    assert fields["differs"] == {
        "weighed_g": 588, "difference_g": -352,
        "suspect": {"sku": "MUG", "name": "Enamel mug", "qty_each": 1, "is_missing": True},
    }  # fmt: skip
    assert screen(replace(WRONG, differs=Differs(1000))).fields["differs"]["suspect"] is None
    assert screen(WAITING).fields["differs"] is None
    assert [e.label for e in screen(WAITING).expects if e.kind == "carton"] == ["S", "L"]


def test_a_stable_reading_is_a_weight_and_no_other_is() -> None:
    assert say(WAITING, "weight", "S940-17") == Do(TakeWeight(3, 940, 17), HERE)
    assert why(say(WAITING, "weight", "M940-17")) == Reject.SCALE_MOVING
    assert why(say(WAITING, "weight", "O-17")) == Reject.SCALE_OVER
    assert why(say(WAITING, "weight", "U-17")) == Reject.SCALE_FAULT
    assert why(say(WAITING, "weight", "F-17")) == Reject.SCALE_FAULT
    assert why(say(WAITING, "weight", "S0-17")) == Reject.NOTHING_HERE


def test_a_typed_weight_says_nothing_of_the_scale() -> None:
    assert say(WAITING, "weight", "0.94 kg") == Do(TakeWeight(3, 940), HERE)
    assert say(WAITING, "command", "WEIGH", qty_each=940) == Do(TakeWeight(3, 940), HERE)
    assert why(say(WAITING, "command", "WEIGH")) == Reject.BAD_QUANTITY
    assert why(say(WAITING, "weight", "0 g")) == Reject.NOTHING_HERE


def test_goods_totes_and_places_wait_until_it_is_weighed() -> None:
    for kind, value in (("tote", "000001"), ("location", "LANE-DOM"), ("parcel", PARCEL.number), ("command", "CLOSE")):
        assert why(say(WAITING, kind, value)) == Reject.NOT_EXPECTED


def test_the_carton_really_taken_can_be_named() -> None:
    assert say(WAITING, "carton", "XL") == Do(TakeCarton(3, "XL"), HERE)


def test_open_again_only_while_something_is_left_to_pack() -> None:
    assert why(say(WAITING, "command", "REOPEN")) == Reject.NOT_EXPECTED
    assert say(replace(WAITING, may_reopen=True), "command", "REOPEN") == Do(PackOn(3), HERE)
    assert say(WAITING, "command", "VOID") == Goto({**HERE, "ask": 3, "is_void": True})


def test_a_supervisor_then_a_reason() -> None:
    assert why(say(WAITING, "command", "OVERRIDE")) == Reject.NOT_EXPECTED
    assert say(WRONG, "command", "OVERRIDE") == Goto(ASKED)
    assert say(WRONG, "badge", "1001", ASKED) == Do(AskSupervisor("1001"), ASKED)
    assert why(say(WRONG, "reason", "packing", ASKED)) == Reject.NOT_EXPECTED
    assert say(WRONG, "reason", "packing", AGREED) == Do(CloseAnyway(3, Override(7, "Ada", "packing", 8)), HERE)
    assert why(say(WRONG, "reason", "theft", AGREED)) == Reject.REASON_REQUIRED
    assert why(say(WRONG, "weight", "S940-18", AGREED)) == Reject.NOT_EXPECTED
    for memory in (ASKED, AGREED):
        assert say(WRONG, "command", "BACK", memory) == Goto(HERE)
