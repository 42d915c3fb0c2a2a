"""The simulated scale springs, drifts, fails and answers as its maker says; the driver believes no nonsense."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
import serial

from devices.config import parse_address
from devices.protocols import DeviceError
from devices.scales.reading import Reading, Weighing
from devices.scales.scale import Scale as Driver
from simulators.scale import Scale
from tests.simulators.readers import eventually

MODELS = ("8217", "sics", "scp01", "scp12", "hid-scale")


def driver_of(scale: Scale) -> Driver:
    return Driver(parse_address(scale.address))


def asked(scale: Scale, question: bytes, end: bytes) -> bytes:
    with serial.Serial(str(scale.link), 9600, timeout=5) as port:
        port.write(question)
        return port.read_until(end)


@pytest.mark.parametrize("proto", MODELS)
@pytest.mark.parametrize(
    ("fault", "state"),
    [("overload", Weighing.OVER), ("under_zero", Weighing.UNDER), ("restless", Weighing.MOVING)],
)
def test_a_fault_is_what_the_driver_hears_and_gone_when_it_is_cleared(
    tmp_path: Path, proto: str, fault: str, state: Weighing
) -> None:
    with Scale(tmp_path / "scale", proto, settle_s=0) as scale:
        driver = driver_of(scale)
        scale.put(500)
        scale.set_fault(fault)
        eventually(lambda: driver.read(5.0).state is state)
        scale.clear_faults()
        eventually(lambda: driver.read(5.0) == Reading(Weighing.STABLE, 500))
        driver.close()


@pytest.mark.parametrize("proto", MODELS)
@pytest.mark.parametrize("fault", ["garbage", "silent"])
def test_bytes_that_mean_nothing_are_no_weight(tmp_path: Path, proto: str, fault: str) -> None:
    with Scale(tmp_path / "scale", proto, settle_s=0, seed=5) as scale:
        driver = driver_of(scale)
        scale.put(500)
        scale.set_fault(fault)
        with pytest.raises(DeviceError):
            driver.read(0.3)
        scale.clear_faults()
        eventually(lambda: driver.read(5.0).grams == 500)
        driver.close()


@pytest.mark.parametrize("proto", ["8217", "sics", "scp01"])
def test_half_an_answer_is_asked_for_again(tmp_path: Path, proto: str) -> None:
    with Scale(tmp_path / "scale", proto, settle_s=0) as scale:
        driver = driver_of(scale)
        scale.put(500)
        scale.set_fault("half", 1)
        eventually(lambda: driver.read(5.0) == Reading(Weighing.STABLE, 500))
        driver.close()


def test_any_scale_can_be_a_socket_and_comes_back_there(tmp_path: Path) -> None:
    with Scale(tmp_path / "scale", "sics", settle_s=0, is_socket=True) as scale:
        assert scale.address == f"sim://{scale.link}?proto=sics"
        driver = driver_of(scale)
        scale.put(42)
        assert driver.read(5.0).grams == 42
        scale.unplug()
        with pytest.raises(DeviceError):
            driver.read(0.5)
        driver.close()
        scale.plug()
        assert driver.read(5.0).grams == 42
        driver.close()


def test_a_second_reader_is_heard_when_the_first_has_hung_up(tmp_path: Path) -> None:
    with Scale(tmp_path / "scale", "8217", settle_s=0, is_socket=True) as scale:
        for _ in range(2):
            with socket.socket(socket.AF_UNIX) as reader:
                reader.settimeout(5)
                reader.connect(str(scale.link))
                reader.sendall(b"W")
                assert reader.recv(32) == b"\x0200.000\r"


def test_its_zero_drifts_until_it_is_zeroed(tmp_path: Path) -> None:
    with Scale(tmp_path / "scale", "sics", settle_s=0) as scale:
        scale.set_fault("drift_g_per_h", 36_000_000)  # ten grams a millisecond
        eventually(lambda: scale.weight_g()[0] > 50)
        scale.set_fault("drift_g_per_h", 0)
        scale.put(7)
        assert asked(scale, b"Z\r\n", b"\n") == b"Z A\r\n"
        assert scale.weight_g()[0] == 0


def test_a_balance_waits_with_its_answer_until_it_lies_still(tmp_path: Path) -> None:
    with Scale(tmp_path / "scale", "sics", settle_s=0.2) as scale:
        scale.put(1_500)
        assert asked(scale, b"SI\r\n", b"\n").startswith(b"S D ")
        assert asked(scale, b"S\r\n", b"\n") == b"S S     1500.0 g\r\n"
        assert asked(scale, b"what\r\n", b"\n") == b"ES\r\n"


def test_an_scp01_tells_its_status_without_a_weight(tmp_path: Path) -> None:
    with Scale(tmp_path / "scale", "scp01", settle_s=0) as scale:
        assert asked(scale, b"S\r", b"\x03") == b"\n20\r\x03"
        scale.put(500)
        assert asked(scale, b"Z\r", b"\x03") == b"\n20\r\x03"
        assert asked(scale, b"X\r", b"\x03") == b"\n?\r\x03"


def test_the_same_seed_swings_the_same_way(tmp_path: Path) -> None:
    def course(seed: int) -> list[int]:
        scale = Scale(tmp_path / "scale", settle_s=60, seed=seed)
        scale.put(1_000)
        return [scale.weight_g()[0] for _ in range(20)]

    assert course(1) == course(1) != course(2)
    assert len(set(course(1))) > 5


def test_a_question_in_pieces_is_one_question(tmp_path: Path) -> None:
    with (
        Scale(tmp_path / "scale", "sics", settle_s=0) as scale,
        serial.Serial(str(scale.link), 9600, timeout=5) as port,
    ):
        for value in b"SI\r\n":
            port.write(bytes((value,)))
            time.sleep(0.005)
        assert port.read_until(b"\n") == b"S S        0.0 g\r\n"
        assert len(scale.answers) == 1
