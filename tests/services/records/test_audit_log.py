"""The audit log: every act has its entry, and no entry can be changed, removed, added or moved unseen."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.bootstrap import open_floor
from fulfillment.domain.chaining import AuditKind
from fulfillment.services.records import audit_entries, audit_log
from fulfillment.services.records.audit_log import Author, Head
from tests.factories import NOBODY, FloorHand

GUARDS = {
    "sqlite": ("audit_log_no_update", "audit_log_no_delete", "audit_log_no_replace"),
    "postgresql": ("audit_log_no_change", "audit_log_no_truncate"),
}
COLUMNS = {
    "at_ms": int, "operator_id": int, "station_id": int, "token_id": int, "subject": str, "content": str,
    "content_sha256": str, "sha256": str,
}  # fmt: skip


def findings(hand: FloorHand, against: Head | None = None) -> list[str]:
    """What is wrong with the chain."""
    return hand.floor.read(lambda tx: audit_log.verify_chain(tx, 1, against))


def head(hand: FloorHand) -> Head:
    return hand.floor.read(audit_log.head)


def append(hand: FloorHand, *subjects: str) -> None:
    """One entry a subject, each with a content."""
    for subject in subjects:
        hand.write(lambda tx, said=subject: audit_log.append(tx, AuditKind.API, NOBODY, said, {"said": said}, 7))


def entries(hand: FloorHand) -> list[dict[str, Any]]:
    return hand.all("SELECT * FROM audit_log WHERE warehouse_id = :w ORDER BY id")


def without_guards(hand: FloorHand, engine: str, work: Callable[[Any], Any]) -> None:
    """What somebody with the database's own password can do."""

    def tampering(tx: Any) -> None:
        for name in GUARDS[engine]:
            tx.run(f"DROP TRIGGER {name}" + ("" if engine == "sqlite" else " ON audit_log"))
        work(tx)
        raise _Undone(tx)

    with pytest.raises(_Undone) as undone:
        hand.write(tampering)
    assert undone.value.findings is not None
    hand.found = undone.value.findings  # type: ignore[attr-defined]


class _Undone(Exception):
    """The tampering is looked at inside its transaction and rolled back, triggers and all."""

    against: Head | None = None

    def __init__(self, tx: Any) -> None:
        super().__init__("undone")
        tx.one("SELECT 1 AS one")  # sends what was kept back
        self.findings = audit_log.verify_chain(tx, 1, _Undone.against) + audit_entries.verify_scans(tx)


def test_every_scan_has_its_entry_whatever_came_of_it(hand: FloorHand) -> None:
    hand.scan("HAND-1", "nonsense")
    hand.sign_in("HAND-1", "PICK")
    rows = entries(hand)
    assert [row["kind"] for row in rows] == ["scan"] * 3
    assert [row["subject"] for row in rows] == ["test-1", "test-2", "test-3"]
    assert [row["operator_id"] for row in rows] == [None, 1, 1]
    assert findings(hand) == []


def test_a_replayed_scan_has_one_entry(hand: FloorHand) -> None:
    hand.scan("HAND-1", "nonsense", scan_id="same")
    hand.scan("HAND-1", "nonsense", scan_id="same")
    assert len(entries(hand)) == 1


def test_an_entry_goes_with_the_change_that_failed(hand: FloorHand) -> None:
    def work(tx: Any) -> None:
        audit_log.append(tx, AuditKind.API, NOBODY, "never")
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        hand.write(work)
    assert entries(hand) == []
    append(hand, "first")
    assert entries(hand)[0]["id"] == 1
    assert findings(hand) == []


def test_the_database_makes_the_same_hash_as_the_rule(hand: FloorHand) -> None:
    append(hand, "Größe | Ω", "second")
    first, second = entries(hand)
    content = hashlib.sha256(first["content"].encode()).hexdigest()
    text = f"|1|1|{first['at_ms']}|api||_|7|{content}|Größe | Ω".replace("_", "")
    assert first["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    text = f"{first['sha256']}|2|1|{second['at_ms']}|api|||7|{second['content_sha256']}|second"
    assert second["sha256"] == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET subject = 'somebody else' WHERE id = 1",
        "UPDATE audit_log SET content = 'x'",
        "UPDATE audit_log SET content = '', operator_id = 2",
        "DELETE FROM audit_log WHERE id = 2",
    ],
)
def test_the_log_is_append_only_whoever_asks(hand: FloorHand, statement: str) -> None:
    append(hand, "first", "second")
    before = entries(hand)
    with pytest.raises(Exception, match="append-only"):
        hand.write(lambda tx: tx.run(statement))
    assert entries(hand) == before


def test_a_content_may_be_emptied_and_an_erasure_must_say_so(hand: FloorHand) -> None:
    append(hand, "first", "second")
    hand.write(lambda tx: tx.run("UPDATE audit_log SET content = '' WHERE warehouse_id = :w AND id = 1"))
    assert findings(hand) == ["entry 1 was emptied, and no erasure says so"]
    hand.write(lambda tx: audit_log.append(tx, AuditKind.ERASURE, NOBODY, "order 1", {"entries": [1]}))
    assert findings(hand) == []


def test_a_chain_cut_off_at_its_end_is_known_by_the_head_kept_elsewhere(hand: FloorHand, engine: str) -> None:
    append(hand, "first", "second", "third")
    kept = head(hand)
    append(hand, "fourth")
    assert findings(hand, kept) == []
    _Undone.against = kept
    without_guards(hand, engine, lambda tx: tx.run("DELETE FROM audit_log WHERE warehouse_id = :w AND id > 2"))
    assert hand.found == [  # type: ignore[attr-defined]
        "the head kept elsewhere is not in the chain: entry 3 is another one or gone (the newest here is 2)"
    ]


def test_a_chain_written_anew_is_known_by_the_head_kept_elsewhere(hand: FloorHand, engine: str) -> None:
    append(hand, "first", "second")
    _Undone.against = head(hand)

    def rewrite(tx: Any) -> None:
        tx.run("DELETE FROM audit_log WHERE warehouse_id = :w AND id = 2")
        audit_log.append(tx, AuditKind.API, NOBODY, "a lie")

    without_guards(hand, engine, rewrite)
    assert "the head kept elsewhere is not in the chain" in hand.found[0]  # type: ignore[attr-defined]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entry=st.integers(1, 8), other=st.integers(1, 7), what=st.sampled_from(["byte", "remove", "insert", "swap"]),
    column=st.sampled_from(sorted(COLUMNS)), place=st.integers(0, 63), bit=st.integers(0, 3),
)  # fmt: skip
def test_whatever_is_done_to_an_entry_is_seen_and_the_first_bad_one_is_named(
    hand: FloorHand, engine: str, entry: int, other: int, what: str, column: str, place: int, bit: int
) -> None:
    while len(entries(hand)) < 8:
        number = len(entries(hand))
        append(hand, f"act {number}") if number % 3 else hand.scan("HAND-1", "nonsense")
    rows = entries(hand)
    _Undone.against = head(hand)
    row, other, named = rows[entry - 1], other + (other >= entry), entry
    if row[column] in (None, ""):
        column = "subject"

    def tamper(tx: Any) -> None:
        if what == "byte":
            tx.run(
                f"UPDATE audit_log SET {column} = :value WHERE warehouse_id = :w AND id = :id", id=entry,
                value=_other(row[column], place, bit),
            )  # fmt: skip
        elif what == "remove":
            tx.run("DELETE FROM audit_log WHERE warehouse_id = :w AND id = :id", id=entry)
        elif what == "insert":
            for later in range(len(rows), entry - 1, -1):
                tx.run("UPDATE audit_log SET id = id + 1 WHERE warehouse_id = :w AND id = :id", id=later)
            tx.run(
                "INSERT INTO audit_log (warehouse_id, id, at_ms, kind, subject, content_sha256, sha256)"
                " SELECT warehouse_id, :id, at_ms, kind, 'slipped in', content_sha256, sha256 FROM audit_log"
                " WHERE warehouse_id = :w AND id = :next",
                id=entry, next=entry + 1,
            )  # fmt: skip
        else:
            for id_before, id_after in ((entry, 99), (other, entry), (99, other)):
                tx.run(
                    "UPDATE audit_log SET id = :after WHERE warehouse_id = :w AND id = :before",
                    before=id_before, after=id_after,
                )  # fmt: skip

    if what == "swap":
        named = min(entry, other)
    without_guards(hand, engine, tamper)
    found = hand.found  # type: ignore[attr-defined]
    assert found, f"{what} at {entry} went unseen"
    assert f"entry {named}" in found[0]
    assert findings(hand, _Undone.against) == []


def _other(value: Any, place: int, bit: int) -> Any:
    """The value with one bit of one character (or of the number) changed."""
    if isinstance(value, int):
        return value ^ (1 << place % 20)
    place %= len(value)
    return value[:place] + chr(ord(value[place]) ^ (1 << bit)) + value[place + 1 :]


EVERY_COLUMN = (
    "warehouse_id", "id", "at_ms", "kind", "operator_id", "station_id", "token_id", "subject", "content",
    "content_sha256", "sha256",
)  # fmt: skip


def one_of_each_kind(hand: FloorHand) -> list[dict[str, Any]]:
    """An entry of every kind, with one before and one after them all; `floor audit-log --verify` finds nothing."""
    append(hand, "first")
    for kind in AuditKind:
        if kind == AuditKind.SCAN:
            hand.sign_in("HAND-1", "PICK")
            continue
        content = {"entries": [], "scans": []} if kind == AuditKind.ERASURE else {"said": kind.value}
        hand.write(lambda tx, kind=kind, content=content: audit_log.append(tx, kind, NOBODY, f"one {kind}", content, 7))
    append(hand, "last")
    _Undone.against = head(hand)
    assert findings(hand, _Undone.against) + hand.floor.read(audit_entries.verify_scans) == []
    rows = entries(hand)
    assert {row["kind"] for row in rows} == {kind.value for kind in AuditKind}
    return rows


def test_no_column_of_no_kind_of_entry_changes_unseen(hand: FloorHand, engine: str) -> None:
    other = open_floor(hand.floor.settings, 2)
    FloorHand(other, "NORTH")
    other.close()
    rows = one_of_each_kind(hand)
    assert set(rows[0]) == set(EVERY_COLUMN)
    for row in rows:
        for column in EVERY_COLUMN:
            set_to = _changed(column, row[column])
            without_guards(hand, engine, lambda tx, row=row, column=column, set_to=set_to: tx.run(
                f"UPDATE audit_log SET {column} = :set_to WHERE warehouse_id = :w AND id = :id", id=row["id"],
                set_to=set_to,
            ))  # fmt: skip
            found = hand.found  # type: ignore[attr-defined]
            assert found, f"{column} of a {row['kind']} went unseen"
            assert re.search(rf"\bentry {row['id']}\b", found[0]), (column, row["kind"], found)


def _changed(column: str, value: Any) -> Any:
    """Another value the column could hold."""
    if column in ("warehouse_id", "id"):
        return 2 if column == "warehouse_id" else 999
    if column == "kind":
        return AuditKind.COMMAND if value == AuditKind.API else AuditKind.API
    if column == "content":
        return f"{value[:-1]} " if value else '{"entries":[1]}'
    if column.endswith("sha256"):
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    return f"{value}x" if isinstance(value, str) else (value or 0) + 1


def test_no_entry_of_any_kind_is_removed_doubled_or_moved_unseen(hand: FloorHand, engine: str) -> None:
    rows = one_of_each_kind(hand)
    for row in rows:
        without_guards(hand, engine, lambda tx, row=row: tx.run(
            "DELETE FROM audit_log WHERE warehouse_id = :w AND id = :id", id=row["id"]))  # fmt: skip
        assert re.search(rf"\bentry {row['id']}\b", hand.found[0]), (row["kind"], hand.found)  # type: ignore[attr-defined]
    for row, after in pairwise(rows):

        def swap(tx: Any, row: Any = row, after: Any = after) -> None:
            for now, then in ((row["id"], 999), (after["id"], row["id"]), (999, after["id"])):
                tx.run("UPDATE audit_log SET id = :then WHERE warehouse_id = :w AND id = :now", now=now, then=then)

        without_guards(hand, engine, swap)
        assert re.search(rf"\bentry {row['id']}\b", hand.found[0]), (row["kind"], hand.found)  # type: ignore[attr-defined]


def test_no_field_of_a_scan_changes_unseen(hand: FloorHand, engine: str) -> None:
    rows = one_of_each_kind(hand)
    scan = hand.one("SELECT * FROM scan WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1")
    entry = next(row["id"] for row in rows if row["subject"] == scan["scan_id"])
    for name in audit_log.SCAN_FIELDS:
        value = scan[name]
        set_to = f"{value}x" if isinstance(value, str) else (value or 0) + 1
        without_guards(hand, engine, lambda tx, name=name, set_to=set_to: tx.run(
            f"UPDATE scan SET {name} = :set_to WHERE warehouse_id = :w AND id = :id", id=scan["id"], set_to=set_to
        ))  # fmt: skip
        assert f"entry {entry}: scan" in hand.found[0], (name, hand.found)  # type: ignore[attr-defined]


def test_what_a_command_writes_in_many_transactions_is_one_act(hand: FloorHand) -> None:
    writer = audit_log.TellingWriter(hand.floor.writer)
    with audit_log.written_by(Author(AuditKind.COMMAND, "floor import items", once=True)):
        for name in ("a", "b"):
            writer.write(lambda tx, said=name: tx.put(
                "UPDATE operator SET name = :name WHERE warehouse_id = :w AND id = 1", name=said))  # fmt: skip
    writer.write(lambda tx: tx.put("UPDATE operator SET name = 'c' WHERE warehouse_id = :w AND id = 1"))
    assert [row["subject"] for row in entries(hand)] == ["floor import items"]


def test_the_log_of_another_warehouse_is_a_chain_of_its_own(hand: FloorHand) -> None:
    append(hand, "first")
    assert hand.floor.read(lambda tx: audit_log.verify_chain(tx, 2)) == []
    assert hand.floor.read(lambda tx: audit_log.head(tx, 2)) == Head(0, "")
