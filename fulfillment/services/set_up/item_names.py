"""What an item is called in languages other than the one of its `name`.

Owns `item_name`. Refuses a language this floor does not speak. Invariant: a name is never empty; what is not
translated goes by the item's own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fulfillment.domain.languages import LANGUAGES
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx

MAX_NAME = 200


def of_item(tx: Tx, item_id: int) -> dict[str, str]:
    """Language → name, for every language the item has a name in."""
    rows = tx.all(
        "SELECT language, name FROM item_name WHERE warehouse_id = :w AND item_id = :item ORDER BY language",
        item=item_id,
    )
    return {row["language"]: row["name"] for row in rows}


def set_names(tx: Tx, sku: str, names: Mapping[str, str]) -> dict[str, str]:
    """Set an item's names, '' takes one away; languages not named stay. Returns all there are now.

    Raises:
        NotFound: an unknown item; DomainError: bad_language, bad_name.
    """
    item = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku_key = :key", key=sku.upper())
    if item is None:
        raise NotFound("unknown_sku", f"no item {sku!r}", "sku")
    change(tx, item["id"], names)
    return of_item(tx, item["id"])


def change(tx: Tx, item_id: int, names: Mapping[str, str]) -> bool:
    """`set_names` of an item known by its id; whether anything changed.

    Raises:
        DomainError: bad_language, bad_name.
    """
    known, is_changed = of_item(tx, item_id), False
    for language, typed in names.items():
        name = typed.strip()
        if language not in LANGUAGES:
            raise DomainError("bad_language", f"no language {language!r}; there are {', '.join(LANGUAGES)}", "names")
        if len(name) > MAX_NAME:
            raise DomainError("bad_name", f"a name has at most {MAX_NAME} characters", "names")
        if name == known.get(language, ""):
            continue
        is_changed = True
        if not name:
            tx.put(
                "DELETE FROM item_name WHERE warehouse_id = :w AND item_id = :item AND language = :language",
                item=item_id, language=language,
            )  # fmt: skip
        else:
            tx.put(
                "INSERT INTO item_name (warehouse_id, item_id, language, name) VALUES (:w, :item, :language, :name)"
                " ON CONFLICT (warehouse_id, item_id, language) DO UPDATE SET name = excluded.name",
                item=item_id, language=language, name=name,
            )  # fmt: skip
    return is_changed


def translated(connection: Any, warehouse_id: int, language: str, skus: Iterable[str]) -> dict[str, str]:
    """SKU → name in this language, for those of `skus` that have one."""
    wanted = sorted(set(skus))
    if not wanted:
        return {}
    numbered = {f"s{place}": sku for place, sku in enumerate(wanted)}
    rows = connection.execute(
        "SELECT i.sku, n.name FROM item i JOIN item_name n ON n.warehouse_id = i.warehouse_id AND n.item_id = i.id"
        f" AND n.language = :language WHERE i.warehouse_id = :w AND i.sku_key IN ({_marks(numbered)})",
        {"w": warehouse_id, "language": language, **{mark: sku.upper() for mark, sku in numbered.items()}},
    ).fetchall()
    return {row["sku"]: row["name"] for row in rows}


def own_names(connection: Any, warehouse_id: int, skus: Iterable[str]) -> dict[str, str]:
    """SKU → the item's own name, for those of `skus` that are items."""
    numbered = {f"s{place}": sku.upper() for place, sku in enumerate(sorted(set(skus)))}
    if not numbered:
        return {}
    rows = connection.execute(
        f"SELECT sku, name FROM item WHERE warehouse_id = :w AND sku_key IN ({_marks(numbered)})",
        {"w": warehouse_id, **numbered},
    ).fetchall()
    return {row["sku"]: row["name"] for row in rows}


def _marks(numbered: Mapping[str, str]) -> str:
    return ", ".join(f":{mark}" for mark in numbered)
