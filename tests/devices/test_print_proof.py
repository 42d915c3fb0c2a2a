"""The table of proofs: what may be called printed, what may go again, and what a person has to look at."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.print_proof import Evidence, Verdict, verdict
from devices.protocols import PrinterStatus

READY = PrinterStatus("ready", (), 0, 0, 10, 1)
SENT = Evidence(
    labels=1, reported=0, before=READY, after=READY, is_complete=True, is_cut_off=True, is_disturbed=False
)
OUT = replace(READY, odometer=11)
REBOOTED = replace(READY, boot=2)


@pytest.mark.parametrize(
    ("case", "found"),
    [
        (replace(SENT, reported=1, after=None), Verdict.PRINTED),
        (replace(SENT, after=OUT), Verdict.PRINTED),
        (replace(SENT, after=None), Verdict.OPEN),
        (SENT, Verdict.UNPRINTED),
        (replace(SENT, is_cut_off=False), Verdict.OPEN),
        (replace(SENT, is_cut_off=False, after=REBOOTED), Verdict.UNPRINTED),
        (replace(SENT, after=replace(OUT, boot=2)), Verdict.UNKNOWABLE),
        (replace(SENT, after=OUT, is_disturbed=True), Verdict.UNKNOWABLE),
        (replace(SENT, after=OUT, is_disturbed=True, is_cut_off=False), Verdict.OPEN),
        (replace(SENT, after=replace(READY, state="held", reasons=("paper_out",))), Verdict.OPEN),
        (replace(SENT, after=replace(OUT, state="busy", labels_remaining=1)), Verdict.OPEN),
        (replace(SENT, after=replace(READY, odometer=9)), Verdict.UNKNOWABLE),
        (replace(SENT, labels=2, after=OUT), Verdict.UNKNOWABLE),
        (replace(SENT, labels=2, reported=1), Verdict.UNKNOWABLE),
        (replace(SENT, labels=0), Verdict.PARSED),
        (replace(SENT, labels=0, is_complete=False), Verdict.UNKNOWABLE),
    ],
)
def test_what_is_proven(case: Evidence, found: Verdict) -> None:
    assert verdict(case) is found


def test_without_an_odometer_a_label_is_at_most_parsed_and_never_sent_again() -> None:
    old = replace(READY, odometer=None, boot=None)
    case = replace(SENT, before=old, after=old)
    assert verdict(case) is Verdict.PARSED
    assert verdict(replace(case, is_complete=False)) is Verdict.UNKNOWABLE
    assert verdict(replace(case, is_disturbed=True)) is Verdict.UNKNOWABLE


counts = st.one_of(st.none(), st.integers(0, 3))
statuses = st.builds(
    PrinterStatus, st.sampled_from(["ready", "busy", "held"]), st.just(()), counts, counts, counts, counts
)
evidences = st.builds(
    Evidence, st.integers(0, 3), st.integers(0, 3), statuses, st.one_of(st.none(), statuses), st.booleans(),
    st.booleans(), st.booleans(),
)  # fmt: skip


@given(evidences)
def test_a_job_goes_again_only_when_nothing_of_it_was_counted_reported_or_waits(case: Evidence) -> None:
    if verdict(case) is Verdict.UNPRINTED:
        assert case.after is not None
        assert case.after.is_ready
        assert [case.reported, case.after.buffered_formats or 0, case.after.labels_remaining or 0] == [0, 0, 0]
        assert case.after.odometer == case.before.odometer is not None
