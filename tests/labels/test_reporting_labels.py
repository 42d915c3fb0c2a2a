"""A label that reports itself when it is out looks like one that does not, dot for dot."""

from __future__ import annotations

import pytest

from devices.zpl_queries import with_proof
from label_templates import TEMPLATES, render
from label_templates.samples import SAMPLES
from simulators import label_reader

pytestmark = pytest.mark.skipif(not label_reader.can_read(), reason="the extra `labels` is not installed")

FIRST = {sample.template: sample for sample in reversed(SAMPLES) if TEMPLATES[sample.template].language == "zpl"}


@pytest.mark.parametrize("template", FIRST)
def test_the_report_is_no_ink(template: str) -> None:
    content = render(template, FIRST[template].fields, 203)
    reporting = with_proof(content, "floor-4711-1")
    assert reporting != content
    assert label_reader.render_label(reporting) == label_reader.render_label(content)
