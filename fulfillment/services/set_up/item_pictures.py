"""What an item looks like, as small as a screen in a hand needs it.

Owns `item_picture`. Refuses what is no picture, or one too large to be opened. Invariant: what is kept was drawn anew
here, a JPEG of at most SIDE_PX each way without the camera's notes; its address is the hash of its bytes, so a browser
may keep it for good and a changed picture has another address.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx

SIDE_PX = 480
QUALITY = 80
MAX_PX = 40_000_000  # a small file can claim to be a large picture: opened, it would fill the memory
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

_NO_PICTURE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept."""

    content: bytes
    sha256: str
    width_px: int
    height_px: int


def fitted(given: bytes) -> Picture:
    """A picture of any size, upright and small, on white where it was transparent.

    Raises:
        DomainError: bad_picture.
    """
    try:
        with Image.open(io.BytesIO(given), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PX:
                raise DomainError("bad_picture", f"more than {MAX_PX:,} dots", "content")
            opened.draft("RGB", (2 * SIDE_PX, 2 * SIDE_PX))  # a photograph need not be opened in full
            small = ImageOps.exif_transpose(opened).convert("RGBA")
    except _NO_PICTURE as error:
        raise DomainError("bad_picture", f"not a whole picture ({', '.join(FORMATS)})", "content") from error
    small.thumbnail((SIDE_PX, SIDE_PX))
    drawn = Image.new("RGB", small.size, "white")
    drawn.paste(small, mask=small)
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=QUALITY, optimize=True)
    content = out.getvalue()
    return Picture(content, hashlib.sha256(content).hexdigest(), *drawn.size)


def set_picture(tx: Tx, sku: str, picture: Picture) -> dict[str, Any]:
    """Give an item this picture instead of any it had.

    Raises:
        NotFound: an unknown item.
    """
    item_id = _item_id(tx, sku)
    tx.put(
        "INSERT INTO item_picture (warehouse_id, item_id, sha256, content, width_px, height_px, changed_at_ms)"
        " VALUES (:w, :item, :sha256, :content, :width_px, :height_px, :now)"
        " ON CONFLICT (warehouse_id, item_id) DO UPDATE SET sha256 = excluded.sha256, content = excluded.content,"
        " width_px = excluded.width_px, height_px = excluded.height_px, changed_at_ms = excluded.changed_at_ms",
        item=item_id, sha256=picture.sha256, content=picture.content, width_px=picture.width_px,
        height_px=picture.height_px, now=tx.now_ms,
    )  # fmt: skip
    return {
        "sku": sku, "sha256": picture.sha256, "width_px": picture.width_px, "height_px": picture.height_px,
        "bytes": len(picture.content),
    }  # fmt: skip


def take_away(tx: Tx, sku: str) -> dict[str, Any]:
    """Leave an item without a picture.

    Raises:
        NotFound: an unknown item, or one without a picture.
    """
    if tx.run("DELETE FROM item_picture WHERE warehouse_id = :w AND item_id = :item", item=_item_id(tx, sku)) != 1:
        raise NotFound("no_picture", f"there is no picture of {sku!r}", "sku")
    return {"sku": sku}


def known(connection: Any, warehouse_id: int, skus: Iterable[str]) -> dict[str, dict[str, Any]]:
    """SKU → sha256, width_px, height_px, for those of `skus` that have a picture."""
    wanted = sorted(set(skus))
    if not wanted:
        return {}
    numbered = {f"s{place}": sku.upper() for place, sku in enumerate(wanted)}
    rows = connection.execute(
        "SELECT i.sku, p.sha256, p.width_px, p.height_px FROM item i"
        " JOIN item_picture p ON p.warehouse_id = i.warehouse_id AND p.item_id = i.id"
        f" WHERE i.warehouse_id = :w AND i.sku_key IN ({', '.join(f':{mark}' for mark in numbered)})",
        {"w": warehouse_id, **numbered},
    ).fetchall()
    return {row["sku"]: {name: row[name] for name in ("sha256", "width_px", "height_px")} for row in rows}


def address_of(tx: Tx, sku: str) -> str:
    """The hash an item's picture is known by; '' = it has none."""
    row = tx.one(
        "SELECT p.sha256 FROM item i JOIN item_picture p ON p.warehouse_id = i.warehouse_id AND p.item_id = i.id"
        " WHERE i.warehouse_id = :w AND i.sku_key = :key",
        key=sku.upper(),
    )
    return "" if row is None else str(row["sha256"])


def content_of(tx: Tx, sha256: str) -> bytes | None:
    """The picture whose bytes have this hash; None when no item has it (any more)."""
    row = tx.one("SELECT content FROM item_picture WHERE warehouse_id = :w AND sha256 = :hash LIMIT 1", hash=sha256)
    return None if row is None else bytes(row["content"])


def _item_id(tx: Tx, sku: str) -> int:
    item = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku_key = :key", key=sku.upper())
    if item is None:
        raise NotFound("unknown_sku", f"no item {sku!r}", "sku")
    return int(item["id"])
