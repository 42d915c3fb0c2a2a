"""`floor import …`: files in, a report out; exit code 0 only when nothing was rejected.

Owns the options of each import; how one runs is in `import_runs`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fulfillment.bootstrap import Floor
from fulfillment.import_runs import run_import
from fulfillment.services import imports
from fulfillment.services.imports import ImportReport, Options, OrderOptions

EXIT_CODES = (
    "Exit code: 0 when no row was rejected, 1 when one was or the file cannot be read, 2 for a wrong command line."
)


@click.group("import")
def import_group() -> None:
    """Bring items, locations, opening stock and orders in from CSV files.

    Plain or gzip, UTF-8 (or Windows-1252), separated by comma, semicolon or tab; the first row names the
    columns. Importing a file twice changes nothing the second time.
    """


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    """The argument and options every import has."""
    for add in reversed(
        (
            click.argument("file", type=click.Path(path_type=str)),
            click.option("--map", "headings", metavar="OURS=THEIRS,…", default="", help="Columns by other headings."),
            click.option("--dry-run", is_flag=True, help="Same report, but the database stays as it is."),
            click.option(
                "--reject", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                help="Write rows that were not imported to FILE: their columns and the reason.",
            ),
            click.option("--json", "json_to", metavar="FILE", help="Write the report as JSON; - is standard output."),
            click.option(
                "--limit-errors", type=click.IntRange(0, 100_000), default=100, show_default=True,
                help="How many row errors the report lists; all are counted, and all go to the reject file.",
            ),
        )
    ):  # fmt: skip
        command = add(command)
    return command


@import_group.command(
    "items",
    help="""Create items and bring known ones to what FILE says; SKUs match in any letter case.

\b
Columns (only sku is needed; what the file does not have stays as it is):
  sku             as you write it; it can also be scanned
  name
  name:en name:zh_Hans name:de name:es   what it is called in that language (name_zh and so on too)
  barcodes        each:5012345678900;case12:15012345678907;inner6:…
                  (each, innerN, caseN, palletN; check digits are checked)
  length_mm width_mm height_mm weight_g    of one each
  is_service      1 = invoiced, never picked (postage, fees)
  tracks_lot tracks_expiry tracks_serial   1 or 0
  rotation        fifo, fefo, lifo, none; empty = as its zone says, else fefo where expiry is tracked, else fifo
  tolerance_days  receipts this many days apart count as equally old; empty = as its zone says, else 0
  min_life_days   not promised with fewer days to its expiry
  zone            it is kept in that zone only
  storage_class   one word; kept only in zones that list it (empty = general)
  velocity        A, B or C: near goods in near places
  return_dating   original (default) or today: which day returned units count from
  is_fragile keeps_upright   1 or 0: nothing is packed on it; it is packed standing on its base
  max_load_g      as much may be packed on one; empty = any
  hs_code origin value_minor currency      for customs; 1250 = 12.50
  look_alike      items with the same word look like one another (a size, a colour, a plug): each is scanned itself
  scan_each_max   up to so many units are scanned one by one when packing
  note            not stored

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def items_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_items(floor.writer, file, options))


@import_group.command(
    "locations",
    help="""Create locations and bring known ones to what FILE says.

\b
Columns (code and kind are needed):
  code            0-9, A-Z and dashes, as printed on its label: A03-07-2
  kind            bin, reserve, flow_rack, staging, station, dock, ship_lane
  access          any, fifo (flow rack) or lifo (push-back, stack)
  zone aisle bay level
  x_dm y_dm       where one stands to reach it, in decimetres
  storey          0 is the lowest; of a floor of walkways
  walk_point      the point of a floor of walkways it is reached from; empty = the nearest walkway, within 3 m
  capacity_ml max_weight_g   0 = unlimited
  height_mm       of the opening; goods stand upright; 0 = unlimited
  velocity        A, B or C: how near to the front it lies
  is_pickable     0 = nobody picks from it, replenishment brings its goods down first
  note            not stored

A location that holds stock or work keeps its kind, and one that holds stock its access. Two storage locations
of one bay cannot share a point and a level. Ship lanes LANE-DOM, LANE-EU and LANE-WORLD get their default carriers.

"""
    + EXIT_CODES,
)
@_shared
@click.option(
    "--cross-aisles-y-dm", metavar="Y,Y,…", default=None,
    help="Where the cross-aisles run, as in 0,300,600; without it they are inferred from the bins.",
)  # fmt: skip
@click.pass_context
def locations_command(ctx: click.Context, /, cross_aisles_y_dm: str | None, **asked: Any) -> None:
    cross_aisles = _whole_numbers("--cross-aisles-y-dm", cross_aisles_y_dm)
    run_import(
        ctx, asked,
        lambda floor, file, options: imports.import_locations(floor.writer, file, options, cross_aisles),
    )  # fmt: skip


@import_group.command(
    "zones",
    help="""Describe zones and bring known ones to what FILE says.

\b
Columns (only code is needed; what the file does not have stays as it is):
  code            as locations and items name it
  name
  rotation        fifo, fefo, lifo, none; empty = as each item says
  tolerance_days  receipts this many days apart count as equally old; empty = as each item says
  storage_classes words with blanks between, as in general food; * or empty = all
  note            not stored

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def zones_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_zones(floor.writer, file, options))


@import_group.command(
    "stock",
    help="""Put opening stock where FILE says: for the day the floor starts, not for deliveries.

\b
Columns:
  sku location qty
  received_on     2026-01-31; oldest goods leave first
  lot expiry_on serial      needed where the item tracks them
  note            not stored

The rules of putaway hold: storage only, one item a location, room enough, nothing older buried. A row taken
before is recognised, in whichever file; with another quantity it is an error (count the location instead).

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def stock_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_stock(floor.writer, file, options))


@import_group.command(
    "purchase-orders",
    help="""Note what was ordered of suppliers, one row a line.

\b
Columns (the first three are needed):
  number          the purchase order's number: 0-9, A-Z and dashes
  sku qty_each
  supplier ordered_on due_on               the same in all rows of an order
  unit_cost_minor                          paid for one; 125 = 1.25
  note            not stored

A purchase order is stored whole or not at all. The same one again is unchanged; with other content it is an error.

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def purchase_orders_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_purchase_orders(floor.writer, file, options))


@import_group.command(
    "receipts",
    help="""Announce what will arrive (ASN), one row a line.

\b
Columns (the first three are needed):
  number          the receipt's number: 0-9, A-Z and dashes
  sku qty_each
  supplier purchase_order due_on received_on needs_quality
                  the same in all rows of a receipt; needs_quality 1 = kept
                  apart until it was checked
  sscc            the pallet or carton the goods lie on; empty = loose
  parent_sscc     the one it stands on
  lot expiry_on
  serial          one row a serial, qty_each 1
  case_each       units of one closed case; 0 = loose
  note            not stored

A receipt is stored whole or not at all. The same one again is unchanged; with other content it is an error.

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def receipts_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_receipts(floor.writer, file, options))


@import_group.command(
    "orders",
    help="""Take orders in, one row a line; rows of an order need not be adjacent.

\b
Columns (the first four are needed):
  order           the order's number
  sku             in any letter case; unknown SKUs put the order on hold
  qty             eaches
  ordered_at      2026-01-31 14:05:00, with or without offset; without one it
                  is the warehouse's own time
  description unit_price currency          of the line; 1.65, GBP
  customer        a name or number, used when name is empty
  name address1 address2 city region postcode country phone
                  country as ISO code or English name
  policy          ship_partial (default) or ship_complete
  priority        higher goes first; 0
  channel         where it was sold; file
  may_substitute  1: another item may be sent where one is short; 0

An order is taken in whole or not at all: one wrong row keeps it out. The same order with the same content
is recognised; with other content it is an error. Left out and listed, but no error: cancellations (numbers
with the cancelled prefix) and quantities of zero or less.

"""
    + EXIT_CODES,
)
@_shared
@click.option("--shift-to-today", is_flag=True, help="Move all times by whole days: the file's first day is today.")
@click.option(
    "--cancelled-prefix", default="C", show_default=True, metavar="TEXT",
    help="Order numbers that begin so are cancellations; '' = none are.",
)  # fmt: skip
@click.option("--time-format", default="", metavar="PATTERN", help="How ordered_at is written, as in %d/%m/%Y %H:%M.")
@click.pass_context
def orders_command(
    ctx: click.Context, /, shift_to_today: bool, cancelled_prefix: str, time_format: str, **asked: Any
) -> None:
    def run(floor: Floor, file: str, options: Options) -> ImportReport:
        how = OrderOptions(floor.settings.max_line_each, shift_to_today, cancelled_prefix, time_format)
        return imports.import_orders(floor.writer, file, options, how)

    run_import(ctx, asked, run)


@import_group.command(
    "carton-types",
    help="""Say which cartons are kept at the benches.

\b
Columns (code, and for a new type its sizes and what it bears):
  code            0-9, A-Z and dashes, as printed on its barcode: XL
  name
  length_mm width_mm height_mm   inside
  max_weight_g    what the contents may weigh
  tare_g          the carton's own weight
  cost_minor      what one costs; 60 = 0.60. Without costs the smallest is the cheapest
  is_active       0 = not kept any more; empty = 1
  note            not stored

Orders released from then on are proposed the cartons that are kept. Types the file does not name stay as they are.

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def carton_types_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_carton_types(floor.writer, file, options))


@import_group.command(
    "put-walls",
    help="""Say where put walls stand and how many slots they have.

\b
Columns (code; for a new wall its location, rows and columns too):
  code            0-9, A-Z and dashes, at most 12; a slot is called W1-A03: third from the left in the top row
  location        the staging location it stands at
  rows columns    of slots; a wall can be made larger, not smaller
  name
  slot_volume_ml  what one slot holds; 0 = whatever comes
  note            not stored

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def put_walls_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_put_walls(floor.writer, file, options))


@import_group.command(
    "devices",
    help="""Add scanners, scales and printers, or change them.

\b
Columns (code; of a new one its kind and address too):
  code            as you call it; it stays
  kind            scanner, scale or printer
  address         as on the page of devices: tcp://10.0.0.5:9100, serial:///dev/ttyUSB0
  language dpi    of a printer: zpl or escpos; 203 or 300
  agent           whose bench it is at; empty = the server speaks with it
  station         whose scans a scanner's are
  signals         how it beeps
  stand_in        the printer that prints for one that cannot
  is_enabled      0 = not used now
  note            not stored

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def devices_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_devices(floor.writer, file, options))


@import_group.command(
    "walk-points",
    help="""Say where walkways meet and end, on a floor that is no grid of aisles.

\b
Columns (code, x_dm and y_dm are needed):
  code            as you write it, at most 30 letters: GATE-2
  x_dm y_dm       decimetres
  storey          0 is the lowest; empty = 0
  note            not stored

A file with a wrong row changes nothing.

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def walk_points_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_walk_points(floor.writer, file, options))


@import_group.command(
    "walkways",
    help="""Say which points walkways, stairs and lifts join; the points come first (`floor import walk-points`).

\b
Columns (code, from and to are needed):
  code            by which it is closed: MEZZ-STAIRS
  from to         points; between two storeys it is stairs or a lift
  length_dm       empty = the straight line
  takes_s         with the cart; instead of a length (stairs and lifts need one of the two)
  is_one_way      1 = from, to only; empty = both ways
  note            not stored

While there is a walkway, walks are planned on them and not on aisles. A file with a wrong row changes nothing.

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def walkways_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_walkways(floor.writer, file, options))


@import_group.command(
    "calendar",
    help="""Take dates in that differ from their weekday: days off, days worked out of turn.

\b
Columns (only day is needed; dates the file does not name stay as they are):
  day             2026-12-25
  opens closes    08:00 and 12:00; both empty = a day off
  note            shown with the calendar

Open orders get the cut-offs that follow. Weekly hours are set over HTTP (PUT /api/v1/calendar).

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def calendar_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_calendar(floor.writer, file, options))


@import_group.command(
    "pick-faces",
    help="""Say which location is an item's own pick face, and between which levels it is kept.

\b
Columns (all needed):
  location        a storage location people pick from
  sku             in any letter case
  min_each        refilled when less than so many are left for orders to come
  max_each        refilled up to so many
  note            not stored

A location is the face of one item; an item may have several. Faces the file does not name stay as they are.

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def pick_faces_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_pick_faces(floor.writer, file, options))


@import_group.command(
    "substitutes",
    help="""Say which item may be sent instead of which, unit for unit, where an order allows it.

\b
Columns (sku and substitute_sku are needed):
  sku             what was ordered, in any letter case
  substitute_sku  what may go instead
  rank            1 = asked first; several of one item: the lowest that is there
  note            not stored

Pairs the file does not name stay as they are. Orders allow it one by one (may_substitute); the default is no.

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def substitutes_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_substitutes(floor.writer, file, options))


@import_group.command(
    "floor-plan",
    help="""Say where tours begin and end and which aisles are one-way; FILE is the whole of it.

\b
Columns:
  what            start (one row at most), drop (tours end at the nearest), one_way
  place           for start and drop a dock, bench, lane or staging place; for one_way an aisle
  direction       of a one-way aisle: up (towards higher y) or down
  block           of a one-way aisle: 0 = the block nearest y = 0; empty = all along
  note            not stored

A file with a wrong row changes nothing.

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def floor_plan_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_floor_plan(floor.writer, file, options))


@import_group.command(
    "counts",
    help="""Ask for a count of each location in FILE; what is asked for already is not asked for again.

\b
Columns:
  location        a storage location
  note            not stored

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def counts_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_counts(floor.writer, file, options))


@import_group.command(
    "adjustments",
    help="""Units found, lost, set aside or freed: a row each, with a reason.

\b
Columns (the first five are needed):
  reference       your own number of the change; it is carried out once
  location sku qty
  why             found adds units, any other reason takes them off:
                  lost theft sample damaged expired data_error
                  hold and damaged: damaged quality expired recall
  change          adjust (default), hold, damaged or free
  lot serial      which units; without them the oldest free ones
  lpn             they lie on this pallet
  status          the condition they are in: available quarantine hold damaged
  note            not stored

What orders were promised is not touched: count the location instead.

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def adjustments_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_adjustments(floor.writer, file, options))


@import_group.command(
    "transfers",
    help="""Ask for stock to be sent to other warehouses, one row a line; rows of a transfer need not be adjacent.

\b
Columns (all needed):
  transfer        its number: 0-9, A-Z and dashes, as printed on its paper
  to_warehouse    the other warehouse's code
  sku qty
  note            not stored

A transfer is taken in whole or not at all. The same transfer with the same content is recognised; with other
content it is an error.

"""
    + EXIT_CODES,
)
@_shared
@click.pass_context
def transfers_command(ctx: click.Context, /, **asked: Any) -> None:
    run_import(ctx, asked, lambda floor, file, options: imports.import_transfers(floor.writer, file, options))


def _whole_numbers(name: str, text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no list of whole numbers like 0,300,600", param_hint=name) from error
