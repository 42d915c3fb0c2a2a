"""What parcels teach of their items' weights, how the check is set, and a real scale's line at the bench."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from devices.config import parse_address
from devices.scales.reading import Reading, Weighing
from devices.scales.scale import Scale
from devices.scales.weight_code import WeightCodes, weight_code
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.domain.weighing import PARCELS_ENOUGH, ScaleReading, ScaleState, WeighRules
from fulfillment.services.packing import weigh_rules
from simulators.scale import Scale as SimulatedScale
from tests.factories import FloorHand
from tests.services.acts import at
from tests.services.packing.a_bench import BENCH, code_of, label_and_lane, parcels_of, place
from tests.services.weighing import M_TARE_G, MUGS_G, close_anyway, fill, weigh, weight_of

pytestmark = pytest.mark.usefixtures("book_is_right")


# --- learning ----------------------------------------------------------------------------------------------------


def test_what_nobody_knows_is_not_judged_and_teaches(bench: FloorHand) -> None:
    fill(bench, ("BAG", 2))
    assert (bench.step()["fields"]["expected_g"], bench.step()["fields"]["tolerance_g"]) == (None, None)
    weigh(bench, M_TARE_G + 84)
    assert (place(bench), bench.step()["fields"]["notice"]) == (("pack", "label"), "weight_unknown")
    learned = weight_of(bench, "BAG")
    assert (learned["parcels"], learned["units"], learned["learned_mg"], learned["used_mg"]) == (1, 2, 42_000, None)


def test_two_unknown_items_or_an_unnamed_carton_teach_nothing(bench: FloorHand) -> None:
    fill(bench, ("BAG", 1), ("CAP", 1))
    weigh(bench, 400)
    label_and_lane(bench)
    fill(bench, ("BAG", 1), number="SO-2", carton="")
    weigh(bench, 400, zeroing=2)
    assert place(bench) == ("pack", "label")
    assert bench.write(weigh_rules.unit_weights) == []


def test_after_enough_parcels_the_learned_weight_counts_until_it_is_forgotten(bench: FloorHand) -> None:
    for turn in range(PARCELS_ENOUGH):
        fill(bench, ("MUG", 1), number=f"SO-{turn}")
        weigh(bench, M_TARE_G + 360, zeroing=turn)
        label_and_lane(bench)
    assert weight_of(bench, "MUG")["used_mg"] == 360_000
    fill(bench, ("MUG", 2), ("BAG", 1), number="SO-A")
    weigh(bench, M_TARE_G + 720 + 41, zeroing=50)  # the bag, by what the mugs leave
    label_and_lane(bench)
    assert weight_of(bench, "BAG")["learned_mg"] == 41_000
    bench.write(lambda tx: weigh_rules.forget(tx, "MUG"))
    fill(bench, ("MUG", 1), number="SO-B")
    assert bench.step()["fields"]["expected_g"] == M_TARE_G + 350
    with pytest.raises(NotFound):
        bench.write(lambda tx: weigh_rules.forget(tx, "MUG"))


def test_a_catalogue_weight_a_supervisor_calls_wrong_is_not_used_again(full: FloorHand) -> None:
    weigh(full, M_TARE_G + 2 * 500)
    close_anyway(full, "DATA-ERROR")
    label_and_lane(full)
    learned = weight_of(full, "MUG")
    assert (learned["is_doubted"], learned["parcels"], learned["learned_mg"]) == (True, 1, 500_000)
    fill(full, ("MUG", 1), number="SO-2")
    assert full.step()["fields"]["expected_g"] is None
    weigh(full, M_TARE_G + 498, zeroing=2)
    assert (place(full), weight_of(full, "MUG")["parcels"]) == (("pack", "label"), 2)
    assert weight_of(full, "MUG")["is_doubted"]


# --- how it is set -----------------------------------------------------------------------------------------------


def test_the_rules_can_be_set(full: FloorHand) -> None:
    full.write(lambda tx: weigh_rules.set_rules(tx, WeighRules(5, 10, 1)))
    assert full.write(weigh_rules.describe) == {
        "weigh_floor_g": 5, "weigh_percent": 10, "weigh_spreads": 1, "stations": [BENCH],
    }  # fmt: skip
    weigh(full, MUGS_G + 71)
    assert (full.answer["expected"], code_of(full)) == (f"{MUGS_G} g ± 70 g", "weight_differs")


def test_only_a_bench_weighs(hand: FloorHand) -> None:
    with pytest.raises(DomainError) as refused:
        hand.write(lambda tx: weigh_rules.set_station(tx, "HAND-1", weighs=True))
    assert refused.value.code == "bad_kind"
    with pytest.raises(NotFound):
        hand.write(lambda tx: weigh_rules.set_station(tx, "NOWHERE", weighs=True))


def test_a_parcel_goes_on_waiting_when_its_bench_loses_the_scale(full: FloorHand) -> None:
    full.write(lambda tx: weigh_rules.set_station(tx, BENCH, weighs=False))
    full.scan(BENCH, at("LANE-DOM"))
    assert (code_of(full), place(full)) == ("not_expected", ("pack", "weigh"))
    full.scan(BENCH, own_code("C", "WEIGH"), MUGS_G)
    assert place(full) == ("pack", "label")


# --- a scale on its line -----------------------------------------------------------------------------------------


def test_what_a_real_line_says_of_two_cartons_closes_one_parcel(full: FloorHand, tmp_path: Path) -> None:
    codes = WeightCodes(1_795_000_000)

    def on_the_scale(scale: Scale, simulated: SimulatedScale, grams: int) -> str:
        simulated.put(0)
        give_up_s = time.monotonic() + 20
        is_empty = False
        while time.monotonic() < give_up_s:
            reading = scale.read(5.0)
            code = codes.take(reading, time.monotonic())
            if code is not None:
                return code
            if reading == Reading(Weighing.STABLE, 0, is_zero=True) and not is_empty:
                is_empty = True
                simulated.put(grams)
        raise AssertionError("the scale never lay still")

    with SimulatedScale(tmp_path / "scale", "8217", settle_s=0.05) as simulated:
        scale = Scale(parse_address(simulated.address))
        full.scan(BENCH, on_the_scale(scale, simulated, MUGS_G - 351))
        assert code_of(full) == "weight_differs"
        full.scan(BENCH, on_the_scale(scale, simulated, MUGS_G - 1))
        scale.close()
    assert (place(full), parcels_of(full, "SO-1")[0]["weighed_g"]) == (("pack", "label"), MUGS_G - 1)


@pytest.mark.parametrize("state", Weighing)
def test_the_scale_and_the_floor_write_a_reading_alike(state: Weighing) -> None:
    grams = 588 if state in (Weighing.STABLE, Weighing.MOVING) else None
    ours = ScaleReading(ScaleState(state.value), grams or 0, 17)
    assert weight_code(Reading(state, grams), 17) == own_code("W", ours.value)
