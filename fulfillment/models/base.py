"""What every table has in common: the warehouse leads its key, text is checked against its vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.db import db


class InWarehouse:
    """Keyed (warehouse_id, id): one warehouse's rows can move to a database of their own."""

    warehouse_id: Mapped[int] = mapped_column(Integer, ForeignKey("warehouse.id"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def belongs(column: str, table: str) -> ForeignKeyConstraint:
    """`column` names a row of `table` in the same warehouse."""
    return ForeignKeyConstraint(["warehouse_id", column], [f"{table}.warehouse_id", f"{table}.id"])


def one_of(column: str, values: Iterable[Any]) -> CheckConstraint:
    """`column` holds one of the words of its vocabulary."""
    words = ", ".join(f"'{value}'" for value in sorted(str(value) for value in values))
    return CheckConstraint(f"{column} IN ({words})", name=column)


def words(default: str | None = None, **options: Any) -> Mapped[str]:
    """A text column, '' rather than NULL where nothing is known."""
    if default is not None:
        options["server_default"] = default
    return mapped_column(Text, nullable=False, **options)


def whole(default: int | None = None, **options: Any) -> Mapped[int]:
    """A whole number that is always there."""
    if default is not None:
        options["server_default"] = str(default)
    return mapped_column(BigInteger, nullable=False, **options)


def maybe_whole(**options: Any) -> Mapped[int | None]:
    """A whole number or nothing."""
    return mapped_column(BigInteger, nullable=True, **options)


__all__ = ["InWarehouse", "Mapped", "belongs", "db", "maybe_whole", "one_of", "whole", "words"]
