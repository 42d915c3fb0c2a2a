"""`floor item-picture`: what an item looks like, from a file.

Owns options and how things are printed; judges nothing.
"""

from __future__ import annotations

from pathlib import Path

import click

from fulfillment.bootstrap import open_floor
from fulfillment.domain.reasons import DomainError
from fulfillment.services.set_up import item_pictures
from fulfillment.settings import Settings


@click.command("item-picture")
@click.argument("sku")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--remove", is_flag=True, help="take the picture away instead")
def item_picture(sku: str, file: Path | None, remove: bool) -> None:
    """Show the picture in FILE (JPEG, PNG, WebP, GIF) on the screens wherever the item SKU is asked for."""
    if (file is None) != remove:
        raise click.UsageError("a FILE, or --remove")
    floor = open_floor(Settings.from_env())
    try:
        if file is None:
            floor.writer.write(lambda tx: item_pictures.take_away(tx, sku))
            click.echo(f"{sku}: no picture")
            return
        picture = item_pictures.fitted(file.read_bytes())
        kept = floor.writer.write(lambda tx: item_pictures.set_picture(tx, sku, picture))
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    finally:
        floor.close()
    click.echo(f"{sku}: {kept['width_px']} × {kept['height_px']}, {kept['bytes']:,} bytes")
