"""People and radios err at the stated rates, from their own dice, and everything is in the log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulators.faults import ErrorLog, ErrorRates, Fallibility


def test_the_same_person_with_the_same_seed_errs_alike() -> None:
    rates = replace(ErrorRates.none(), wrong_bin=0.3, send_twice=0.2)
    runs = []
    for _ in range(2):
        person = Fallibility(rates, 7, "W1", ErrorLog())
        runs.append(
            ([person.would_err("wrong_bin") for _ in range(50)], [person.mishap() for _ in range(50)])
        )
    assert runs[0] == runs[1]
    assert True in runs[0][0]


def test_the_radio_does_not_change_what_the_hands_do() -> None:
    quiet = Fallibility(replace(ErrorRates.none(), wrong_bin=0.3), 7, "W1", ErrorLog())
    noisy = Fallibility(replace(ErrorRates.none(), wrong_bin=0.3, send_twice=0.5), 7, "W1", ErrorLog())
    for _ in range(30):
        noisy.mishap()
    assert [quiet.would_err("wrong_bin") for _ in range(50)] == [
        noisy.would_err("wrong_bin") for _ in range(50)
    ]


def test_every_mishap_on_the_wire_is_logged() -> None:
    log = ErrorLog()
    person = Fallibility(replace(ErrorRates.none(), send_twice=0.25, lose_answer=0.25), 7, "W1", log)
    mishaps = [person.mishap() for _ in range(400)]
    assert log.by_kind() == {
        "lose_answer": sum(m.lose_answer for m in mishaps),
        "send_twice": sum(m.send_twice for m in mishaps),
    }
    assert 60 <= log.by_kind()["send_twice"] <= 140


def test_only_errors_that_can_mix_dates_up_excuse_dates() -> None:
    log = ErrorLog()
    log.note("wrong_bin", "W1", sku="A")
    log.note("mislaid", "W1", sku="B")
    assert log.touched_skus() == {"B"}


@pytest.mark.parametrize("rate", [-0.1, 0.6])
def test_a_rate_that_is_no_chance_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="miscount"):
        ErrorRates(miscount=rate)
