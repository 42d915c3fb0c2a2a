"""Rules of codes: what we print can be read back, what was damaged is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.codes import (
    ALPHABET,
    BadCode,
    OwnKind,
    barcode_key,
    check_character,
    gs1_check_digit,
    gtin14,
    is_gs1_number,
    own_code,
    parse_own_code,
    sscc,
)

VALUES = st.text(alphabet=ALPHABET + "-", min_size=1, max_size=30)


def test_the_check_character_is_the_standards_own_example() -> None:
    # Source: ISO/IEC 7064 hybrid MOD 37,36 as used by GRid: A1-2425G-ABC1234002 has check character M.
    assert check_character("A1-2425G-ABC1234002") == "M"


def test_codes_of_the_floor_look_like_this() -> None:
    assert own_code("T", "000123").startswith("T-000123-")
    assert parse_own_code(own_code("L", "A03-07-2")) == (OwnKind.LOCATION, "A03-07-2")


@given(kind=st.sampled_from(list(OwnKind)), value=VALUES)
def test_what_is_printed_is_read_back(kind: OwnKind, value: str) -> None:
    assert parse_own_code(own_code(kind, value)) == (kind, value)


@given(
    value=st.text(alphabet=ALPHABET, min_size=1, max_size=20), place=st.integers(0, 19), other=st.sampled_from(ALPHABET)
)
def test_one_wrong_character_is_noticed(value: str, place: int, other: str) -> None:
    code = own_code("L", value)
    place = 2 + place % len(value)
    damaged = code[:place] + other + code[place + 1 :]
    if damaged != code:
        with pytest.raises(BadCode):
            parse_own_code(damaged)


@pytest.mark.parametrize(
    "text", ["", "MUG", "L", "L-", "L-A-", "Q-A-B", "4006381333931", "l-a-b", "L-ü-A", "LONG TEXT"]
)
def test_what_is_not_in_our_form_is_left_to_others(text: str) -> None:
    assert parse_own_code(text) is None


@pytest.mark.parametrize("value", ["", "a", "A B", "A_B", "É", "A\n"])
def test_what_a_code_cannot_hold_is_refused_before_it_is_printed(value: str) -> None:
    with pytest.raises(BadCode):
        own_code("L", value)


def test_an_unknown_kind_is_no_code() -> None:
    with pytest.raises(ValueError, match="'Q'"):
        own_code("Q", "A")


@pytest.mark.parametrize(
    ("digits", "check"),
    [
        ("629104150021", "3"),  # Source: https://www.gs1.org/services/how-calculate-check-digit-manually
        ("400638133393", "1"),
        ("00614141123456789", "0"),
    ],
)
def test_the_gs1_check_digit(digits: str, check: str) -> None:
    assert gs1_check_digit(digits) == check
    assert is_gs1_number(digits + check, len(digits) + 1)


@pytest.mark.parametrize("digits", ["4006381333932", "400638133393", "400638133393X", "４００６３８１３３３９３１", ""])
def test_a_wrong_gs1_number_is_none(digits: str) -> None:
    assert not is_gs1_number(digits, 13)


@pytest.mark.parametrize(
    ("scanned", "key"),
    [
        ("4006381333931", "04006381333931"),
        ("04006381333931", "04006381333931"),
        ("96385074", "00000096385074"),
        ("4006381333932", "4006381333932"),  # wrong check digit: it may be somebody's own number
        (" mug-1 ", "MUG-1"),
    ],
)
def test_one_item_one_key_however_its_gtin_is_written(scanned: str, key: str) -> None:
    assert barcode_key(scanned) == key


def test_gtins_have_four_lengths_only() -> None:
    assert gtin14("12345") is None
    assert gtin14("4006381333931") == "04006381333931"


def test_an_sscc_fills_eighteen_digits() -> None:
    assert sscc("0614141", 123456789) == "006141411234567890"
    assert is_gs1_number(sscc("0614141", 7), 18)
    assert sscc("0614141", 7, extension_digit=3).startswith("30614141")


@pytest.mark.parametrize("serial", [-1, 10**9])
def test_a_serial_that_does_not_fit_is_refused(serial: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        sscc("06141411", serial)
