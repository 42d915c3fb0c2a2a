"""A label does not change by accident."""

from __future__ import annotations

import pytest

from label_templates import TEMPLATES, render
from label_templates.samples import SAMPLES, Sample
from tests.labels.goldens import FOLDER, golden_cases, golden_path


@pytest.mark.parametrize(("sample", "dpi"), golden_cases(), ids=lambda value: getattr(value, "name", value))
def test_a_sample_renders_to_its_golden_file(sample: Sample, dpi: int) -> None:
    assert render(sample.template, sample.fields, dpi) == golden_path(sample, dpi).read_bytes()


def test_every_golden_file_has_its_sample() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {golden_path(*case).name for case in golden_cases()}


def test_every_template_has_a_sample_and_one_drawn_with_a_font() -> None:
    assert {sample.template for sample in SAMPLES} == set(TEMPLATES)
    drawn = {sample.template for sample in SAMPLES if not sample.is_ascii}
    assert drawn == {"shipping_4x6", "packing_slip", "product", "lpn_a6", "cn22", "pick_list"}
