"""What the documents say is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

import fulfillment.app  # noqa: F401 - declares every operation
from fulfillment import settings
from fulfillment.web.v1 import api

ROOT = Path(__file__).resolve().parent.parent
API = (ROOT / "docs" / "api.md").read_text("utf-8")
OPERATIONS = [
    f"{operation.method} {re.sub(r'<(?:int:|path:)?', '{', operation.path).replace('>', '}')}"
    for operation in api.operations
]


def section(title: str) -> str:
    found = re.search(rf"^### {re.escape(title)}(?:\?\S*)?$(.*?)(?=^##|\Z)", API, re.MULTILINE | re.DOTALL)
    assert found, f"docs/api.md has no section {title!r}"
    return found.group(1)


@pytest.mark.parametrize("title", OPERATIONS)
def test_every_operation_has_its_section(title: str) -> None:
    assert section(title).strip()


@pytest.mark.parametrize("number", range(len(OPERATIONS)), ids=OPERATIONS)
def test_the_example_bodies_are_bodies_the_server_takes(number: int) -> None:
    operation = api.operations[number]
    request = section(OPERATIONS[number]).split("→")[0]
    example = re.search(r"```json\n(.*?)\n```", request, re.DOTALL)
    assert (example is not None) == (operation.body is not None)
    if example is not None and operation.body is not None:
        body = msgspec.json.decode(example.group(1), type=operation.body)
        shown = msgspec.json.decode(example.group(1))
        assert set(shown) == set(body.__struct_fields__), "an example shows every field"


def test_no_section_describes_what_does_not_exist() -> None:
    titles = re.findall(r"^### ((?:GET|POST|PATCH|PUT|DELETE) [^?\s]+)", API, re.MULTILINE)
    assert sorted(titles) == sorted(OPERATIONS)


def test_every_setting_is_in_operations() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert [name for name in sorted(settings.KNOWN) if f"`{name}`" not in operations] == []


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needs = [*project["dependencies"], *(need for extra in project["optional-dependencies"].values() for need in extra)]
    names = {re.split(r"[\[><=]", need)[0] for need in needs} - {"floorline"}
    reasons = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    assert sorted(name for name in names if name not in reasons) == []


def test_the_documents_the_readme_links_are_there() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    links = re.findall(r"\]\(((?:docs|simulators)/[^)#]+)", readme)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
