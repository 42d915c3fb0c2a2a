"""The golden files: what every ASCII sample renders to, byte for byte.

`python -m tests.labels.goldens` writes them anew; look at the difference, and at the labels, before committing it.
Samples that are drawn with a font are not among them: their bytes depend on the fonts installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from label_templates import TEMPLATES, render
from label_templates.samples import SAMPLES, Sample

FOLDER = Path(__file__).parent.parent / "data" / "labels"


def golden_cases() -> list[tuple[Sample, int]]:
    return [(sample, dpi) for sample in SAMPLES if sample.is_ascii for dpi in TEMPLATES[sample.template].dpis]


def golden_path(sample: Sample, dpi: int) -> Path:
    return FOLDER / f"{sample.template}-{sample.name.replace(' ', '-')}-{dpi}.{TEMPLATES[sample.template].language}"


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for sample, dpi in golden_cases():
        golden_path(sample, dpi).write_bytes(render(sample.template, sample.fields, dpi))
    return 0


if __name__ == "__main__":
    sys.exit(main())
