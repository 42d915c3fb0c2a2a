"""Every word the floor uses for a state, a reason or a kind is in the glossary."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from enum import StrEnum
from pathlib import Path

import fulfillment.domain

GLOSSARY = Path(__file__).resolve().parent.parent / "docs" / "glossary.md"


def vocabularies() -> list[type[StrEnum]]:
    found: dict[str, type[StrEnum]] = {}
    for module in pkgutil.iter_modules(fulfillment.domain.__path__, "fulfillment.domain."):
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(member, StrEnum) and member is not StrEnum:
                found[f"{member.__module__}.{member.__name__}"] = member
    return list(found.values())


def test_every_word_of_every_vocabulary_is_in_the_glossary() -> None:
    glossary = GLOSSARY.read_text("utf-8")
    missing = [
        f"{kind.__name__}.{word.name} ({word.value})"
        for kind in vocabularies()
        for word in kind
        if f"`{word.value}`" not in glossary
    ]
    assert not missing, "not in docs/glossary.md: " + ", ".join(missing)
