"""Items by the name of the reader's language, wherever in a screen they are named, and with their picture where there
is one; by their own name where none is.

Pure. A dialogue knows items by their own name only: what it says is turned here, at the last moment, so that no flow
needs to know who reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def skus_in(value: Any) -> Iterator[str]:
    """The SKU of every item that is named with its name in these fields."""
    if isinstance(value, Mapping):
        if "name" in value and isinstance(value.get("sku"), str):
            yield value["sku"]
        for part in value.values():
            yield from skus_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from skus_in(part)


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The same fields with the items in `names` (SKU → name) called so; what is not changed is passed as it is."""
    if isinstance(value, Mapping):
        turned = {key: renamed(part, names) for key, part in value.items()}
        return {**turned, "name": names[turned["sku"]]} if "name" in turned and turned.get("sku") in names else turned
    if isinstance(value, list | tuple):
        return [renamed(part, names) for part in value]
    return value


def pictured(value: Any, pictures: Mapping[str, Mapping[str, Any]], address: str) -> Any:
    """The same fields with `picture` (address, width_px, height_px) beside the name of each item in `pictures`."""
    if not pictures:
        return value
    if isinstance(value, Mapping):
        shown = {key: pictured(part, pictures, address) for key, part in value.items()}
        picture = pictures.get(str(shown.get("sku"))) if "name" in shown else None
        return shown if picture is None else {**shown, "picture": _addressed(picture, address)}
    if isinstance(value, list | tuple):
        return [pictured(part, pictures, address) for part in value]
    return value


def _addressed(picture: Mapping[str, Any], address: str) -> dict[str, Any]:
    return {
        "address": f"{address}/{picture['sha256']}.jpg", "width_px": picture["width_px"],
        "height_px": picture["height_px"],
    }  # fmt: skip
