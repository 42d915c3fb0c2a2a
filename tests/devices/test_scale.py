"""Weighing at the bench, over the line: only what lies still counts, each carton once, an unplug loses nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.config import AddressError, parse_address
from devices.protocols import DeviceError
from devices.scales.reading import Reading, Weighing
from devices.scales.scale import Scale, Settling, weigh
from simulators.scale import PROTOCOLS
from simulators.scale import Scale as SimulatedScale


def scale_of(simulated: SimulatedScale) -> Scale:
    return Scale(parse_address(simulated.address))


@pytest.mark.parametrize("proto", PROTOCOLS)
def test_a_carton_that_lies_still_weighs_what_it_weighs(proto: str, tmp_path: Path) -> None:
    with SimulatedScale(tmp_path / "scale", proto, settle_s=0.15) as simulated:
        scale = scale_of(simulated)
        assert scale.read(5.0) == Reading(Weighing.STABLE, 0, is_zero=True)
        simulated.put(1_234)
        assert scale.read(5.0).state is Weighing.MOVING
        assert weigh(scale, Settling(), 5.0) == 1_234
        assert scale.garbled == 0
        scale.close()


@pytest.mark.parametrize("proto", PROTOCOLS)
def test_too_much_and_less_than_nothing_are_no_weights(proto: str, tmp_path: Path) -> None:
    with SimulatedScale(tmp_path / "scale", proto, settle_s=0) as simulated:
        scale = scale_of(simulated)
        simulated.put(30_001)
        assert scale.read(5.0) == Reading(Weighing.OVER)
        simulated.put(-500)
        assert scale.read(5.0) == Reading(Weighing.UNDER)
        with pytest.raises(DeviceError, match=r"not_still: under"):
            weigh(scale, Settling(), 0.2)
        scale.close()


def test_a_carton_counts_once_until_the_scale_was_empty(tmp_path: Path) -> None:
    with SimulatedScale(tmp_path / "scale", settle_s=0) as simulated:
        scale, settling = scale_of(simulated), Settling()
        simulated.put(500)
        assert weigh(scale, settling, 5.0) == 500
        with pytest.raises(DeviceError, match="not_still: stable"):
            weigh(scale, settling, 0.2)
        simulated.put(0)
        with pytest.raises(DeviceError, match="not_still"):
            weigh(scale, settling, 0.2)
        simulated.put(700)
        assert weigh(scale, settling, 5.0) == 700
        scale.close()


def test_a_scale_that_says_nothing_is_silent_within_the_deadline(tmp_path: Path) -> None:
    with SimulatedScale(tmp_path / "scale", settle_s=0) as simulated:
        scale = scale_of(simulated)
        simulated.is_silent = True
        with pytest.raises(DeviceError, match="silent"):
            scale.read(0.4)
        simulated.is_silent = False
        assert scale.read(5.0).grams == 0
        scale.close()


def test_a_scale_comes_back_after_its_cable(tmp_path: Path) -> None:
    with SimulatedScale(tmp_path / "scale", settle_s=0) as simulated:
        scale = scale_of(simulated)
        scale.read(5.0)
        simulated.unplug()
        with pytest.raises(DeviceError, match=r"connection_lost|unreachable"):
            scale.read(1.0)
        simulated.plug()
        simulated.put(42)
        deadline = time.monotonic() + 5
        while True:
            try:
                assert scale.read(1.0).grams == 42
                break
            except DeviceError:
                assert time.monotonic() < deadline
        scale.close()


def test_what_was_said_before_the_question_is_not_the_answer(tmp_path: Path) -> None:
    with SimulatedScale(tmp_path / "scale", "hid-scale", settle_s=0) as simulated:
        scale = scale_of(simulated)
        scale.read(5.0)
        simulated.put(900)
        assert weigh(scale, Settling(), 5.0) == 900
        scale.close()


def test_drift_is_weighed_as_it_is_and_a_little_of_it_is_an_empty_scale() -> None:
    settling = Settling(empty_below_g=5)
    assert settling.take(Reading(Weighing.STABLE, 4)) is None
    assert settling.take(Reading(Weighing.STABLE, 5)) == 5


@given(st.lists(st.one_of(st.integers(-50, 50), st.integers(100, 2_000)), max_size=30))
def test_each_carton_between_two_empty_scales_is_taken_once(weights: list[int]) -> None:
    settling, taken, expected, was_empty = Settling(), [], [], True
    for grams in weights:
        for state in (Weighing.MOVING, Weighing.STABLE, Weighing.STABLE):
            found = settling.take(Reading(state, grams))
            taken += [found] if found is not None else []
        if grams < 5:
            was_empty = True
        elif was_empty:
            expected.append(grams)
            was_empty = False
    assert taken == expected


@pytest.mark.parametrize("text", ["serial:///dev/ttyS0", "tcp://10.0.0.9:1234", "serial:///dev/ttyS0?proto=ssi"])
def test_what_is_no_scale_is_refused(text: str) -> None:
    with pytest.raises(AddressError, match="proto"):
        Scale(parse_address(text))


def test_the_simulator_does_as_it_is_told_from_its_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulators import scale as simulator

    lines, weighed = iter(["500\n", "wait\n", "nonsense\n", "over\n", "wait\n"]), []

    class Lines:
        def __iter__(self) -> Lines:
            return self

        def __next__(self) -> str:
            line = next(lines)
            if line == "wait\n":
                weighed.append(Scale(parse_address(f"serial://{tmp_path}/s?proto=8217")).read(5.0))
                return "speak\n"
            return line

    monkeypatch.setattr("sys.stdin", Lines())
    assert simulator.main(["--link", str(tmp_path / "s"), "--settle-s", "0"]) == 0
    assert weighed == [Reading(Weighing.STABLE, 500), Reading(Weighing.OVER)]
