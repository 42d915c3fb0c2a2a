"""`floor labels …`: the templates, prints asked for by hand, pictures, and the oracle that reads labels back.

Exit code 0 done, 1 a label is not what was meant, 2 what was asked cannot be done (which field, which printer), 3 the
extra `labels` is not installed. Prints go through the outbox: what is said here is that they are intended, not that
they came out.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.reasons import DomainError
from fulfillment.founding import say
from fulfillment.services.printing import hand_prints, label_fields, label_previews
from fulfillment.settings import Settings
from label_templates import TEMPLATES, Field, LabelFieldError, barcodes_of, render, size_dots, slip_in_words
from label_templates.fonts import scripts_without_a_font
from label_templates.samples import SAMPLES, Sample
from simulators import label_oracle, label_reader
from simulators.label_oracle import Expected, Sheet
from simulators.receipt_printer import ReceiptPrinter
from simulators.zpl_printer import ZplPrinter

MISSING_EXTRA = 3
_TEMPLATE = click.argument("template", type=click.Choice(list(TEMPLATES)), metavar="TEMPLATE")
_JSON = click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
_FIELDS = (
    click.option("--field", "words", multiple=True, metavar="NAME=VALUE", help="ship_to.city=Kyoto; rows as JSON"),
    click.option("--from-file", type=click.Path(exists=True, dir_okay=False), metavar="F.json", help="the fields"),
    click.option("--of", "thing", metavar="CODE", help="take them from this location, tote, SKU, SSCC, parcel or tour"),
)


def _with_fields(command: Any) -> Any:
    for option in reversed(_FIELDS):
        command = option(command)
    return command


@click.group("labels")
def labels_group() -> None:
    """Labels and slips: what there is, print by hand, preview, verify."""


@labels_group.command("list")
@_JSON
def list_command(json_file: str | None) -> None:
    """Every template with its size and its fields (* must be given)."""
    lines = []
    for template in TEMPLATES.values():
        width, height = template.size_mm
        size = f"{width:g} mm roll" if height is None else f"{width:g} x {height:g} mm"
        fields = " ".join(field.name + ("*" if field.is_required else "") for field in template.fields)
        dpis = "/".join(map(str, template.dpis))
        lines.append(f"{template.name:13} {template.language:6} {size:16} {dpis} dpi  {fields}")
    say(json_file, label_previews.described() if json_file else None, "\n".join(lines))


@labels_group.command("print")
@_TEMPLATE
@click.option("--printer", "printer_code", metavar="CODE", help="which one, where several print such labels")
@click.option("--copies", type=click.IntRange(1, hand_prints.MOST_COPIES), default=1, show_default=True)
@_with_fields
@_JSON
def print_command(
    template: str, printer_code: str | None, copies: int, words: tuple[str, ...], from_file: str | None,
    thing: str | None, json_file: str | None,
) -> None:  # fmt: skip
    """Have TEMPLATE printed: the print is queued, and a running floor prints it."""
    with _floor_open() as floor:
        fields = _fields(floor, template, words, from_file, thing)
        report = floor.writer.write(lambda tx: hand_prints.queue(tx, template, fields, printer_code, copies))
    say(json_file, report, f"queued at {report['printer']} ({report['printer_state']}): "
        + ", ".join(f"print {number}" for number in report["prints"]))  # fmt: skip


@labels_group.command("preview")
@_TEMPLATE
@click.option("--out", required=True, type=click.Path(dir_okay=False, writable=True), metavar="FILE.png|.svg|.txt")
@click.option("--dpi", type=click.Choice(["203", "300"]), default="203", show_default=True)
@click.option("--zpl", "as_bytes", is_flag=True, help="write the bytes a printer gets instead of a picture")
@_with_fields
def preview_command(
    template: str, out: str, dpi: str, as_bytes: bool, words: tuple[str, ...], from_file: str | None,
    thing: str | None,
) -> None:  # fmt: skip
    """Show TEMPLATE before it is printed; without fields, its sample. A slip is shown as text (FILE.txt)."""
    if thing:
        with _floor_open() as floor:
            fields = _fields(floor, template, words, from_file, thing)
    else:
        fields = _fields(None, template, words, from_file, None) or label_previews.sample_of(template).fields
    form, is_slip = Path(out).suffix.lstrip("."), TEMPLATES[template].language == "escpos"
    if not as_bytes and form not in (("txt",) if is_slip else ("png", "svg")):
        raise click.UsageError(f"--out: {template} is shown as " + ("FILE.txt" if is_slip else "FILE.png or FILE.svg"))
    try:
        content = render(template, fields, int(dpi))
        if not as_bytes:
            content = (
                slip_in_words(template, fields).encode("utf-8")
                if is_slip
                else label_previews.drawn(content, template, int(dpi), form)
            )
    except LabelFieldError as error:
        raise click.UsageError(str(error)) from error
    except label_previews.CannotDraw as error:
        click.echo(f"floor: {error}; --zpl writes what the printer gets", err=True)
        sys.exit(MISSING_EXTRA)
    Path(out).write_bytes(content)
    click.echo(f"{out}: {len(content)} bytes")


@labels_group.command("verify")
@click.argument("template", type=click.Choice(list(TEMPLATES)), required=False, metavar="[TEMPLATE]")
@_JSON
def verify_command(template: str | None, json_file: str | None) -> None:
    """Print every sample to a simulated printer, draw what arrived, read it, and measure it."""
    if not label_reader.can_read():
        click.echo(f"floor: {label_reader.MISSING_EXTRA}", err=True)
        sys.exit(MISSING_EXTRA)
    rows = []
    with oracle_open() as oracle:
        for sample in SAMPLES:
            for dpi in TEMPLATES[sample.template].dpis if template in (None, sample.template) else ():
                rows.append(_verified(oracle, sample, dpi))
    lines = [
        f"{'ok' if not row['faults'] else 'FAULT':5} {row['template']:13} {row['sample']:20} {row['dpi']} dpi "
        f" {row['bytes']:>6} bytes  {' '.join(map(ascii, row['read']))}"
        + "".join(f"\n      {fault}" for fault in row["faults"])
        for row in rows
    ]
    wrong = sum(bool(row["faults"]) for row in rows)
    lines += [f"no font here: {script}" for script in scripts_without_a_font()]
    say(json_file, rows, "\n".join([*lines, f"{len(rows)} labels, {wrong} not as they should be"]))
    sys.exit(1 if wrong else 0)


@dataclass(frozen=True)
class Oracle:
    """The two simulated printers that labels go through on their way to the judge."""

    labels: ZplPrinter
    slips: ReceiptPrinter

    def judge(self, template: str, fields: Mapping[str, object], dpi: int) -> list[str]:
        """Render, print over TCP, draw and read what arrived; what is wrong with it, nothing when it is right."""
        content = render(template, fields, dpi)
        expected = [
            Expected(each.text, each.aim, each.module_um, each.widest_um, each.height_um)
            for each in barcodes_of(template, fields)
        ]
        width, height = size_dots(template, dpi)
        if height is None:
            return [*label_oracle.send(self.slips, content), *label_oracle.judge_slip(content, expected)]
        sheet = Sheet(width, height, dpi)
        return [*label_oracle.send(self.labels, content), *label_oracle.judge_label(content, expected, sheet)]


@contextmanager
def oracle_open(folder: Path | None = None) -> Iterator[Oracle]:
    """Printers on free ports of this machine; their tapes go with them unless `folder` keeps them."""
    with ExitStack() as stack:
        tapes = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        labels = stack.enter_context(ZplPrinter(tapes / "labels"))
        yield Oracle(labels, stack.enter_context(ReceiptPrinter(tapes / "slips")))


def _verified(oracle: Oracle, sample: Sample, dpi: int) -> dict[str, Any]:
    faults = oracle.judge(sample.template, sample.fields, dpi)
    texts = tuple(each.text for each in barcodes_of(sample.template, sample.fields))
    if texts != sample.barcodes:
        faults.append(f"sample: says {sample.barcodes}, its template {texts}")
    return {
        "template": sample.template, "sample": sample.name, "dpi": dpi, "faults": faults, "read": texts,
        "bytes": len(render(sample.template, sample.fields, dpi)),
    }  # fmt: skip


@contextmanager
def _floor_open() -> Iterator[Floor]:
    floor = open_floor(Settings.from_env())
    try:
        yield floor
    except DomainError as refused:
        raise click.UsageError(refused.detail) from refused
    finally:
        floor.close()


def _fields(
    floor: Floor | None, template: str, words: tuple[str, ...], from_file: str | None, thing: str | None
) -> dict[str, Any]:  # fmt: skip
    """The fields from the file, from what the floor knows of `thing`, then what was said on the line, which wins."""
    fields: dict[str, Any] = {}
    if from_file:
        try:
            fields = json.loads(Path(from_file).read_text("utf-8"))
        except ValueError as error:
            raise click.UsageError(f"{from_file}: {error}") from error
        if not isinstance(fields, dict):
            raise click.UsageError(f"{from_file}: not an object of fields")
    missing: list[str] = []
    if thing and floor is not None:
        category = next((word.partition("=")[2] for word in words if word.startswith("category=")), "")
        found, missing = floor.read(lambda tx: label_fields.fields_of(tx, template, thing, category))
        fields |= found
    for word in words:
        _put(fields, TEMPLATES[template].fields, word)
    if missing and not any(word.startswith("items=") for word in words):
        raise click.UsageError(
            "the catalogue lacks what customs asks for; import it, or give --field items=…\n  " + "\n  ".join(missing)
        )
    return fields


def _put(fields: dict[str, Any], declared: tuple[Field, ...], word: str) -> None:
    """One NAME=VALUE: a count becomes a number, rows are JSON, `ship_to.city` goes into the address."""
    name, separator, value = word.partition("=")
    if not separator:
        raise click.UsageError(f"--field {word!r}: NAME=VALUE")
    first, _, part = name.partition(".")
    kind = next((field.kind for field in declared if field.name == first), "")
    if part:
        inner = fields.setdefault(first, {})
        if kind != "address" or not isinstance(inner, dict):
            raise click.UsageError(f"--field {name}: {first} has no parts")
        inner[part] = value
    elif kind in ("rows", "address"):
        try:
            fields[name] = json.loads(value)
        except ValueError as error:
            raise click.UsageError(f"--field {name}: {error}") from error
    else:
        fields[name] = int(value) if kind == "count" and value.isascii() and value.isdigit() else value
