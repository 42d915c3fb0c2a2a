"""Rules of reading: what a code is follows from the code alone, and nothing odd gets past the door."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.codes import OwnKind, own_code, sscc
from fulfillment.domain.reasons import Reject, Rejected, Why
from fulfillment.scanning.classify import GS, MAX_CODE, MalformedCode, Read, ReadKind, check_raw, classify

SSCC = sscc("0614141", 42)

WITH_VALUES = (OwnKind.COMMAND, OwnKind.REASON, OwnKind.WEIGHT)  # not any value will do


def read(code: str) -> Read:
    answer = classify(code)
    assert isinstance(answer, Read), answer
    return answer


# --- at the door -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", ["", " ", "\r\n", "\t"])
def test_nothing_is_not_a_code(raw: str) -> None:
    with pytest.raises(MalformedCode, match="empty"):
        check_raw(raw)


def test_a_scanners_suffix_is_cut_off() -> None:
    assert check_raw(" MUG\r\n") == "MUG"


def test_ten_kilobytes_are_not_a_code() -> None:
    with pytest.raises(MalformedCode, match="10240 characters"):
        check_raw("9" * 10_240)
    assert check_raw("9" * MAX_CODE)


@pytest.mark.parametrize("number", [*range(32), *range(127, 160)])
def test_control_characters_are_refused_all_but_the_separator(number: int) -> None:
    raw = f"A{chr(number)}B"
    if chr(number) == GS:
        assert check_raw(raw) == raw
    else:
        with pytest.raises(MalformedCode, match="control character"):
            check_raw(raw)


# --- own codes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in OwnKind if kind not in WITH_VALUES])
def test_own_codes_say_what_they_are(kind: OwnKind) -> None:
    answer = read(own_code(kind, "A01-2"))
    assert (answer.kind.name, answer.value) == (kind.name, "A01-2")


def test_own_codes_may_be_typed_in_small_letters() -> None:
    assert read(own_code("L", "A01-2").lower()).value == "A01-2"


def test_own_codes_are_known_behind_an_aim_identifier() -> None:
    code = own_code(OwnKind.BADGE, "1001")
    assert (read(f"]C0{code}").kind, read(f"]C0{code}").value) == (ReadKind.BADGE, "1001")
    assert classify(f"]C0{code[:-1]}{'0' if code[-1] != '0' else '1'}") == Rejected(
        Reject.MISREAD, got=f"]C0{code[:-1]}{'0' if code[-1] != '0' else '1'}"
    )


def test_a_damaged_own_code_is_a_misread_not_an_item() -> None:
    code = own_code("L", "A01-2")
    answer = classify(code.replace("A01", "A02"))
    assert isinstance(answer, Rejected)
    assert answer.code == "misread"


def test_a_command_must_be_one_we_know() -> None:
    assert read(own_code("C", "SHORT")).value == "SHORT"
    answer = classify(own_code("C", "DANCE"))
    assert isinstance(answer, Rejected)
    assert answer.code == "unknown_code"


# --- parcels ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [SSCC, "00" + SSCC, "]C100" + SSCC, f"]C100{SSCC}"])
def test_an_sscc_is_a_parcel_however_it_is_sent(code: str) -> None:
    assert read(code) == Read(ReadKind.PARCEL, SSCC, code)


def test_eighteen_digits_with_a_wrong_check_are_no_parcel() -> None:
    wrong = SSCC[:-1] + str((int(SSCC[-1]) + 1) % 10)
    assert read(wrong).kind == ReadKind.ITEM


# --- items -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["4006381333931", "04006381333931", "]E04006381333931"])
def test_a_gtin_is_matched_by_fourteen_digits(code: str) -> None:
    assert read(code).value == "04006381333931"


def test_any_other_text_may_be_a_barcode_somebody_registered() -> None:
    assert read("mug-1") == Read(ReadKind.ITEM, "MUG-1", "mug-1")


def test_a_gs1_string_brings_lot_expiry_and_serial() -> None:
    answer = read(f"]C10109506000134352172912311{'0'}AB12{GS}21S7")
    assert (answer.value, answer.lot, answer.expiry_on, answer.serial) == (
        "09506000134352", "AB12", "2029-12-31", "S7",
    )  # fmt: skip


def test_a_gs1_string_without_an_aim_id_is_known_by_its_separator() -> None:
    answer = read(f"010950600013435210AB{GS}21S7")
    assert (answer.lot, answer.serial) == ("AB", "S7")


@pytest.mark.parametrize("code", ["]C1", "]C110AB", f"{GS}", f"]d2{GS}{GS}99"])
def test_a_gs1_string_that_names_no_item_is_unknown(code: str) -> None:
    answer = classify(code)
    assert isinstance(answer, Rejected)
    assert answer.code == "unknown_code"


@pytest.mark.parametrize("code", ["\ud800", "MUG\udfff"])
def test_half_a_surrogate_pair_is_no_code(code: str) -> None:
    with pytest.raises(MalformedCode, match="half a character"):
        check_raw(code)


@given(st.text(max_size=250))
def test_no_text_at_all_breaks_the_reader(raw: str) -> None:
    try:
        code = check_raw(raw)
    except MalformedCode:
        return
    assert isinstance(classify(code), Read | Rejected)


@given(st.text(alphabet="0123456789" + GS + "]C1d2AB", max_size=60).map(lambda text: "]C1" + text))
def test_no_element_string_at_all_breaks_the_reader(code: str) -> None:
    assert isinstance(classify(code), Read | Rejected)


@pytest.mark.parametrize("why", list(Why))
def test_a_reason_is_read_as_the_word_it_stands_for(why: Why) -> None:
    read = classify(own_code("Y", why.upper().replace("_", "-")))
    assert isinstance(read, Read)
    assert (read.kind, read.value) == (ReadKind.REASON, why)


def test_a_reason_nobody_gives_is_unknown() -> None:
    assert classify(own_code("Y", "NO-REASON")) == Rejected(Reject.UNKNOWN_CODE, got=own_code("Y", "NO-REASON"))


def test_a_reading_of_a_scale_is_a_weight_and_a_half_one_is_nothing() -> None:
    answer = read(own_code("W", "S1234-17"))
    assert (answer.kind, answer.value) == (ReadKind.WEIGHT, "S1234-17")
    assert classify(own_code("W", "S-17")) == Rejected(Reject.UNKNOWN_CODE, got=own_code("W", "S-17"))
    assert classify("W-S1234-17-0") == Rejected(Reject.MISREAD, got="W-S1234-17-0")
