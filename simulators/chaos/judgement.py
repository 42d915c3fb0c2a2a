"""Paper and scanners' tapes against the database, once everything has ended.

    confirmed, sent                     exactly one whole label
    uncertain                           at most one: a person is asked
    failed, superseded, held, queued …  none

Owns the comparison. Refuses to repair: what is uncertain stays so and is only counted. Reads the database's file, and
nothing of the server's code.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators.chaos.guns import PREFIX, Gun, code_of

_SAYS_PRINTED = ("confirmed", "sent")
_SHOWN = 20


@dataclass(slots=True)
class Judgement:
    """Counts of what is wrong, and some of it by name."""

    jobs: int = 0
    states: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    silently_duplicated: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    uncertain: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    scans: int = 0
    scans_lost: list[str] = field(default_factory=list)
    scans_doubled: list[str] = field(default_factory=list)
    scans_foreign: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    first_byte_ms: list[tuple[float, float]] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    why_uncertain: Counter[str] = field(default_factory=Counter)

    @property
    def uncertain_percent(self) -> float:
        return 100 * len(self.uncertain) / self.jobs if self.jobs else 0.0

    @property
    def is_right(self) -> bool:
        found = (
            self.lost, self.silently_duplicated, self.unfinished, self.reordered, self.scans_lost, self.scans_doubled,
            self.scans_foreign, self.wrong,
        )  # fmt: skip
        return not any(found) and self.uncertain_percent < 0.5

    def told(self) -> dict[str, Any]:
        """For the report."""
        return {
            "jobs": self.jobs, "lost": len(self.lost), "silently_duplicated": len(self.silently_duplicated),
            "uncertain": len(self.uncertain), "uncertain_percent": round(self.uncertain_percent, 3),
            "unfinished": len(self.unfinished), "reordered": len(self.reordered),
            "overtaken_while_uncertain": len(self.overtaken), "scans": self.scans,
            "scans_lost": len(self.scans_lost), "scans_doubled": len(self.scans_doubled),
            "scans_foreign": len(self.scans_foreign), "job_states": dict(self.states),
            "print_attempts": dict(self.attempts), "why_uncertain": dict(self.why_uncertain),
            "wrong": [
                *(f"lost: {one}" for one in self.lost), *(f"duplicated: {one}" for one in self.silently_duplicated),
                *(f"unfinished: {one}" for one in self.unfinished), *(f"reordered: {one}" for one in self.reordered),
                *(f"scan lost: {one}" for one in self.scans_lost),
                *(f"scan doubled: {one}" for one in self.scans_doubled),
                *(f"foreign scan: {one}" for one in self.scans_foreign), *self.wrong,
            ][:_SHOWN],
        }  # fmt: skip


def judge(
    database: Path, paper: Mapping[str, Sequence[str]], guns: Sequence[Gun], first_byte_s: Mapping[str, float],
    wanted_jobs: int,
) -> Judgement:  # fmt: skip
    """`paper`: the whole labels of each printer by their pallet, in order of coming out."""
    found = Judgement()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        _judge_prints(db, paper, first_byte_s, wanted_jobs, found)
        _judge_scans(db, guns, found)
    return found


def journal_waits(journal: Path) -> int:
    """Scans an agent's journal holds that the server has not taken."""
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as db:
        (newest,) = db.execute("SELECT COALESCE(MAX(number), 0) FROM scan").fetchone()
        (acknowledged,) = db.execute("SELECT value FROM kept WHERE name = 'acknowledged'").fetchone()
    return max(0, int(newest) - int(acknowledged))


def _judge_prints(
    db: sqlite3.Connection, paper: Mapping[str, Sequence[str]], first_byte_s: Mapping[str, float], wanted_jobs: int,
    found: Judgement,
) -> None:  # fmt: skip
    rows = db.execute(
        "SELECT o.id, o.subject, o.state, o.result, o.created_at_ms, p.code AS printer FROM outbox o"
        " JOIN printer p ON p.warehouse_id = o.warehouse_id AND p.id = o.printer_id WHERE o.kind = 'print'"
        " ORDER BY o.id"
    ).fetchall()
    pieces = Counter(pallet for labels in paper.values() for pallet in labels)
    order = {row["subject"]: row["id"] for row in rows}
    # Nobody knew of these for a while, and the database says so; those behind them went on meanwhile.
    asked_about = {id for (id,) in db.execute("SELECT effect_id FROM print_attempt WHERE outcome = 'uncertain'")}
    found.jobs = len(rows)
    found.states = Counter(row["state"] for row in rows)
    if found.jobs != wanted_jobs:
        found.wrong.append(f"{wanted_jobs} labels were asked for, the database has {found.jobs}")
    for row in rows:
        state, came_out = row["state"], pieces[row["subject"]]
        name = f"print {row['id']} at {row['printer']} is {state} ({row['result'][:160]}), {came_out} came out"
        if state == "uncertain":
            found.uncertain.append(name)
            found.why_uncertain[row["result"][:80]] += 1
        elif state not in (*_SAYS_PRINTED, "failed", "superseded"):
            found.unfinished.append(name)
        if state in _SAYS_PRINTED and not came_out:
            found.lost.append(name)
        if came_out > (state in (*_SAYS_PRINTED, "uncertain")):
            found.silently_duplicated.append(name)
        if row["subject"] in first_byte_s:
            at_s = first_byte_s[row["subject"]]
            found.first_byte_ms.append((at_s, at_s * 1000 - row["created_at_ms"]))
    for pallet in set(pieces) - set(order):
        found.wrong.append(f"{pieces[pallet]} labels of {pallet or 'nobody'} came out that no print is about")
    for printer, labels in paper.items():
        numbers = [order[pallet] for pallet in labels if pallet in order]
        falls = _falling(numbers)
        found.reordered += [f"{printer}: {late} after {soon}" for soon, late in falls if late not in asked_about]
        found.overtaken += [f"{printer}: {late} after {soon}" for soon, late in falls if late in asked_about]
    for outcome, count in db.execute("SELECT outcome, COUNT(*) FROM print_attempt GROUP BY outcome"):
        found.attempts[outcome] = count


def _judge_scans(db: sqlite3.Connection, guns: Sequence[Gun], found: Judgement) -> None:
    sql = "SELECT code, rejection FROM scan WHERE substr(code, 1, ?) = ? ORDER BY id"
    rows = db.execute(sql, (len(PREFIX), PREFIX))
    applied: defaultdict[int, list[int]] = defaultdict(list)
    count = 0
    for code, rejection in rows:
        serial = code[len(PREFIX) :]
        if rejection or len(serial) != 9 or not serial.isdecimal():
            found.scans_foreign.append(f"{code} {rejection}")
            continue
        count += 1
        applied[int(serial[:2])].append(int(serial[2:]))
    found.scans = sum(len(gun.pulls) for gun in guns)
    for gun in guns:
        numbers = applied.pop(gun.number, [])
        times = Counter(numbers)
        for number in range(len(gun.pulls)):
            if not times[number]:
                found.scans_lost.append(code_of(gun.number, number))
            elif times[number] > 1 + (number in gun.bounced):
                found.scans_doubled.append(f"{code_of(gun.number, number)} {times[number]} times")
        found.reordered += [f"{gun.code}: pull {late} after {soon}" for soon, late in _falling(numbers)]
        found.scans_foreign += [f"{gun.code}: {n}" for n in times if n >= len(gun.pulls)]
    found.scans_foreign += [f"no gun {number}" for number in applied]
    (on_hand,) = db.execute(
        "SELECT COALESCE(SUM(b.on_hand_each), 0) FROM stock_balance b JOIN location l ON l.warehouse_id ="
        " b.warehouse_id AND l.id = b.location_id WHERE l.code = 'DOCK-1'"
    ).fetchone()
    if on_hand != count:
        found.wrong.append(f"{count} scans of goods were applied, {on_hand} units lie on the dock")


def _falling(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Where a number comes after a greater one."""
    falls, highest = [], -1
    for number in numbers:
        if number < highest:
            falls.append((highest, number))
        highest = max(highest, number)
    return falls
