"""What bench agents bring and are asked for: scans once and in order, prints begun with the server's word."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from devices.registry import DRIVERS
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, DomainError, Forbidden, NotFound
from fulfillment.services.equipment import bench_agents, device_commands, devices
from fulfillment.services.equipment.bench_agents import DeviceScan, DeviceSeen, Hello
from fulfillment.services.printing import agent_prints, outbox, print_attempts, stand_ins
from tests.factories import FloorHand

LONG_AGO_MS = 1_760_000_000_000
JOURNAL = "journal-1"


def agent_id(hand: FloorHand, code: str = "AGENT-1") -> int:
    """Beside the writer, so that it can be asked within a transaction."""
    sql = "SELECT id FROM bench_agent WHERE warehouse_id = :w AND code = :c"
    return int(hand.floor.read(lambda tx: tx.one(sql, c=code)["id"]))


def says_hello(
    hand: FloorHand, *proposed: dict[str, Any], journal: str = JOURNAL, protocol: str = "1.0", code: str = "AGENT-1"
) -> dict[str, Any]:
    said = Hello(code, journal, protocol, "0.1.0", "bench-pc", proposed)
    return hand.write(lambda tx: bench_agents.hello(tx, agent_id(hand, code), said))


SCANNER = {"code": "GUN-1", "kind": "scanner", "address": "serial:///dev/ttyACM0?baud=9600&framing=8N1&proto=ssi"}


@pytest.fixture
def bench(hand: FloorHand) -> FloorHand:
    """An agent at a dock with one scanner; it has said hello."""
    hand.item("MUG")
    hand.write(lambda tx: bench_agents.add(tx, "AGENT-1", "DOCK-1"))
    says_hello(hand, SCANNER)
    return hand


def scan(number: int, code: str, sequence: int | None = None, device: str = "GUN-1", at_ms: int = LONG_AGO_MS) -> Any:
    return DeviceScan(number, f"scan-{number}", device, sequence or number, code, at_ms)


def brings(hand: FloorHand, *scans: DeviceScan, journal: str = JOURNAL, seen: tuple[DeviceSeen, ...] = ()) -> Any:
    return bench_agents.take_events(hand.floor, agent_id(hand), journal, scans, seen)


def told(answer: dict[str, Any]) -> list[str]:
    return [f"{one['outcome']} {one['code']}".strip() for one in answer["verdicts"]]


def receiving(first: int = 1) -> list[DeviceScan]:
    codes = [own_code("B", "1001"), own_code("C", "RECEIVE"), own_code("C", "BLIND"), "MUG", "MUG"]
    return [scan(number, code) for number, code in enumerate(codes, first)]


def device(hand: FloorHand, code: str = "GUN-1") -> dict[str, Any]:
    [one] = [one for one in hand.write(devices.listed) if one["code"] == code]
    return one


def test_scans_of_a_device_are_scans_of_its_station_in_their_order(bench: FloorHand) -> None:
    answer = brings(bench, *receiving())
    assert told(answer) == ["applied"] * 5
    assert answer["last_event"] == 5
    assert bench.on_hand("DOCK-1") == 2
    rows = bench.all("SELECT scan_id, occurred_at_ms FROM scan WHERE warehouse_id = :w ORDER BY id")
    assert [(row["scan_id"], row["occurred_at_ms"]) for row in rows] == [
        (f"scan-{number}", LONG_AGO_MS) for number in range(1, 6)
    ]


def test_what_comes_again_counts_once_and_gets_the_answer_it_had(bench: FloorHand) -> None:
    first = brings(bench, *receiving())
    again = brings(bench, *receiving()[2:], scan(6, "MUG"))
    assert [one["replayed"] for one in again["verdicts"]] == [True, True, True, False]
    assert told(again) == [*told(first)[2:], "applied"]
    assert (again["last_event"], bench.on_hand("DOCK-1"), device(bench)["gaps"]) == (6, 3, 0)


def test_a_scanner_hears_good_bad_and_nothing_of_what_is_long_ago(bench: FloorHand) -> None:
    now_ms = bench.floor.clock()
    answer = brings(
        bench, scan(1, own_code("B", "1001"), at_ms=now_ms), scan(2, "NO-SUCH-THING", at_ms=now_ms),
        scan(3, "\x01", at_ms=now_ms), scan(4, "NO-SUCH-THING"),
    )  # fmt: skip
    assert [one["signal"] for one in answer["verdicts"]] == ["good", "bad", "bad", "warn"]
    assert [one["outcome"] for one in answer["verdicts"]] == ["applied", "rejected", "refused", "rejected"]


def test_scans_that_never_came_are_counted(bench: FloorHand) -> None:
    brings(bench, scan(1, own_code("B", "1001")))
    brings(bench, scan(2, own_code("C", "RECEIVE"), sequence=5))
    assert device(bench)["gaps"] == 3


def test_whoever_has_another_journal_is_another_agent(bench: FloorHand) -> None:
    with pytest.raises(Conflict) as refused:
        brings(bench, scan(1, "MUG"), journal="journal-2")
    assert refused.value.code == "other_journal"
    assert says_hello(bench, journal="journal-2")["last_event"] == 0
    with pytest.raises(Conflict):
        brings(bench, scan(1, "MUG"))


def test_a_token_in_the_wrong_file_does_not_take_the_place_of_the_agent_whose_it_is(bench: FloorHand) -> None:
    said = Hello("AGENT-9", "journal-2", "1.0", "0.1.0", "bench-pc")
    number = agent_id(bench)
    with pytest.raises(Forbidden) as refused:
        bench.write(lambda tx: bench_agents.hello(tx, number, said))
    assert refused.value.code == "other_agent"
    assert told(brings(bench, scan(1, own_code("B", "1001")))) == ["applied"]


def test_numbers_that_do_not_rise_are_refused(bench: FloorHand) -> None:
    with pytest.raises(DomainError) as refused:
        brings(bench, scan(2, "MUG"), scan(1, "MUG"))
    assert refused.value.code == "bad_order"


def test_a_device_of_another_agent_is_unknown_and_one_without_a_station_is_nobodys(bench: FloorHand) -> None:
    bench.write(lambda tx: bench_agents.add(tx, "AGENT-2"))
    bench.write(lambda tx: devices.add(tx, "GUN-2", "scanner", "serial:///dev/ttyACM1", agent="AGENT-2"))
    bench.write(lambda tx: devices.add(tx, "GUN-3", "scanner", "serial:///dev/ttyACM2", agent="AGENT-1"))
    bench.write(lambda tx: devices.set_enabled(tx, "GUN-1", False))
    answer = brings(bench, scan(1, "MUG", device="GUN-2"), scan(2, "MUG", device="GUN-3"), scan(3, "MUG"))
    assert told(answer) == ["refused unknown_device", "refused no_station", "refused device_disabled"]
    assert [one["code"] for one in says_hello(bench)["devices"]] == ["GUN-1", "GUN-3"]


def test_an_agent_of_another_protocol_is_told_who_has_to_be_upgraded(bench: FloorHand) -> None:
    for protocol, who in (("2.0", "the server"), ("0.9", "the agent"), ("soup", "the agent")):
        assert f"{who} has to be upgraded" in says_hello(bench, protocol=protocol)["refused"]
        [agent] = bench.write(bench_agents.listed)
        assert agent["state"] == "refused"
        assert "upgraded" in agent["reason"]
    assert says_hello(bench, protocol="1.7")["refused"] == ""
    assert bench.write(bench_agents.listed)[0]["state"] == "running"


def test_a_bench_proposes_its_devices_once_and_the_servers_addresses_win_afterwards(bench: FloorHand) -> None:
    bench.write(lambda tx: devices.change(tx, "GUN-1", {"address": "serial:///dev/ttyACM7"}))
    other = {"code": "GUN-9", "kind": "scanner", "address": "serial:///dev/ttyACM9"}
    [one] = says_hello(bench, SCANNER, other)["devices"]
    assert (one["code"], one["address"]) == ("GUN-1", "serial:///dev/ttyACM7")
    assert device(bench)["station"] == "DOCK-1"


def test_a_bench_cannot_take_a_printer_that_stands_already(hand: FloorHand) -> None:
    hand.write(lambda tx: bench_agents.add(tx, "AGENT-1"))
    said = says_hello(hand, {"code": "LABEL-1", "kind": "printer", "address": "tcp://evil:9100", "language": "zpl"},
                      {"code": "X", "kind": "scanner", "address": "soup://"})  # fmt: skip
    why = {one["code"]: one["why"] for one in said["not_added"]}
    assert why == {"LABEL-1": "device_exists", "X": "bad_address"}
    assert said["devices"] == []


def test_what_an_agent_sees_is_in_the_list_until_nothing_is_heard_of_it(bench: FloorHand) -> None:
    brings(bench, seen=(DeviceSeen("GUN-1", "faulted", "no_permission", "not in group input", 2),))
    shown = device(bench)
    assert (shown["state"], shown["reason"], shown["reconnects"]) == ("faulted", "no_permission", 2)
    bench.write(lambda tx: tx.put("UPDATE bench_agent SET seen_at_ms = 1 WHERE warehouse_id = :w"))
    assert (device(bench)["state"], device(bench)["reason"]) == ("offline", "not_watched")
    assert bench.write(bench_agents.listed)[0]["state"] == "silent"


def test_a_device_that_was_taken_out_of_use_stays_so_whatever_its_agent_still_says(bench: FloorHand) -> None:
    bench.write(lambda tx: devices.set_enabled(tx, "GUN-1", False))
    brings(bench, seen=(DeviceSeen("GUN-1", "ready"),))
    assert device(bench)["state"] == "disabled"
    bench.write(lambda tx: devices.set_enabled(tx, "GUN-1", True))
    brings(bench, seen=(DeviceSeen("GUN-1", "ready"),))
    assert device(bench)["state"] == "ready"


def test_an_agent_is_told_that_its_devices_are_other_ones_once_however_many_changes(bench: FloorHand) -> None:
    for number in range(3):
        bench.write(lambda tx, n=number: devices.change(tx, "GUN-1", {"address": f"serial:///dev/ttyACM{n}"}))
    rows = bench.write(lambda tx: bench_agents.take_commands(tx, agent_id(bench), JOURNAL, 0))
    assert [agent_prints.for_agent(row)["kind"] for row in rows] == ["devices"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"kind": "scanner", "address": "tcp://x:1?proto=zpl"}, "bad_address"),
        ({"kind": "scale", "address": "evdev:///dev/input/event0"}, "bad_address"),
        ({"kind": "printer", "address": "tcp://x:9100"}, "bad_language"),
        ({"kind": "scanner", "address": "serial:///dev/tty0", "signals": "whistle"}, "bad_signals"),
        ({"kind": "kettle", "address": "tcp://x:9100"}, "bad_kind"),
        ({"code": "-", "kind": "scanner", "address": "serial:///dev/tty0"}, "bad_code"),
    ],
)
def test_a_device_nothing_speaks_with_is_refused_by_its_field(
    hand: FloorHand, values: dict[str, Any], code: str
) -> None:  # fmt: skip
    with pytest.raises(DomainError) as refused:
        hand.write(lambda tx: devices.add(tx, **{"code": "NEW", **values}))
    assert refused.value.code == code


def test_printers_and_devices_stand_in_one_list_with_their_drivers(bench: FloorHand) -> None:
    listed = bench.write(devices.listed)
    assert [(one["code"], one["kind"]) for one in listed] == [
        ("GUN-1", "scanner"), ("LABEL-1", "printer"), ("SLIP-1", "printer"),
    ]  # fmt: skip
    assert {one["driver"] for one in listed} <= {driver.words for driver in DRIVERS}
    with pytest.raises(NotFound):
        bench.write(lambda tx: devices.change(tx, "NOBODY", {}))


# Prints


@pytest.fixture
def printing(bench: FloorHand) -> FloorHand:
    """The label printer stands at the agent's bench, and one label waits for it."""
    bench.write(lambda tx: devices.change(tx, "LABEL-1", {"agent": "AGENT-1"}))
    queue_label(bench, 1)
    return bench


def queue_label(hand: FloorHand, number: int, printer: str = "LABEL-1") -> None:
    fields = {"location": f"A01-0{number}-1", "barcode": own_code("L", f"A01-0{number}-1")}
    printer_id = hand.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = :c", c=printer)["id"]
    hand.write(lambda tx: outbox.queue_print(tx, f"P{number}", f"test:{number}", printer_id, "location", fields))


def effect(hand: FloorHand) -> dict[str, Any]:
    return hand.one("SELECT state, result, claimed_by, receipt_level, fence FROM outbox WHERE warehouse_id = :w") or {}


def handed(hand: FloorHand, after: int = 0) -> list[dict[str, Any]]:
    """What the agent gets when it asks now; what it may do with its devices anew left out."""
    due, _ = hand.floor.read(lambda tx: bench_agents.look(tx, agent_id(hand), JOURNAL, after))
    prepared = agent_prints.claim_for(hand.floor, agent_id(hand), due)
    hand.write(lambda tx: agent_prints.hand_out(tx, agent_id(hand), prepared))
    rows = hand.write(lambda tx: bench_agents.take_commands(tx, agent_id(hand), JOURNAL, after))
    return [one for one in map(agent_prints.for_agent, rows) if one["kind"] == "print"]


def begins(hand: FloorHand, command: int) -> bool:
    return hand.write(lambda tx: agent_prints.begin(tx, agent_id(hand), command))


def ends(hand: FloorHand, command: int, outcome: str, detail: str = "", level: str = "") -> None:
    hand.write(lambda tx: agent_prints.finish(tx, agent_id(hand), command, outcome, detail, level))


def lease_ends(hand: FloorHand) -> None:
    hand.write(lambda tx: tx.put("UPDATE outbox SET lease_until_ms = 1 WHERE warehouse_id = :w"))
    hand.write(outbox.end_leases)


def test_a_print_is_handed_to_its_agent_begun_with_the_servers_word_and_told_back(printing: FloorHand) -> None:
    [job] = handed(printing)
    assert (job["printer"], job["language"], effect(printing)["state"]) == ("LABEL-1", "zpl", "claimed")
    assert effect(printing)["claimed_by"] == "agent AGENT-1"
    assert begins(printing, job["id"])
    assert effect(printing)["state"] == "sending"
    ends(printing, job["id"], "printed", "odometer rose by 1", "printed")
    assert (effect(printing)["state"], effect(printing)["receipt_level"]) == ("confirmed", "printed")
    assert handed(printing) == []


def test_what_the_printer_said_at_the_bench_stands_with_the_attempt(printing: FloorHand) -> None:
    said = {"state": "ready", "reasons": [], "odometer": 7, "boot": 1, "buffered_formats": 0, "labels_remaining": 0}
    [job] = handed(printing)
    begins(printing, job["id"])
    seen = print_attempts.seen_of(said, {**said, "state": "held", "reasons": ["paper_out"]}, "cut off")
    printing.write(
        lambda tx: agent_prints.finish(tx, agent_id(printing), job["id"], "held", "unprinted", "", seen)
    )  # fmt: skip
    number = printing.one("SELECT id FROM outbox WHERE warehouse_id = :w")["id"]
    [attempt] = printing.floor.read(lambda tx: print_attempts.of_print(tx, number))["tries"]
    assert (attempt["outcome"], attempt["detail"]) == ("unprinted", "unprinted: cut off")
    assert attempt["before_status"]["odometer"] == 7
    assert attempt["after_status"]["reasons"] == ["paper_out"]


def test_labels_of_a_bench_report_themselves_until_its_printer_is_known_not_to(printing: FloorHand) -> None:
    printing.write(lambda tx: devices.change(tx, "LABEL-1", {"address": "serial:///dev/ttyUSB0"}))
    [job] = handed(printing)
    assert b"^HV" in base64.b64decode(job["content"])
    begins(printing, job["id"])
    printing.write(
        lambda tx: agent_prints.finish(tx, agent_id(printing), job["id"], "printed", "", "printed", is_reporting=False)
    )
    queue_label(printing, 2)
    [job] = handed(printing)
    assert b"^HV" not in base64.b64decode(job["content"])


def test_nobody_but_its_agent_prints_to_a_printer_of_a_bench(printing: FloorHand) -> None:
    printer_id = printing.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = 'LABEL-1'")["id"]
    assert printing.floor.read(outbox.due_printers) == set()
    assert printing.write(lambda tx: outbox.claim(tx, printer_id)) is None
    printing.write(lambda tx: bench_agents.add(tx, "AGENT-2"))
    assert not agent_prints.claim_for(printing.floor, agent_id(printing, "AGENT-2"), [printer_id])
    assert handed(printing)


def test_a_port_of_one_bench_is_not_the_port_of_that_name_at_another(printing: FloorHand) -> None:
    address = "serial:///dev/ttyUSB0"
    printing.write(lambda tx: devices.change(tx, "LABEL-1", {"address": address}))
    printing.write(lambda tx: bench_agents.add(tx, "AGENT-2"))
    says_hello(printing, {"code": "LABEL-9", "kind": "printer", "address": address, "language": "zpl"}, code="AGENT-2")
    queue_label(printing, 2, "LABEL-9")
    [job] = handed(printing)
    begins(printing, job["id"])
    printer_id = printing.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = 'LABEL-9'")["id"]
    assert agent_prints.claim_for(printing.floor, agent_id(printing, "AGENT-2"), [printer_id])


def test_what_waits_at_a_bench_nobody_hears_of_goes_to_the_stand_in(printing: FloorHand) -> None:
    printing.write(lambda tx: devices.add(tx, "LABEL-9", "printer", "tcp://10.0.0.9:9100", language="zpl"))
    printing.write(lambda tx: stand_ins.set_stand_in(tx, "LABEL-1", "LABEL-9"))
    printing.write(lambda tx: tx.put("UPDATE printer SET state = 'ready' WHERE warehouse_id = :w"))
    assert printing.write(stand_ins.move_stuck) == 0
    printing.write(lambda tx: tx.put("UPDATE bench_agent SET seen_at_ms = 1 WHERE warehouse_id = :w"))
    assert printing.write(stand_ins.move_stuck) == 1
    # And not back to a bench nobody hears of.
    printing.write(lambda tx: stand_ins.set_stand_in(tx, "LABEL-9", "LABEL-1"))
    printing.write(lambda tx: devices.set_enabled(tx, "LABEL-9", False))
    assert printing.write(stand_ins.move_stuck) == 0


def test_what_an_agent_was_sending_when_it_fell_silent_is_a_persons_to_decide(printing: FloorHand) -> None:
    [job] = handed(printing)
    begins(printing, job["id"])
    assert not printing.floor.read(outbox.has_ended_leases)
    printing.write(lambda tx: tx.put("UPDATE outbox SET lease_until_ms = 1 WHERE warehouse_id = :w"))
    assert printing.floor.read(outbox.has_ended_leases)


def test_a_lost_answer_hands_out_the_same_job_and_the_word_to_begin_stands(printing: FloorHand) -> None:
    assert handed(printing) == handed(printing)
    [job] = handed(printing)
    assert begins(printing, job["id"])
    assert begins(printing, job["id"])
    for _ in range(2):
        ends(printing, job["id"], "printed", level="parsed")
    assert effect(printing)["state"] == "confirmed"


def test_what_was_taken_and_not_begun_is_free_again_and_the_old_command_may_not_begin(printing: FloorHand) -> None:
    [old] = handed(printing)
    lease_ends(printing)
    assert effect(printing)["state"] == "queued"
    assert not begins(printing, old["id"])
    [new] = handed(printing)
    assert new["id"] > old["id"]
    assert begins(printing, new["id"])
    ends(printing, old["id"], "printed", level="parsed")
    assert effect(printing)["state"] == "sending"


def test_what_is_known_after_the_lease_ended_counts_while_nobody_has_decided(printing: FloorHand) -> None:
    [job] = handed(printing)
    begins(printing, job["id"])
    lease_ends(printing)
    assert effect(printing)["state"] == "uncertain"
    ends(printing, job["id"], "printed", level="printed")
    assert effect(printing)["state"] == "confirmed"


def test_what_somebody_has_decided_meanwhile_is_not_changed_by_a_late_word(printing: FloorHand) -> None:
    [job] = handed(printing)
    begins(printing, job["id"])
    lease_ends(printing)
    printing.write(lambda tx: outbox.supersede(tx, "P1", "location"))
    ends(printing, job["id"], "printed", level="printed")
    assert effect(printing)["state"] == "superseded"


@pytest.mark.parametrize(
    ("outcome", "state"), [("held", "held"), ("uncertain", "uncertain"), ("failed", "failed")]
)  # fmt: skip
def test_a_print_that_did_not_happen_says_so(printing: FloorHand, outcome: str, state: str) -> None:
    [job] = handed(printing)
    begins(printing, job["id"])
    ends(printing, job["id"], outcome, "paper_out")
    assert (effect(printing)["state"], effect(printing)["result"]) == (state, "paper_out")


def test_with_a_new_journal_what_was_begun_is_uncertain_and_what_was_not_is_free(printing: FloorHand) -> None:
    [job] = handed(printing)
    says_hello(printing, journal="journal-2")
    assert effect(printing)["state"] == "queued"
    says_hello(printing)
    [job] = handed(printing)
    begins(printing, job["id"])
    says_hello(printing, journal="journal-3")
    assert effect(printing)["state"] == "uncertain"
    open_commands = printing.all("SELECT id FROM agent_command WHERE warehouse_id = :w AND done_at_ms IS NULL")
    assert open_commands == []


def test_a_command_of_another_agent_is_unknown(printing: FloorHand) -> None:
    [job] = handed(printing)
    printing.write(lambda tx: bench_agents.add(tx, "AGENT-2"))
    other = agent_id(printing, "AGENT-2")
    for act in (agent_prints.begin, lambda tx, a, c: agent_prints.finish(tx, a, c, "printed")):
        with pytest.raises(NotFound):
            printing.write(lambda tx, act=act: act(tx, other, job["id"]))


def test_the_content_of_a_print_is_kept_once_it_is_done_with_the_effect_only(printing: FloorHand) -> None:
    [job] = handed(printing)
    begins(printing, job["id"])
    ends(printing, job["id"], "printed", level="parsed")
    row = printing.one("SELECT payload FROM agent_command WHERE warehouse_id = :w AND id = :id", id=job["id"])
    assert json.loads(row["payload"]) == {}
    kept = printing.one("SELECT content_sha256 FROM outbox WHERE warehouse_id = :w")
    assert kept == {"content_sha256": job["sha256"]}


def test_commands_that_were_done_long_ago_are_let_go_but_for_the_last_one(printing: FloorHand) -> None:
    handed(printing)
    printing.write(lambda tx: tx.put("UPDATE agent_command SET done_at_ms = 1 WHERE warehouse_id = :w"))
    last = printing.one("SELECT MAX(id) AS id FROM agent_command WHERE warehouse_id = :w")["id"]
    number = agent_id(printing)
    assert printing.write(lambda tx: bench_agents.take_commands(tx, number, JOURNAL, 0)) == []
    assert printing.all("SELECT id FROM agent_command WHERE warehouse_id = :w") == [{"id": last}]


def test_after_a_day_without_work_an_agent_hears_of_its_next_command(printing: FloorHand) -> None:
    """It asks for what comes after the last one it knows: a number that was given before would never be heard."""
    handed(printing)
    printing.write(lambda tx: tx.put("UPDATE agent_command SET done_at_ms = 1 WHERE warehouse_id = :w"))
    last = printing.one("SELECT MAX(id) AS id FROM agent_command WHERE warehouse_id = :w")["id"]
    number = agent_id(printing)
    printing.write(lambda tx: bench_agents.take_commands(tx, number, JOURNAL, last))
    asked = printing.write(lambda tx: device_commands.ask_discovery(tx, "AGENT-1"))
    heard = printing.write(lambda tx: bench_agents.take_commands(tx, number, JOURNAL, last))
    assert [one["id"] for one in heard] == [asked]


def test_a_new_token_ends_the_ones_before(bench: FloorHand) -> None:
    bench.write(lambda tx: bench_agents.new_token(tx, "AGENT-1"))
    rows = bench.all("SELECT role FROM access_token WHERE warehouse_id = :w AND agent_id IS NOT NULL"
                     " AND revoked_at_ms IS NULL")  # fmt: skip
    assert [row["role"] for row in rows] == ["agent"]
