"""A label's life under faults, replayable from its seed: intent, claim, call, result, print, each of which can break.

Everything runs through the real services on one in-memory database with a clock of its own; only the carrier and the
printer are played, and keep the books the floor is compared with. A crash is a worker that is never heard of again,
before or after a commit; a stalled worker comes back with its answer after its lease has ended.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pysqlite3

from fulfillment.domain.buying import Ask, Promises, next_ask
from fulfillment.domain.codes import sscc
from fulfillment.domain.effects import EffectKind, Heard
from fulfillment.hot.sqlite import SqliteTx
from fulfillment.services.packing import parcel_papers, parcels
from fulfillment.services.printing import outbox
from fulfillment.services.shipping import carrier_calls, carrier_labels, label_buying, label_decisions
from fulfillment.services.shipping.carrier_service import Answer, Bought, Declined, Nothing, NotSent, Unknown
from tests.factories import NOBODY

T = TypeVar("T")

PRINTER = 1
FAULTS_MAX = 6  # then everything goes well, and what is left must come to an end
STEPS_MAX = 120

CALL_FAULTS = (
    "not_sent", "error_before", "error_after", "silent_before", "silent_after", "late_charge", "rubbish", "declined",
    "crash_before", "crash_after", "stall_after", "stall_before",
)  # fmt: skip


class Crash(Exception):
    """The worker is gone."""


@dataclass
class Charge:
    """A label as the carrier bills it."""

    reference: str
    key: str
    tracking_number: str
    is_void: bool = False


@dataclass
class PlayedCarrier:
    """Keeps its promises and its book; `fault` says how the next call goes."""

    promises: Promises
    book: list[Charge] = field(default_factory=list)
    coming: list[str] = field(default_factory=list)  # calls still on their way to it
    fault: str = ""

    def charge(self, reference: str) -> Charge:
        if self.promises.keeps_keys:
            for known in self.book:
                if known.key == reference:
                    return known
        self.book.append(Charge(reference, reference, f"T{len(self.book) + 1}"))
        return self.book[-1]

    def arrive(self) -> None:
        """What was on its way gets there."""
        for reference in self.coming:
            self.charge(reference)
        self.coming.clear()

    def buy(self, request: Mapping[str, Any]) -> Answer:
        fault, self.fault = self.fault, ""
        reference = request["reference"]
        match fault:
            case "not_sent":
                return NotSent("unreachable")
            case "error_before":
                return Unknown(Heard.ANSWERED, "503")
            case "silent_before":
                return Unknown(Heard.SILENT, "timeout")
            case "declined":
                return Declined("no such address")
            case "late_charge":
                self.coming.append(reference)
                return Unknown(Heard.SILENT, "timeout")
        charge = self.charge(reference)
        match fault:
            case "error_after" | "rubbish":
                return Unknown(Heard.ANSWERED, fault)
            case "silent_after":
                return Unknown(Heard.SILENT, "timeout")
        return Bought(charge.tracking_number, 495, "GBP", "^XA^XZ")

    def look_up(self, reference: str) -> Answer:
        fault, self.fault = self.fault, ""
        if fault:
            return Unknown(Heard.SILENT, fault)
        found = [charge for charge in self.book if charge.reference == reference]
        if len(found) > 1:
            return Unknown(Heard.ANSWERED, "two labels found")
        return Bought(found[0].tracking_number, 495, "GBP", "") if found else Nothing()

    def void(self, tracking_number: str) -> Answer:
        fault, self.fault = self.fault, ""
        if fault:
            return Unknown(Heard.SILENT, fault)
        for charge in self.book:
            if charge.tracking_number == tracking_number:
                charge.is_void = True
        return Nothing()


class LabelWorld:
    """One database for many schedules; each begins with a parcel of its own."""

    def __init__(self, file: Path) -> None:
        source = pysqlite3.connect(str(file))
        self.connection = pysqlite3.connect(":memory:", isolation_level=None)
        source.backup(self.connection)
        source.close()
        self.connection.row_factory = pysqlite3.Row
        self.connection.execute("PRAGMA foreign_keys=ON")
        self.now_ms = 1_760_000_000_000
        self._parcels = 0

    def close(self) -> None:
        self.connection.close()

    def write(self, work: Callable[[Any], T], crash: str = "") -> T:
        """One transaction; `crash` kills whoever runs it before or after the commit."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            answer = work(SqliteTx(self.connection, 1, self.now_ms))
            if crash == "before":
                raise Crash
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        if crash == "after":
            raise Crash
        return answer

    def all(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self.connection.execute(sql, params).fetchall()]

    def new_parcel(self, promises: Promises) -> int:
        """A closed parcel of the one order there is, for a carrier that promises this."""
        self._parcels += 1
        number = sscc("0614141", 500_000 + self._parcels)

        def work(tx: Any) -> int:
            tx.run(
                "UPDATE carrier SET service_url = 'http://carrier/', service_can_look_up = :look,"
                " service_keeps_keys = :keys WHERE warehouse_id = :w",
                look=int(promises.can_look_up), keys=int(promises.keeps_keys),
            )  # fmt: skip
            order = tx.one("SELECT id, carrier_id FROM sales_order WHERE warehouse_id = :w LIMIT 1")
            lpn_id = tx.insert("lpn", code=number, kind="carton", location_id=None, order_id=order["id"])
            return tx.insert(
                "parcel", number=number, order_id=order["id"], lpn_id=lpn_id, state="closed",
                sequence=self._parcels, carrier_id=order["carrier_id"], station_id=4, created_at_ms=self.now_ms,
                closed_at_ms=self.now_ms,
            )  # fmt: skip

        return self.write(work)


class Schedule:
    """One parcel's label from the intent to the end, as its seed says."""

    def __init__(self, world: LabelWorld, seed: int) -> None:
        self.world, self.seed = world, seed
        self.dice = random.Random(seed)
        promises = Promises(self.dice.random() < 0.6, self.dice.random() < 0.6)
        self.carrier = PlayedCarrier(promises)
        self.parcel_id = world.new_parcel(promises)
        self.faults = self.dice.randint(0, FAULTS_MAX)
        self.prints: list[int] = []  # effects whose label came out of the printer
        self.stalled: list[Callable[[Any], Any]] = []
        self.told = 0  # times a person was asked
        self.decisions: list[str] = []
        self.is_wanted = False
        self.history: list[str] = []

    def run(self) -> None:
        """Play it to the end, then bring back who had stalled, and let the rest come to an end."""
        try:
            self.world.write(lambda tx: parcels.buy_label(tx, self.parcel_id), self._crash("intent"))
        except Crash:
            # Closing a parcel is a scan: one that was not answered is sent again, one that was kept is known.
            if carrier_labels.live(SqliteTx(self.world.connection, 1, self.world.now_ms), self.parcel_id) is None:
                self.world.write(lambda tx: parcels.buy_label(tx, self.parcel_id))
        self.is_wanted = True
        for _ in range(STEPS_MAX):
            if not self._step():
                break
        else:
            raise AssertionError(f"seed {self.seed} comes to no end: {self.history}")

    def _step(self) -> bool:
        self.world.now_ms += self.dice.choice((10, 500, 3_000, 60_000, 120_000))
        if self.carrier.coming and self.dice.random() < 0.4:
            self.carrier.arrive()
        if self.stalled and self.dice.random() < 0.4:
            self.history.append("late answer")
            self.world.write(self.stalled.pop(0))
        if self.is_wanted and self.faults and self.dice.random() < 0.04:
            self._void()
        acted = False
        for work in (self._call, self._print, self._decide):
            try:
                acted = work() or acted
            except Crash:
                self.history.append("crash")
                acted = True
                self.world.now_ms += 10 * carrier_calls.LEASE_MS
        if acted or self.stalled or self.carrier.coming:
            return True
        return self._waits()

    def _call(self) -> bool:
        call = self.world.write(lambda tx: carrier_calls.claim(tx, self._carrier_code()), self._crash("claim"))
        if call is None:
            return False
        ask = Ask.NOTHING if call.kind == EffectKind.VOID_LABEL else next_ask(
            call.heard, call.promises, call.is_wanted
        )  # fmt: skip
        if ask == Ask.A_PERSON:
            return self._record(lambda tx: carrier_calls.record_uncertain(tx, call, call.heard, "cannot look up"))
        if ask == Ask.NOTHING and call.kind == EffectKind.BUY_LABEL:
            return self._record(lambda tx: carrier_calls.record_nothing_bought(tx, call, "not wanted"))
        if not self.world.write(lambda tx: carrier_calls.start_calling(tx, call), self._crash("start")):
            return True
        fault = self._fault(CALL_FAULTS)
        if fault == "crash_before":
            raise Crash
        if fault == "stall_before":  # frozen between the intent to call and the call itself
            self.history.append(f"{call.kind} {ask.value} {fault}")
            self.stalled.append(lambda tx: label_buying.make_call(call, ask, self.carrier)(tx))
            self.world.now_ms += 10 * carrier_calls.LEASE_MS
            return True
        self.carrier.fault = "" if fault in ("crash_after", "stall_after") else fault
        record = label_buying.make_call(call, ask, self.carrier)
        self.carrier.fault = ""
        self.history.append(f"{call.kind} {ask.value} {fault}")
        if fault == "crash_after":
            raise Crash
        if fault == "stall_after":
            self.stalled.append(record)
            self.world.now_ms += 10 * carrier_calls.LEASE_MS
            return True
        return self._record(record)

    def _record(self, record: Callable[[Any], Any]) -> bool:
        self.world.write(record, self._crash("record"))
        return True

    def _print(self) -> bool:
        job = self.world.write(lambda tx: outbox.claim(tx, PRINTER), self._crash("print claim"))
        if job is None:
            return False
        if not self.world.write(lambda tx: outbox.start_sending(tx, job, b"^XA^XZ", "s"), self._crash("print start")):
            return True
        fault = self._fault(("crash_before", "crash_after", "uncertain", "offline"))
        self.history.append(f"print {fault}")
        if fault == "crash_before":
            raise Crash
        if fault == "offline":
            self.world.write(lambda tx: outbox.hold(tx, job, "unreachable"), self._crash("print record"))
            return True
        self.prints.append(job.effect_id)
        if fault == "crash_after":
            raise Crash
        if fault == "uncertain":
            self.world.write(lambda tx: outbox.make_uncertain(tx, job, "reset"), self._crash("print record"))
            return True
        self.world.write(lambda tx: outbox.complete(tx, job, "printed", True, ""), self._crash("print record"))
        return True

    def _decide(self) -> bool:
        """A person who is told decides sooner or later, and sees the carrier's book when they look for a label."""
        asked = [row for row in self.labels() if row["state"] in ("uncertain", "refused")]
        if not asked or self.dice.random() < 0.5:
            return bool(asked)
        label = asked[0]
        self.told += 1
        found = [charge for charge in self.carrier.book if charge.reference == label["reference"]]
        options = ["give_up", "buy_again"] + (["found"] if found and label["state"] == "uncertain" else [])
        decision = self.dice.choice(options)
        number = found[0].tracking_number if decision == "found" else ""
        self.decisions.append(decision)
        self.history.append(decision)
        self.world.write(lambda tx: label_decisions.decide(tx, NOBODY, label["reference"], decision, "1001", number))
        return True

    def _void(self) -> None:
        def work(tx: Any) -> None:
            tx.run("UPDATE parcel SET state = 'void' WHERE warehouse_id = :w AND id = :id", id=self.parcel_id)
            number = tx.one("SELECT number FROM parcel WHERE warehouse_id = :w AND id = :id", id=self.parcel_id)
            outbox.supersede(tx, number["number"], parcel_papers.LABEL)
            carrier_labels.no_longer_wanted(tx, self.parcel_id)

        self.is_wanted = False
        self.history.append("void")
        self.world.write(work)

    def _waits(self) -> bool:
        rows = self.world.all(
            "SELECT 1 FROM outbox o JOIN parcel p ON p.warehouse_id = o.warehouse_id AND p.number = o.subject"
            " WHERE p.warehouse_id = 1 AND p.id = :id"
            " AND o.state IN ('queued', 'held', 'claimed', 'sending')",
            id=self.parcel_id,
        )
        return bool(rows)

    def _fault(self, among: tuple[str, ...]) -> str:
        if self.faults and self.dice.random() < 0.5:
            self.faults -= 1
            return self.dice.choice(among)
        return ""

    def _crash(self, where: str) -> str:
        if self.faults and self.dice.random() < 0.12:
            self.faults -= 1
            self.history.append(where)
            return self.dice.choice(("before", "after"))
        return ""

    def _carrier_code(self) -> str:
        return self.world.all(
            "SELECT c.code FROM parcel p JOIN carrier c ON c.warehouse_id = p.warehouse_id AND"
            " c.id = p.carrier_id WHERE p.warehouse_id = 1 AND p.id = :id", id=self.parcel_id
        )[0]["code"]

    def forget(self) -> None:
        """Take what is left of it away, so that the next schedule is not played with it."""
        self.world.all("UPDATE outbox SET state = 'cancelled' WHERE subject = :number", number=self._number())

    def _number(self) -> str:
        rows = self.world.all("SELECT number FROM parcel WHERE warehouse_id = 1 AND id = :id", id=self.parcel_id)
        return rows[0]["number"]

    def labels(self) -> list[dict[str, Any]]:
        return self.world.all(
            "SELECT * FROM carrier_label WHERE warehouse_id = 1 AND parcel_id = :id ORDER BY id", id=self.parcel_id
        )

    # --- what must hold at the end ---------------------------------------------------------------------------

    def wrong(self) -> list[str]:
        """What went against the rules; each line names the seed that shows it again."""
        labels = self.labels()
        by_reference = {row["reference"]: row for row in labels}
        paid = [charge for charge in self.carrier.book if not charge.is_void]
        listed = {
            row["reference"]
            for row in self.world.write(lambda tx: carrier_labels.listed(tx, orphans=True, parcel=self._number()))
        } | {row["reference"] for row in labels if row["state"] == "uncertain"}
        wrong = []
        silent = [
            charge for charge in paid
            if charge.reference not in listed
            and by_reference[charge.reference]["tracking_number"] != charge.tracking_number
        ]  # fmt: skip
        if silent:
            wrong.append(f"paid for and told nobody: {[charge.reference for charge in silent]}")
        good = [row for row in labels if row["state"] == "bought"]
        unlisted = [charge for charge in paid if charge.reference not in listed]
        if len(good) > 1 or len(unlisted) > 1:
            wrong.append(f"bought twice: {len(good)} labels, {len(unlisted)} charges in no list")
        if len(paid) > 1 and "buy_again" not in self.decisions:
            wrong.append(f"{len(paid)} charges and nobody asked for a second")
        prints = self.world.all(
            "SELECT o.id, o.state FROM outbox o JOIN parcel p ON p.warehouse_id = o.warehouse_id"
            " AND p.number = o.subject WHERE p.warehouse_id = 1 AND p.id = :id"
            " AND o.kind = 'print'",
            id=self.parcel_id,
        )  # fmt: skip
        if len(self.prints) > 1 or len(prints) > 1:
            wrong.append(f"printed {len(self.prints)} times for {len(prints)} intents")
        if self.is_wanted:
            is_told = any(row["state"] in ("uncertain", "refused", "abandoned") for row in labels) or self.told
            if not good and not is_told:
                wrong.append(f"no label and nobody told: {[row['state'] for row in labels]}")
            if good and [row["state"] for row in prints] not in (["confirmed"], ["uncertain"]):
                wrong.append(f"bought and not printed: {[row['state'] for row in prints]}")
            if good and prints and prints[0]["state"] == "confirmed" and not self.prints:
                wrong.append("confirmed and never printed")
        else:
            kept = [row["state"] for row in labels if row["state"] in ("wanted", "bought")]
            if kept:
                wrong.append(f"kept for a void parcel: {kept}")
        return [f"seed {self.seed}: {line}; {self.history}" for line in wrong]
