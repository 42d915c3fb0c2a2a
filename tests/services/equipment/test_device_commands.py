"""What is asked at the devices' desk: done by whoever owns the port, told back once, and never made up."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from devices.discovery import Found, Proposal
from devices.probe import hosts_of
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.common import queries
from fulfillment.services.equipment import (
    bench_agents,
    device_commands,
    device_setup,
    device_trouble,
    devices,
    server_ports,
    stations,
)
from fulfillment.services.equipment.bench_agents import DeviceSeen, Hello
from fulfillment.services.printing import agent_prints, outbox
from fulfillment.services.set_up import setting_up
from simulators.zpl_printer import ZplPrinter
from tests.factories import FloorHand

FOUND = Found((Proposal("hidraw://05e0:1900?proto=hid-pos", "scanner", "USB scanner"),), ("CUPS queues: none",))


def look(subnet: str) -> Found:
    if subnet:
        hosts_of(subnet)
    return FOUND


def agent_of(hand: FloorHand, code: str = "B1") -> int:
    hand.write(lambda tx: bench_agents.add(tx, code, None))
    agent_id = hand.one("SELECT id FROM bench_agent WHERE warehouse_id = :w AND code = :code", code=code)["id"]
    hand.write(lambda tx: bench_agents.hello(tx, agent_id, Hello(code, f"j-{code}", "1.0", "0.1.0", "host")))
    return int(agent_id)


def told(hand: FloorHand, command: int) -> dict[str, Any]:
    return hand.floor.read(lambda tx: device_commands.of(tx, command))


def test_a_device_without_an_agent_is_tried_by_the_servers_worker(hand: FloorHand, tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as machine:
        hand.write(lambda tx: devices.change(tx, "LABEL-1", {"address": machine.address}))
        command = hand.write(lambda tx: device_commands.ask_test(tx, "LABEL-1"))
        assert not told(hand, command)["is_done"]
        assert server_ports.do_next(hand.floor, look)
        said = told(hand, command)
        assert (said["is_done"], said["device"], said["agent"], said["state"]) == (True, "LABEL-1", None, "ready")
        assert said["said"].startswith("odometer 0")
        machine.set_fault("head_open")
        command = hand.write(lambda tx: device_commands.ask_test(tx, "LABEL-1"))
        server_ports.do_next(hand.floor, look)
        assert (told(hand, command)["state"], told(hand, command)["reason"]) == ("faulted", "head_open")
    assert not server_ports.do_next(hand.floor, look)


def test_the_page_of_a_station_is_a_scanner_whose_scans_say_that_it_works(hand: FloorHand) -> None:
    agent_of(hand)
    for wrong, code in (({}, "bad_station"), ({"station": "HAND-1", "agent": "B1"}, "bad_agent")):
        with pytest.raises(DomainError) as refused:
            hand.write(lambda tx, wrong=wrong: devices.add(tx, "WEDGE-1", "scanner", "browser://", **wrong))
        assert refused.value.code == code
    added = hand.write(lambda tx: devices.add(tx, "WEDGE-1", "scanner", "browser://", station="HAND-1"))
    assert (added["state"], added["reason"]) == ("connecting", "no_scan_at_page")
    command = hand.write(lambda tx: device_commands.ask_test(tx, "WEDGE-1", 1.0))
    assert server_ports.do_next(hand.floor, look)
    assert (told(hand, command)["state"], told(hand, command)["reason"]) == ("connecting", "no_scan_at_page")

    command = hand.write(lambda tx: device_commands.ask_test(tx, "WEDGE-1", 20.0))
    trying = threading.Thread(target=server_ports.do_next, args=(hand.floor, look))
    trying.start()
    while trying.is_alive():
        hand.scan("HAND-1", own_code("B", "1001"))
        trying.join(0.1)
    assert (told(hand, command)["state"], "read " in told(hand, command)["said"]) == ("ready", True)
    [listed] = [one for one in hand.floor.read(devices.listed) if one["code"] == "WEDGE-1"]
    assert listed["state"] == "ready"
    assert listed["seen_at_ms"] is not None
    assert hand.write(lambda tx: devices.set_enabled(tx, "WEDGE-1", False))["state"] == "disabled"


def test_a_printer_at_work_is_left_alone(hand: FloorHand) -> None:
    hand.write(lambda tx: outbox.queue_print(tx, "P1", "k1", 1, "location", {}))
    assert hand.write(lambda tx: outbox.claim(tx, 1)) is not None
    command = hand.write(lambda tx: device_commands.ask_test(tx, "LABEL-1", 1))
    server_ports.do_next(hand.floor, look)
    assert (told(hand, command)["state"], told(hand, command)["reason"]) == ("degraded", "busy")


def test_a_device_of_an_agent_is_asked_of_it_and_of_nobody_else(hand: FloorHand) -> None:
    agent, other = agent_of(hand), agent_of(hand, "B2")
    hand.write(lambda tx: devices.change(tx, "LABEL-1", {"agent": "B1"}))
    first = hand.write(lambda tx: device_commands.ask_test(tx, "LABEL-1"))
    command = hand.write(lambda tx: device_commands.ask_test(tx, "LABEL-1", 9))
    assert told(hand, first)["reason"] == "superseded"
    assert not server_ports.do_next(hand.floor, look)
    assert hand.write(lambda tx: bench_agents.take_commands(tx, other, "j-B2", 0)) == []
    asked = [agent_prints.for_agent(row) for row in hand.write(
        lambda tx: bench_agents.take_commands(tx, agent, "j-B1", 0))]  # fmt: skip
    assert {"id": command, "kind": "test", "device": "LABEL-1", "seconds": 9} in asked
    hand.write(lambda tx: agent_prints.close(tx, agent, command, "offline timeout no answer to ~HS"))
    said = told(hand, command)
    assert (said["state"], said["reason"], said["said"]) == ("offline", "timeout", "no answer to ~HS")


def test_whoever_does_not_answer_is_named_and_no_verdict_made_up(hand: FloorHand) -> None:
    agent = agent_of(hand)
    hand.write(lambda tx: devices.change(tx, "LABEL-1", {"agent": "B1"}))
    of_agent = hand.write(lambda tx: device_commands.ask_test(tx, "LABEL-1"))
    of_server = hand.write(lambda tx: device_commands.ask_test(tx, "SLIP-1"))
    earlier = "UPDATE agent_command SET created_at_ms = created_at_ms - 30000 WHERE warehouse_id = :w"
    hand.write(lambda tx: tx.put(earlier))
    hand.write(lambda tx: tx.put("UPDATE bench_agent SET seen_at_ms = :now WHERE warehouse_id = :w", now=tx.now_ms))
    assert (told(hand, of_agent)["is_done"], told(hand, of_agent)["reason"]) == (True, "no_answer")
    assert (told(hand, of_server)["is_done"], told(hand, of_server)["reason"]) == (True, "no_worker")
    hand.write(lambda tx: tx.put("UPDATE bench_agent SET seen_at_ms = 0 WHERE warehouse_id = :w AND id = :a", a=agent))
    assert (told(hand, of_agent)["state"], told(hand, of_agent)["reason"]) == ("offline", "not_watched")
    hand.write(lambda tx: tx.put("UPDATE agent_command SET created_at_ms = 0 WHERE warehouse_id = :w"))
    assert not server_ports.do_next(hand.floor, look)  # whoever asked went home long ago
    assert told(hand, of_server)["reason"] == "too_late"


def test_a_look_proposes_and_binds_nothing(hand: FloorHand) -> None:
    before = hand.floor.read(devices.listed)
    assert hand.floor.read(device_commands.discovered) is None
    command = hand.write(device_commands.ask_discovery)
    server_ports.do_next(hand.floor, look)
    said = hand.floor.read(device_commands.discovered)
    assert said == told(hand, command)
    assert said["found"] == [{"address": "hidraw://05e0:1900?proto=hid-pos", "kind": "scanner", "words": "USB scanner"}]
    assert said["missed"] == ["CUPS queues: none"]
    assert hand.floor.read(devices.listed) == before
    refused = hand.write(lambda tx: device_commands.ask_discovery(tx, None, "8.8.8.0/24"))
    server_ports.do_next(hand.floor, look)
    assert (told(hand, refused)["reason"], "8.8.8.0/24" in told(hand, refused)["said"]) == ("refused", True)
    assert hand.floor.read(device_commands.discovered) == said


def test_a_crash_of_a_driver_is_told_back_too(hand: FloorHand) -> None:
    def crash(subnet: str) -> Found:
        raise RuntimeError("a bug")

    command = hand.write(device_commands.ask_discovery)
    server_ports.do_next(hand.floor, crash)
    assert (told(hand, command)["state"], told(hand, command)["reason"]) == ("faulted", "crashed")


def test_what_cannot_be_asked_is_refused(hand: FloorHand) -> None:
    for ask, error in (
        (lambda tx: device_commands.ask_test(tx, "NOWHERE"), NotFound),
        (lambda tx: device_commands.ask_test(tx, "LABEL-1", 61), DomainError),
        (lambda tx: device_commands.ask_discovery(tx, "NOBODY"), NotFound),
        (lambda tx: device_commands.of(tx, 99), NotFound),
        (lambda tx: device_commands.discovered(tx, "NOBODY"), NotFound),
    ):
        with pytest.raises(error):
            hand.write(ask)


# Taking off the list


def test_a_printer_with_a_history_stays_and_one_without_goes(hand: FloorHand) -> None:
    hand.write(lambda tx: setting_up.add_printer(tx, "LABEL-2", "tcp://127.0.0.1:9", "zpl"))
    hand.write(lambda tx: setting_up.add_printer(tx, "LABEL-3", "tcp://127.0.0.1:9", "zpl"))
    hand.write(lambda tx: device_setup.change(tx, "LABEL-2", {"stand_in": "LABEL-3"}))
    with pytest.raises(Conflict, match="switch it off"):
        hand.write(lambda tx: devices.remove(tx, "LABEL-2"))
    for code in ("LABEL-1", "LABEL-2", "LABEL-3"):
        hand.write(lambda tx, code=code: devices.set_enabled(tx, code, False))
    for code in ("LABEL-1", "LABEL-3"):  # a station's, and a stand-in
        with pytest.raises(Conflict, match="can only be switched off"):
            hand.write(lambda tx, code=code: devices.remove(tx, code))
    hand.write(lambda tx: devices.remove(tx, "LABEL-2"))
    hand.write(lambda tx: outbox.queue_print(tx, "P1", "k1", devices.get(tx, "LABEL-3")["id"], "location", {}))
    with pytest.raises(Conflict, match="there are prints of"):
        hand.write(lambda tx: devices.remove(tx, "LABEL-3"))
    assert [one["code"] for one in hand.floor.read(devices.listed)] == ["LABEL-1", "LABEL-3", "SLIP-1"]


def test_a_scanner_taken_off_the_list_leaves_its_counts_in_the_events_and_its_agent_hears(hand: FloorHand) -> None:
    agent = agent_of(hand)
    hand.write(lambda tx: devices.add(tx, "GUN-1", "scanner", "tcp://127.0.0.1:9004", "B1", "HAND-1"))
    hand.write(lambda tx: tx.put("UPDATE device SET gaps = 2, is_enabled = 0 WHERE warehouse_id = :w"))
    hand.write(lambda tx: devices.remove(tx, "GUN-1"))
    [event] = hand.all("SELECT payload FROM event WHERE warehouse_id = :w AND kind = 'DeviceRemoved'")
    assert '"gaps":2' in event["payload"]
    kinds = [row["kind"] for row in hand.write(lambda tx: bench_agents.take_commands(tx, agent, "j-B1", 0))]
    assert kinds == ["devices"]


# The board


def test_the_board_names_what_does_not_work_and_an_agent_instead_of_all_it_has(hand: FloorHand) -> None:
    def shown() -> list[tuple[str, str]]:
        with queries.snapshot(hand.floor.engine, hand.floor.warehouse_id) as connection:
            rows = device_trouble.in_trouble(connection, hand.floor.clock(), hand.floor.warehouse_id)
        return [(row["code"], row["state"]) for row in rows]

    agent = agent_of(hand)
    hand.write(lambda tx: devices.add(tx, "GUN-1", "scanner", "tcp://127.0.0.1:9004", "B1", "HAND-1"))
    assert shown() == []
    bench_agents.take_events(hand.floor, agent, "j-B1", [], [DeviceSeen("GUN-1", "offline", "unreachable")])
    hand.write(lambda tx: outbox.see_printer(tx, 1, "faulted", "paper_out"))
    assert shown() == [("GUN-1", "offline"), ("LABEL-1", "faulted")]
    hand.write(lambda tx: tx.put("UPDATE bench_agent SET seen_at_ms = 0 WHERE warehouse_id = :w"))
    assert shown() == [("B1", "silent"), ("LABEL-1", "faulted")]
    hand.write(lambda tx: devices.set_enabled(tx, "LABEL-1", False))
    assert shown() == [("B1", "silent")]


# Stations


def test_a_bench_is_set_up_to_weigh_and_nothing_else_is(hand: FloorHand) -> None:
    added = hand.write(lambda tx: stations.add(tx, "BENCH-2", "bench", "BENCH-1", weighs=True))
    assert added["weighs"]
    changed = hand.write(lambda tx: stations.change(tx, "BENCH-2", {"weighs": False, "label_printer": "LABEL-1"}))
    assert (changed["weighs"], changed["label_printer"], changed["slip_printer"]) == (False, "LABEL-1", None)
    changed = hand.write(lambda tx: stations.change(tx, "BENCH-2", {"label_printer": "-", "name": "By the door"}))
    assert (changed["label_printer"], changed["name"]) == (None, "By the door")
    with pytest.raises(DomainError, match="only a bench weighs"):
        hand.write(lambda tx: stations.add(tx, "HAND-9", "handheld", "DOCK-1", weighs=True))
    assert hand.all("SELECT id FROM station WHERE warehouse_id = :w AND code = 'HAND-9'") == []
    for values in ({"weighs": True, "label_printer": "NOWHERE"}, {"slip_printer": "NOWHERE"}):
        with pytest.raises(NotFound):
            hand.write(lambda tx, values=values: stations.change(tx, "BENCH-2", values))
