"""A bench agent as a process of its own, with simulated devices, against a served floor that comes and goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.devices import CommandKind
from fulfillment.services.equipment import bench_agents, device_commands, devices
from fulfillment.services.people import enrolment
from fulfillment.services.printing import outbox, print_attempts
from simulators.scale import Scale
from simulators.serial_scanner import SerialScanner
from simulators.ssi_scanner import SsiScanner
from simulators.zpl_printer import ZplPrinter
from tests.bench import Bench
from tests.factories import FloorHand
from tests.services.weighing import MUGS_G, equip, fill
from tests.serving import wait_for

pytestmark = pytest.mark.engine("sqlite")


def scanner(code: str, address: str) -> dict[str, str]:
    return {"code": code, "kind": "scanner", "address": address}


def test_every_scan_counts_once_and_in_order_through_restarts_lost_answers_and_duplicates(
    hand: FloorHand, tmp_path: Path
) -> None:
    with SsiScanner(tmp_path / "ssi", ack_timeout_s=0.5, tries=0) as gun, SerialScanner(tmp_path / "line") as line:
        proposed = (scanner("GUN-1", gun.address), scanner("LINE-1", line.address))
        with Bench(hand, tmp_path, "HAND-1", *proposed) as bench:
            bench.start()
            bench.await_ready("GUN-1", "LINE-1")
            last = None
            for number in range(60):
                if number == 10:
                    bench.served.lost = 3
                if number == 20:
                    bench.served.stop()
                if number == 40:
                    bench.served.start()
                    bench.served.is_doubled = True
                gun.set_fault("lost_ack", 1 if number % 7 == 0 else 0)
                last = gun.scan(f"G-{number:03d}")
                line.scan(f"S-{number:03d}")
                assert gun.settled(last) == "acknowledged"
            wait_for(lambda: len(bench.codes()) >= 120)
            codes = bench.codes()
            for prefix in ("G-", "S-"):
                assert [code for code in codes if code.startswith(prefix)] == [f"{prefix}{n:03d}" for n in range(60)]
            assert [bench.device(code)["gaps"] for code in ("GUN-1", "LINE-1")] == [0, 0]
            assert bench.end() == 0


def test_killed_at_any_moment_the_agent_loses_and_doubles_nothing_it_has_acknowledged(
    hand: FloorHand, tmp_path: Path
) -> None:
    proposal = scanner("GUN-1", f"serial://{tmp_path}/ssi?baud=9600&framing=8N1&proto=ssi")
    with (
        SsiScanner(tmp_path / "ssi", ack_timeout_s=0.3, tries=0) as gun,
        Bench(hand, tmp_path, "HAND-1", proposal) as bench,
    ):
        for life in range(4):
            bench.start()
            wait_for(lambda life=life: bench.said().count("is ready") > life)
            scans = [gun.scan(f"G-{life}{number:02d}") for number in range(12)]
            # Some are on their way to the journal, some to the server, when it dies.
            assert gun.settled(scans[3 * life]) == "acknowledged"
            bench.kill()
        bench.start()
        wait_for(lambda: len(bench.codes()) >= 48)
        assert gun.settled(scans[-1]) == "acknowledged"
        wait_for(lambda: bench.device("GUN-1")["state"] == "ready")
        assert bench.codes() == [f"G-{life}{number:02d}" for life in range(4) for number in range(12)]
        assert bench.end() == 0


def test_a_scanner_beeps_as_the_server_judged(hand: FloorHand, tmp_path: Path) -> None:
    with SsiScanner(tmp_path / "ssi") as gun, Bench(hand, tmp_path, "HAND-1", scanner("GUN-1", gun.address)) as bench:
        bench.start()
        bench.await_ready("GUN-1")
        gun.scan(own_code("B", "1001"))
        wait_for(lambda: [heard.data for heard in gun.heard if heard.word == "BEEP"] == [b"\x00"])
        gun.scan("NO-SUCH-THING")
        wait_for(lambda: [heard.data for heard in gun.heard if heard.word == "BEEP"] == [b"\x00", b"\x11"])


def test_scans_wait_for_a_server_that_is_not_there_at_the_start_and_keep_their_time(
    hand: FloorHand, tmp_path: Path
) -> None:
    with SsiScanner(tmp_path / "ssi") as gun, Bench(hand, tmp_path, "HAND-1", scanner("GUN-1", gun.address)) as bench:
        bench.served.stop()
        bench.start()
        wait_for(lambda: "GUN-1 is ready" in bench.said())
        assert gun.settled(gun.scan("EARLY")) == "acknowledged"
        bench.kill()
        began_ms = hand.floor.clock()
        bench.served.start()
        bench.start()
        wait_for(lambda: bench.codes() == ["EARLY"])
        assert hand.one("SELECT occurred_at_ms FROM scan WHERE warehouse_id = :w")["occurred_at_ms"] < began_ms


def test_an_agent_with_a_copied_token_takes_over_and_the_first_one_ends(hand: FloorHand, tmp_path: Path) -> None:
    with SsiScanner(tmp_path / "ssi") as gun, Bench(hand, tmp_path, "HAND-1", scanner("GUN-1", gun.address)) as bench:
        bench.start()
        bench.await_ready("GUN-1")
        first = bench.process
        assert first is not None
        bench.floor_file.write_text('agent = "AGENT-1"\njournal = "other.sqlite"\n', "utf-8")
        bench.start()
        try:
            assert first.wait(timeout=20) == 3
        finally:
            first.kill()
        assert "another agent runs with this token" in bench.said()


def test_an_agent_does_not_start_with_an_open_token_a_taken_journal_or_a_wrong_file(
    hand: FloorHand, tmp_path: Path
) -> None:
    with Bench(hand, tmp_path, "HAND-1") as bench:
        bench.token_file.chmod(0o640)
        bench.start()
        assert bench.process is not None
        assert bench.process.wait(timeout=20) == 2
        assert "chmod 600" in bench.said()
        bench.token_file.chmod(0o600)
        bench.start()
        running = bench.process
        try:
            wait_for(lambda: hand.floor.read(bench_agents.listed)[0]["state"] == "running")
            bench.start()
            assert bench.process.wait(timeout=20) == 2
            assert "is open in another process" in bench.said()
        finally:
            bench.process = running
        assert bench.end() == 0
        bench.floor_file.write_text('agent = "AGENT-1"\njournal = "j"\nsoup = 1\n', "utf-8")
        bench.start()
        assert bench.process is not None
        assert bench.process.wait(timeout=20) == 2
        assert "soup is not known" in bench.said()


# Printing


def with_printer(hand: FloorHand, address: str) -> None:
    hand.write(lambda tx: devices.change(tx, "LABEL-1", {"address": address, "agent": "AGENT-1"}))


def queue_label(hand: FloorHand, number: int) -> None:
    fields = {"location": f"A01-0{number}-1", "barcode": own_code("L", f"A01-0{number}-1")}
    printer = hand.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = 'LABEL-1'")["id"]
    hand.write(lambda tx: outbox.queue_print(tx, f"P{number}", f"test:{number}", printer, "location", fields))


def states(hand: FloorHand) -> list[str]:
    rows = hand.floor.read(lambda tx: tx.all("SELECT state FROM outbox WHERE warehouse_id = :w ORDER BY id"))
    return [row["state"] for row in rows]


def test_labels_of_an_agents_printer_are_printed_once_and_confirmed(hand: FloorHand, tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as machine, Bench(hand, tmp_path, None) as bench:
        with_printer(hand, machine.address)
        bench.start()
        bench.await_ready("LABEL-1")
        bench.served.is_doubled = True
        bench.served.lost = 2
        for number in range(1, 4):
            queue_label(hand, number)
        wait_for(lambda: states(hand) == ["confirmed"] * 3)
        assert machine.odometer == 3
        number = hand.one("SELECT MIN(id) AS id FROM outbox WHERE warehouse_id = :w")["id"]
        [attempt] = hand.floor.read(lambda tx: print_attempts.of_print(tx, number))["tries"]
        assert (attempt["outcome"], attempt["before_status"]["odometer"]) == ("confirmed", 0)
        assert hand.one("SELECT proof FROM printer WHERE warehouse_id = :w AND code = 'LABEL-1'")["proof"] == "label"
        machine.set_fault("paper_out")
        queue_label(hand, 4)
        wait_for(lambda: states(hand)[3] == "held")
        machine.set_fault("paper_out", False)
        wait_for(lambda: states(hand)[3] == "confirmed")
        assert machine.odometer == 4
        assert bench.end() == 0


def test_what_came_of_a_print_does_not_wait_behind_scans(hand: FloorHand, tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as machine, Bench(hand, tmp_path, None) as bench:
        with_printer(hand, machine.address)
        bench.served.hears_events.clear()  # hours of scans are on their way
        bench.start()
        queue_label(hand, 1)
        queue_label(hand, 2)
        wait_for(lambda: states(hand) == ["confirmed"] * 2)
        assert hand.one("SELECT state FROM printer WHERE warehouse_id = :w AND code = 'LABEL-1'")["state"] != "ready"
        bench.served.hears_events.set()
        bench.await_ready("LABEL-1")


def test_a_device_is_tried_out_by_its_agent_and_works_on(hand: FloorHand, tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as machine, Bench(hand, tmp_path, None) as bench:
        with_printer(hand, machine.address)
        bench.start()
        bench.await_ready("LABEL-1")
        agent = hand.one("SELECT id FROM bench_agent WHERE warehouse_id = :w")["id"]
        asked = hand.write(lambda tx: devices.command(tx, agent, CommandKind.TEST, "test", {"device": "LABEL-1"}))
        sql = "SELECT result FROM agent_command WHERE warehouse_id = :w AND id = :id AND done_at_ms IS NOT NULL"
        assert wait_for(lambda: hand.one(sql, id=asked))["result"].startswith("ready ")
        queue_label(hand, 1)
        wait_for(lambda: states(hand) == ["confirmed"])
        hand.write(lambda tx: devices.set_enabled(tx, "LABEL-1", False))
        wait_for(lambda: "LABEL-1 is disabled" in bench.said())


def test_an_agent_looks_what_its_machine_has_and_tries_an_address_changed_a_moment_ago(
    hand: FloorHand, tmp_path: Path
) -> None:
    with ZplPrinter(tmp_path / "tape") as machine, Bench(hand, tmp_path, None) as bench:
        with_printer(hand, "tcp://127.0.0.1:1")
        bench.start()
        wait_for(lambda: bench.device("LABEL-1")["reason"] == "unreachable")
        look = hand.write(lambda tx: device_commands.ask_discovery(tx, "AGENT-1"))
        with_printer(hand, machine.address)
        trial = hand.write(lambda tx: device_commands.ask_test(tx, "LABEL-1"))
        tried = device_commands.wait(hand.floor, trial, 15.0)
        assert (tried["state"], tried["said"].split(",")[0]) == ("ready", "odometer 0")
        seen = device_commands.wait(hand.floor, look, 25.0)
        assert (seen["is_done"], seen["reason"], seen["agent"]) == (True, "found", "AGENT-1")
        wait_for(lambda: bench.device("LABEL-1")["state"] == "ready")
        assert bench.end() == 0


def test_killed_while_sending_a_job_is_uncertain_and_never_sent_again(hand: FloorHand, tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as machine, Bench(hand, tmp_path, None) as bench:
        with_printer(hand, machine.address)
        bench.start()
        bench.await_ready("LABEL-1")
        machine.set_fault("paper_out_within_label", 1)  # the job is there, and nothing is said about it yet
        queue_label(hand, 1)
        wait_for(lambda: states(hand) == ["sending"] and machine.has_fault("paper_out"))
        bench.kill()
        bench.start()
        wait_for(lambda: states(hand) == ["uncertain"])
        machine.set_fault("paper_out", False)
        queue_label(hand, 2)
        wait_for(lambda: states(hand) == ["uncertain", "confirmed"])
        contents = [job.content for job in machine.wait_for(2)]
        assert len(contents) == len(set(contents)) == 2
        assert bench.end() == 0


# Weighing


def test_the_scales_weight_closes_the_parcel_at_its_bench(hand: FloorHand, tmp_path: Path) -> None:
    equip(hand)
    fill(hand, ("MUG", 2))
    with Scale(tmp_path / "scale", settle_s=0.1) as scale:
        proposed = {"code": "SCALE-1", "kind": "scale", "address": scale.address}
        with Bench(hand, tmp_path, "BENCH-1", proposed) as bench:
            bench.start()
            bench.await_ready("SCALE-1")
            scale.put(MUGS_G)
            wait_for(lambda: hand.all("SELECT id FROM parcel WHERE warehouse_id = :w AND weighed_g = :g", g=MUGS_G))
            weighed = [code for code in bench.codes() if code.startswith(f"W-S{MUGS_G}-")]
            assert len(weighed) == 1
            assert bench.end() == 0


def test_an_agent_gets_its_token_by_a_code_and_starts_and_the_code_opens_nothing_more(
    hand: FloorHand, tmp_path: Path
) -> None:
    with Bench(hand, tmp_path, "HAND-1") as bench:
        bench.token_file.unlink()
        code = hand.write(lambda tx: enrolment.for_agent(tx, "AGENT-1"))
        bench.start("--enrol", code)
        wait_for(lambda: hand.write(bench_agents.listed)[0]["state"] == "running")
        assert bench.token_file.stat().st_mode & 0o777 == 0o600
        token = bench.token_file.read_text()
        assert token.strip() != bench.token
        assert code not in bench.said() + token
        assert bench.end() == 0
        bench.start("--enrol", code)
        assert bench.process is not None
        assert bench.process.wait(20) == 2, "it does not start on a code that was used"
        assert "dead_code" in bench.said()
        assert bench.token_file.read_text() == token, "what it had is kept"
        assert [one.name for one in tmp_path.glob(".token.*")] == []
        bench.start()
        wait_for(lambda: bench.process is not None and bench.process.poll() is None)


def test_another_agents_code_is_not_kept(hand: FloorHand, tmp_path: Path) -> None:
    hand.write(lambda tx: bench_agents.add(tx, "AGENT-2", None))
    with Bench(hand, tmp_path, "HAND-1") as bench:
        code = hand.write(lambda tx: enrolment.for_agent(tx, "AGENT-2"))
        bench.start("--enrol", code)
        assert bench.process is not None
        assert bench.process.wait(20) == 2
        assert "'AGENT-2'" in bench.said()
        assert bench.token_file.read_text().strip() == bench.token
