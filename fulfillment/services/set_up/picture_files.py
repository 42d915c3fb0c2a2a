"""Pictures of many items in one zip, each file named by its SKU.

Every picture is drawn anew and small (`item_pictures`); a file that is none is named with the reason and leaves the
others alone. Refuses a file that unpacks to more than a picture may have before it is unpacked whole.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services.set_up import item_pictures

MAX_FILES = 300
"""Of one zip: as many are drawn within the time a page waits."""
MAX_PICTURE = 20 * 1024 * 1024
_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class WrongFile:
    """A file of the zip that gave no picture: its name, a stable reason, and words."""

    name: str
    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class PicturesBrought:
    """How many items have a picture of the zip now, and which files gave none."""

    count: int
    wrong: tuple[WrongFile, ...]


def bring_zip(writer: Writer, content: bytes) -> PicturesBrought:
    """Give each item the picture named by its SKU (`MUG-BLUE.jpg`).

    Raises:
        DomainError: bad_zip, too_many_files.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            files = [one for one in opened.infolist() if not one.is_dir() and not _is_litter(one.filename)]
            if len(files) > MAX_FILES:
                raise DomainError("too_many_files", f"{len(files)} files: at most {MAX_FILES} in one zip", "file")
            return _brought(writer, opened, files)
    except zipfile.BadZipFile as error:
        raise DomainError("bad_zip", f"not a zip file: {error}", "file") from error


def _brought(writer: Writer, opened: zipfile.ZipFile, files: list[zipfile.ZipInfo]) -> PicturesBrought:
    count, wrong, seen = 0, [], set[str]()
    drawn: list[tuple[str, str, item_pictures.Picture]] = []
    for one in files:
        sku = PurePosixPath(one.filename.replace("\\", "/")).stem.strip()
        try:
            if sku.upper() in seen:
                raise DomainError("twice", f"another file is named {sku} too", "file")
            seen.add(sku.upper())
            drawn.append((one.filename, sku, item_pictures.fitted(_unpacked(opened, one))))
        except DomainError as error:
            wrong.append(WrongFile(one.filename, error.code, error.detail))
        if len(drawn) >= _AT_ONCE:
            found = list(_kept(writer, drawn))
            count, wrong, drawn = count + len(drawn) - len(found), wrong + found, []
    found = list(_kept(writer, drawn))
    return PicturesBrought(count + len(drawn) - len(found), tuple(wrong + found))


def _unpacked(opened: zipfile.ZipFile, one: zipfile.ZipInfo) -> bytes:
    # Of the other ways to pack, the whole content is unpacked into memory before the first byte is given.
    if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DomainError("bad_file", "packed in a way that is not read here: deflate only", "file")
    try:
        with opened.open(one) as file:
            content = file.read(MAX_PICTURE + 1)  # what the zip says of its size is its own word
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError) as error:
        raise DomainError("bad_file", f"cannot be unpacked: {error}", "file") from error
    if len(content) > MAX_PICTURE:
        raise DomainError("file_too_large", f"more than {MAX_PICTURE // 1_000_000} MB", "file")
    return content


def _kept(writer: Writer, drawn: list[tuple[str, str, item_pictures.Picture]]) -> Iterator[WrongFile]:
    """Those of no item."""

    def work(tx: Tx) -> list[WrongFile]:
        wrong = []
        for name, sku, picture in drawn:
            try:
                item_pictures.set_picture(tx, sku, picture)
            except DomainError as error:
                wrong.append(WrongFile(name, error.code, error.detail))
        return wrong

    if drawn:
        yield from writer.write(work)


def _is_litter(name: str) -> bool:
    """What an archiver puts in by itself."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.name.startswith(".") or path.name == "Thumbs.db" or "__MACOSX" in path.parts
