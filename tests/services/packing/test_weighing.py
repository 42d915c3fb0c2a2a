"""Rules of a bench that weighs: no parcel closes unweighed, none outside its tolerance without a word and a reason."""

from __future__ import annotations

import json

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.services.packing import overridden_weights, parcels, weigh_rules
from fulfillment.services.set_up import setting_up
from fulfillment.services.tracing import trace
from tests.factories import NOBODY, FloorHand
from tests.services.acts import TOTES
from tests.services.packing.a_bench import (
    BENCH,
    at_bench,
    at_lane,
    code_of,
    in_lpn,
    label_and_lane,
    parcels_of,
    pick_in_two_totes,
    pick_into,
    place,
    prints,
)
from tests.services.weighing import M_TARE_G, MUGS_G, XL_TARE_G, fill, weigh, weighings, weight_of

pytestmark = pytest.mark.usefixtures("book_is_right")


# --- a full parcel waits for its weight --------------------------------------------------------------------------


def test_a_bench_without_a_scale_closes_as_ever(bench: FloorHand) -> None:
    bench.write(lambda tx: weigh_rules.set_station(tx, BENCH, weighs=False))
    fill(bench, ("MUG", 2))
    assert place(bench) == ("pack", "label")


def test_a_full_parcel_waits_and_nothing_is_printed(full: FloorHand) -> None:
    assert place(full) == ("pack", "weigh")
    fields = full.step()["fields"]
    assert (fields["expected_g"], fields["tolerance_g"], fields["differs"]) == (MUGS_G, 20, None)
    [parcel] = parcels_of(full, "SO-1")
    assert (parcel["state"], parcel["weighed_g"]) == ("open", None)
    assert prints(full, parcel["number"]) == []
    full.say(BENCH, "HOME")
    assert (code_of(full), place(full)) == ("finish_first", ("pack", "weigh"))


def test_the_right_weight_closes_it_and_goes_on_label_and_manifest(full: FloorHand) -> None:
    before = in_lpn(full, parcels_of(full, "SO-1")[0]["number"])
    assert weigh(full, MUGS_G + 7)["outcome"] == "applied"
    assert place(full) == ("pack", "label")
    [parcel] = parcels_of(full, "SO-1")
    assert (parcel["state"], parcel["weighed_g"], parcel["weight_g"]) == ("closed", MUGS_G + 7, 700)
    assert in_lpn(full, parcel["number"]) == before == {"MUG": 2}
    label = full.one("SELECT fields FROM outbox WHERE warehouse_id = :w AND template = 'shipping_4x6'")
    assert json.loads(label["fields"])["weight_g"] == MUGS_G + 7
    number = label_and_lane(full)
    shown = full.write(lambda tx: parcels.describe(tx, number))
    assert shown["weight_g"] == MUGS_G + 7
    assert (shown["weighing"]["expected_g"], shown["weighing"]["source"]) == (MUGS_G, "scale")
    at_lane(full)
    full.scan("HAND-1", "00" + number)
    full.say("HAND-1", "CLOSE")
    full.say("HAND-1", "CONFIRM")
    paper = full.one("SELECT fields FROM outbox WHERE warehouse_id = :w AND template = 'manifest'")
    assert [one["weight_g"] for one in json.loads(paper["fields"])["parcels"]] == [MUGS_G + 7]


def test_closing_early_asks_for_the_weight_too(bench: FloorHand) -> None:
    bench.order("SO-1", ("MUG", 3))
    pick_into(bench)
    at_bench(bench)
    bench.scan(BENCH, own_code("P", "M"))
    bench.scan(BENCH, "MUG")
    bench.say(BENCH, "CLOSE")
    assert (place(bench), bench.step()["fields"]["expected_g"]) == (("pack", "weigh"), M_TARE_G + 350)
    weigh(bench, M_TARE_G + 350)
    label_and_lane(bench)
    assert (place(bench), bench.step()["fields"]["units_left"]) == (("pack", "item"), 2)
    assert [parcel["state"] for parcel in parcels_of(bench, "SO-1")] == ["in_lane", "open"]


def test_a_parcel_into_which_nothing_more_fits_is_weighed_before_the_next_is_opened(bench: FloorHand) -> None:
    bench.item("SAFE", weight_g=13_000)
    bench.stock("SAFE", 2, "A02-02-1")
    bench.order("SO-1", ("SAFE", 2))
    pick_into(bench)
    at_bench(bench)
    bench.scan(BENCH, own_code("P", "M"))
    bench.scan(BENCH, "SAFE")
    assert (place(bench), len(parcels_of(bench, "SO-1"))) == (("pack", "weigh"), 1)
    weigh(bench, M_TARE_G + 13_100)
    label_and_lane(bench)
    assert (place(bench), bench.step()["fields"]["units_left"]) == (("pack", "item"), 1)
    bench.scan(BENCH, "SAFE")
    assert place(bench) == ("pack", "weigh")


# --- a weight that is wrong --------------------------------------------------------------------------------------


def test_outside_the_tolerance_it_stays_open_and_the_screen_says_what_is_missing(full: FloorHand) -> None:
    weigh(full, MUGS_G - 352)
    assert (full.answer["outcome"], code_of(full)) == ("rejected", "weight_differs")
    assert (full.answer["expected"], full.answer["got"]) == (f"{MUGS_G} g ± 20 g", f"{MUGS_G - 352} g")
    assert (place(full), full.step()["prompt"]) == (("pack", "weigh"), "weigh_again")
    assert full.step()["fields"]["differs"] == {
        "weighed_g": MUGS_G - 352, "difference_g": -352,
        "suspect": {"sku": "MUG", "name": "Mug", "qty_each": 1, "is_missing": True},
    }  # fmt: skip
    [parcel] = parcels_of(full, "SO-1")
    assert (parcel["state"], parcel["weighed_g"], prints(full, parcel["number"])) == ("open", None, [])
    assert in_lpn(full, parcel["number"]) == {"MUG": 2}
    assert weighings(full) == [(MUGS_G - 352, "outside", "")]
    weigh(full, MUGS_G, zeroing=2)
    assert place(full) == ("pack", "label")


def test_a_difference_no_item_explains_is_told_as_such(full: FloorHand) -> None:
    assert weigh(full, MUGS_G + 160)["step"]["fields"]["differs"]["suspect"] is None


def test_the_same_parcel_still_on_the_scale_is_no_second_weight(full: FloorHand) -> None:
    weigh(full, MUGS_G - 200, zeroing=7)
    weigh(full, MUGS_G, zeroing=7)
    assert (code_of(full), place(full)) == ("scale_not_emptied", ("pack", "weigh"))
    weigh(full, MUGS_G, zeroing=8)
    assert place(full) == ("pack", "label")


@pytest.mark.parametrize(
    ("reading", "why"),
    [("M940-1", "scale_moving"), ("O-1", "scale_over"), ("U-1", "scale_fault"), ("F-1", "scale_fault"),
     ("S0-1", "nothing_here")],
)  # fmt: skip
def test_what_is_no_weight_is_refused_with_its_reason(full: FloorHand, reading: str, why: str) -> None:
    full.scan(BENCH, own_code("W", reading))
    assert (code_of(full), place(full), weighings(full)) == (why, ("pack", "weigh"), [])


def test_a_weight_at_any_other_moment_is_not_expected(bench: FloorHand) -> None:
    bench.sign_in(BENCH, "PACK")
    weigh(bench, 500)
    assert code_of(bench) == "not_expected"
    bench.scan(BENCH, "1.2 kg")
    assert code_of(bench) == "not_expected"
    bench.scan(BENCH, "1234")
    assert code_of(bench) == "unknown_code"


def test_without_its_carton_a_parcel_is_too_heavy_until_somebody_names_it(bench: FloorHand) -> None:
    fill(bench, ("MUG", 2), carton="")
    assert {e["label"] for e in bench.step()["expects"] if e["kind"] == "carton"} >= {"M", "XL"}
    weigh(bench, 700 + XL_TARE_G)
    assert code_of(bench) == "weight_differs"
    bench.scan(BENCH, own_code("P", "S"))
    assert (place(bench), bench.step()["fields"]["differs"]["weighed_g"]) == (("pack", "weigh"), 700 + XL_TARE_G)
    bench.scan(BENCH, own_code("P", "XL"))
    assert place(bench) == ("pack", "label")
    assert weighings(bench) == [(700 + XL_TARE_G, "outside", ""), (700 + XL_TARE_G, "within", "")]


# --- keyed -------------------------------------------------------------------------------------------------------


def test_a_weight_can_be_keyed_or_typed_with_its_unit(full: FloorHand) -> None:
    full.say(BENCH, "WEIGH")
    assert code_of(full) == "bad_quantity"
    full.scan(BENCH, own_code("C", "WEIGH"), MUGS_G - 350)
    assert code_of(full) == "weight_differs"
    full.scan(BENCH, "0,94 kg")
    assert place(full) == ("pack", "label")
    sources = full.all("SELECT source, zeroing FROM parcel_weighing WHERE warehouse_id = :w ORDER BY id")
    assert [(row["source"], row["zeroing"]) for row in sources] == [("keyed", None)] * 2


# --- once ----------------------------------------------------------------------------------------------------------


def test_a_weight_sent_twice_counts_once(full: FloorHand) -> None:
    first = weigh(full, MUGS_G, scan_id="w-1")
    again = weigh(full, MUGS_G, scan_id="w-1")
    assert (again["replayed"], again["step"]) == (True, first["step"])
    assert len(weighings(full)) == 1
    assert weight_of(full, "MUG")["parcels"] == 1


def test_a_refused_weight_sent_twice_is_kept_once(full: FloorHand) -> None:
    weigh(full, 100, scan_id="w-1")
    assert weigh(full, 100, scan_id="w-1")["code"] == "weight_differs"
    assert len(weighings(full)) == 1


def test_two_benches_weigh_their_own_parcels(full: FloorHand) -> None:
    full.write(lambda tx: tx.insert("location", code="BENCH-2", kind="station"))
    full.write(lambda tx: setting_up.add_station(tx, "BENCH-2", "bench", "BENCH-2", "", "LABEL-1", "SLIP-1"))
    full.write(lambda tx: weigh_rules.set_station(tx, "BENCH-2", weighs=True))
    full.order("SO-2", ("PEN", 1))
    pick_into(full, "SO-2", first_tote=1, cart=1)
    at_bench(full, 1, "BENCH-2")
    full.scan("BENCH-2", own_code("P", "XS"))
    full.scan("BENCH-2", "PEN")
    assert place(full) == ("pack", "weigh")
    weigh(full, 62, zeroing=1, station="BENCH-2")
    assert place(full) == ("pack", "label")
    assert [parcel["state"] for parcel in parcels_of(full, "SO-1")] == ["open"]
    weigh(full, MUGS_G, zeroing=1)  # another scale that has come back to zero as often
    assert place(full) == ("pack", "label")


# --- a supervisor's word -----------------------------------------------------------------------------------------


def test_a_supervisor_lets_it_go_and_says_why(full: FloorHand) -> None:
    full.say(BENCH, "OVERRIDE")
    assert code_of(full) == "not_expected"  # nothing was weighed yet
    weigh(full, MUGS_G + 100)
    full.say(BENCH, "OVERRIDE")
    assert place(full) == ("pack", "supervisor")
    full.scan(BENCH, own_code("B", "1002"))
    assert (code_of(full), place(full)) == ("not_allowed", ("pack", "supervisor"))
    full.scan(BENCH, own_code("B", "1001"))
    assert place(full) == ("pack", "reason")
    full.scan(BENCH, own_code("Y", "THEFT"))
    assert (code_of(full), place(full)) == ("reason_required", ("pack", "reason"))
    full.scan(BENCH, own_code("Y", "PACKING"))
    assert place(full) == ("pack", "label")
    number = parcels_of(full, "SO-1")[0]["number"]
    said = full.write(lambda tx: parcels.describe(tx, number))["weighing"]
    assert (said["judged"], said["why"], said["supervisor"]) == ("outside", "packing", "1001")
    event = full.one("SELECT payload FROM event WHERE warehouse_id = :w AND kind = 'WeightOverridden'")
    assert json.loads(event["payload"]) == {
        "parcel": number, "weighed_g": MUGS_G + 100, "expected_g": MUGS_G, "why": "packing",
    }  # fmt: skip
    [listed] = full.write(overridden_weights.overridden)
    assert (listed["parcel"], listed["order_number"], listed["station"], listed["off_g"], listed["why"],
            listed["supervisor"]) == (number, "SO-1", BENCH, 100, "packing", "1001")  # fmt: skip
    assert full.write(lambda tx: overridden_weights.overridden(tx, after=listed["id"])) == []
    assert full.write(weigh_rules.unit_weights) == []  # such a parcel teaches nothing
    [served] = full.write(lambda tx: trace.trace(tx, trace.Asked(order="SO-1")))["orders"]
    assert [(one["weight_why"], one["weighed_g"], one["expected_g"]) for one in served["parcels"]] == [
        ("packing", MUGS_G + 100, MUGS_G)
    ]


def test_back_from_the_supervisor_and_weigh_again(full: FloorHand) -> None:
    weigh(full, MUGS_G + 100)
    full.say(BENCH, "OVERRIDE")
    full.say(BENCH, "BACK")
    assert place(full) == ("pack", "weigh")
    weigh(full, MUGS_G, zeroing=2)
    assert place(full) == ("pack", "label")


def test_a_word_is_not_good_for_who_takes_the_bench_over(full: FloorHand) -> None:
    full.write(lambda tx: setting_up.add_operator(tx, "1003", "Cy", "packer"))
    weigh(full, MUGS_G + 100)
    full.say(BENCH, "OVERRIDE")
    full.scan(BENCH, own_code("B", "1001"))
    full.scan(BENCH, own_code("B", "1003"))
    full.scan(BENCH, own_code("Y", "PACKING"))
    assert (code_of(full), place(full)) == ("not_allowed", ("pack", "reason"))
    assert parcels_of(full, "SO-1")[0]["state"] == "open"


# --- putting it right --------------------------------------------------------------------------------------------


def test_while_something_of_the_order_is_left_the_parcel_can_be_opened_again(bench: FloorHand) -> None:
    bench.order("SO-1", ("MUG", 2), ("PEN", 2))
    pick_in_two_totes(bench)
    at_bench(bench)
    bench.scan(BENCH, own_code("P", "M"))
    bench.scan(BENCH, "MUG")
    bench.say(BENCH, "CLOSE")
    weigh(bench, 100)
    bench.say(BENCH, "REOPEN")
    assert (place(bench), bench.step()["fields"]["parcel"]["units"]) == (("pack", "item"), 1)
    bench.scan(BENCH, "MUG")
    bench.scan(BENCH, TOTES[1])
    bench.scan(BENCH, "PEN")
    bench.scan(BENCH, "PEN")
    fields = bench.step()["fields"]
    assert (place(bench), fields["expected_g"], fields["differs"]) == (("pack", "weigh"), MUGS_G + 24, None)
    assert "REOPEN" not in [e["label"] for e in bench.step()["expects"]]
    weigh(bench, MUGS_G + 24, zeroing=2)
    assert [parcel["state"] for parcel in parcels_of(bench, "SO-1")] == ["closed"]


def test_a_wrong_parcel_is_voided_into_a_tote_and_packed_anew(full: FloorHand) -> None:
    weigh(full, MUGS_G - 352)
    full.say(BENCH, "VOID")
    assert place(full) == ("pack", "void_tote")
    full.say(BENCH, "BACK")
    assert place(full) == ("pack", "weigh")
    full.say(BENCH, "VOID")
    full.scan(BENCH, TOTES[7])
    assert in_lpn(full, "000008") == {"MUG": 2}
    full.scan(BENCH, TOTES[7])
    full.scan(BENCH, "MUG")
    full.scan(BENCH, "MUG")
    assert (place(full), full.step()["fields"]["differs"]) == (("pack", "weigh"), None)
    assert [parcel["state"] for parcel in parcels_of(full, "SO-1")] == ["void", "open"]


def test_a_parcel_opened_again_is_weighed_again(full: FloorHand) -> None:
    weigh(full, MUGS_G)
    number = label_and_lane(full)
    full.write(lambda tx: parcels.reopen(tx, NOBODY, number))
    assert parcels_of(full, "SO-1")[0]["weighed_g"] is None
    full.scan(BENCH, "00" + number)
    full.say(BENCH, "REOPEN")
    full.say(BENCH, "CLOSE")
    assert place(full) == ("pack", "weigh")
    weigh(full, MUGS_G, zeroing=2)
    assert place(full) == ("pack", "label")
