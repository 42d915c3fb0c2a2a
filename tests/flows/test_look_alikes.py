"""Goods that are mistaken for one another are scanned themselves, whatever else would do for others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fulfillment.flows import pick
from fulfillment.flows.step import Goods, Goto, Heard, ItemRead, Place, check_itself
from fulfillment.scanning.classify import ReadKind

SMALL = ItemRead(1, "TEE-S", 1, None, "TEE-S", is_look_alike=True)
TASK = pick.PickTask(
    7, Place(11, "A01-01-1"), Goods(1, "TEE-S", "Tee S", "TEE-S"), 12, 1, "SO-1", "000001", is_look_alike=True,
    others=(Goods(2, "TEE-M", "Tee M", "TEE-M"),),
)  # fmt: skip
STOP = pick.Facts(pick.Tour(1, 2, 340, 1, 4, (), "A02-01-1"), task=TASK)


@pytest.mark.parametrize(
    ("how", "wrong"),
    [
        ({}, None),
        ({"keyed_each": 1}, None),
        ({"barcode_each": 12}, None),
        ({"barcode_each": 12, "keyed_each": 2}, None),
        ({"keyed_each": 2}, ("scan_each", "1", "2")),
        ({"barcode_each": 6, "keyed_each": 7}, ("scan_each", "6", "7")),
        ({"is_by_hand": True}, ("scan_itself", "TEE-S", "TEE-S")),
        ({"is_by_hand": True, "is_look_alike": False}, None),
        ({"keyed_each": 9, "is_look_alike": False}, None),
    ],
)
def test_of_look_alikes_each_is_scanned_and_none_touched_typed_or_keyed(how: dict[str, Any], wrong: Any) -> None:
    rejected = check_itself(replace(SMALL, **how))
    assert (rejected and (rejected.code, rejected.expected, rejected.got)) == wrong


def test_at_the_bin_a_touch_or_a_number_takes_no_look_alike_and_a_scan_does() -> None:
    def hear(**how: Any) -> Any:
        return pick.hear("item", {"at": 11}, Heard(ReadKind.ITEM, "TEE-S", "TEE-S", None, replace(SMALL, **how)), STOP)

    assert hear(is_by_hand=True).code == "scan_itself"
    assert hear(keyed_each=12).code == "scan_each"
    assert isinstance(hear(), Goto)


def test_the_screen_names_what_it_could_be_mistaken_for_and_has_no_button_for_it() -> None:
    step = pick.settle({"at": 11}, STOP)
    assert step.fields["look_alikes"] == [{"sku": "TEE-M", "name": "Tee M", "barcode": "TEE-M"}]
    assert [(one.code, one.label) for one in step.expects if one.kind == "item"] == [(None, "TEE-S")]
    plain = pick.settle({"at": 11}, pick.Facts(STOP.tour, task=replace(TASK, is_look_alike=False, others=())))
    assert "look_alikes" not in plain.fields
    assert [one.code for one in plain.expects if one.kind == "item"] == ["TEE-S"]
