"""Bugs planted one at a time, and the test that must catch each: `python -m tests.plant`.

    python -m tests.plant [--only NAME] [--engine sqlite|postgresql] [--revision REV] [--jobs N] [--json FILE] [--list]

Works on a copy of the tree as it stands, or of a revision: a bug is one exact replacement in a source, whose text
must be there exactly once. Its one named test must pass without it and fail with it. Exit 1 when a bug escapes,
when a test fails unplanted, or when a text is not found: a suite that catches nothing here proves nothing elsewhere.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.planted_bugs import PLANTS, Plant

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".floor", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "*.egg-info"
)
TEST_S = 240.0
PASSED, FAILED = 0, 1  # pytest's exit codes; any other means that nothing was tested


class NotPlantable(RuntimeError):
    """A plant's text is not in its source, or not once: the plant has to follow the code."""


@dataclass(frozen=True)
class Caught:
    """What became of one plant. `by`: the line the test failed with."""

    name: str
    bug: str
    test: str
    engine: str
    caught: bool
    by: str
    took_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant, test, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", action="append", help="plants whose name contains it")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), help="plants of one engine; default: both")
    parser.add_argument("--revision", metavar="REV", help="plant in what git has there, not in the tree as it stands")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="also write the table there; - for the output")
    parser.add_argument("--list", action="store_true", help="name the plants and plant nothing")
    asked = parser.parse_args(arguments)
    plants = [
        plant for plant in PLANTS
        if (not asked.only or any(part in plant.name for part in asked.only))
        and asked.engine in (None, plant.engine)
    ]  # fmt: skip
    if not plants:
        parser.error("no plant of that name")
    if asked.list:
        for plant in plants:
            sys.stdout.write(f"{plant.name}: {plant.bug}\n    {plant.path} → {plant.test}\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(max(1, asked.jobs)):
            copies.put(copy_tree(Path(folder) / str(number), asked.revision))
        healthy = _unplanted(plants, copies)
        with ThreadPoolExecutor(max(1, asked.jobs)) as pool:
            found = []
            for one in pool.map(lambda plant: _with_a_copy(plant, copies), plants):
                found.append(one)
                sys.stderr.write(_line(one))
                sys.stderr.flush()
    escaped = [one.name for one in found if not one.caught]
    result = {
        "ok": healthy and not escaped, "plants": len(found), "caught": len(found) - len(escaped), "escaped": escaped,
        "healthy_without_plants": healthy, "table": [asdict(one) for one in found],
    }  # fmt: skip
    sys.stderr.write(f"{len(found) - len(escaped)} of {len(found)} caught\n")
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    if asked.json == "-":
        sys.stdout.write(text)
    elif asked.json:
        Path(asked.json).write_text(text, "utf-8")
    return 0 if result["ok"] else 1


def copy_tree(target: Path, revision: str | None = None) -> Path:
    """The tree as it stands, with what was compiled of it; or as git has it at a revision."""
    if revision is None:
        shutil.copytree(ROOT, target, ignore=LEFT_OUT, symlinks=True)
        return target
    target.mkdir()
    archive = subprocess.run(["git", "archive", "--format=tar", revision], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(target)], input=archive.stdout, check=True)
    compileall.compile_dir(str(target), quiet=2)
    return target


@contextmanager
def planted(plant: Plant, tree: Path) -> Iterator[None]:
    """The bug is in the tree within, and gone afterwards.

    Raises:
        NotPlantable: its text is not there exactly once.
    """
    edits = [(plant.path, plant.old, plant.new), *plant.more]
    before: dict[Path, str] = {}
    try:
        for path, old, new in edits:
            source = tree / path
            text = source.read_text("utf-8")
            if text.count(old) != 1:
                raise NotPlantable(f"{plant.name}: {text.count(old)} times in {path}: {old!r}")
            before.setdefault(source, text)
            _write(source, text.replace(old, new))
        yield
    finally:
        for source, text in before.items():
            _write(source, text)


def _write(source: Path, text: str) -> None:
    source.write_text(text, "utf-8")
    # What was compiled is told from its source by second and size only: not by an edit this quick.
    for compiled in (source.parent / "__pycache__").glob(f"{source.stem}.*.pyc"):
        compiled.unlink()


def run_tests(tree: Path, tests: Sequence[str], engine: str) -> tuple[int, str]:
    """pytest on tests of a tree; its exit code and what it said."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FLOOR_")},
        "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "TEST_ENGINES": engine,
    }  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=short", *tests]
    try:
        run = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=TEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return FAILED, f"E   did not end within {TEST_S:.0f} s"
    return run.returncode, run.stdout + run.stderr


def _unplanted(plants: Sequence[Plant], copies: SimpleQueue[Path]) -> bool:
    """Every named test passes as long as nothing is planted."""
    tree, healthy = copies.get(), True
    where = subprocess.run(
        [sys.executable, "-c", "import fulfillment; print(fulfillment.__file__)"], cwd=tree, check=True, text=True,
        capture_output=True, env={**os.environ, "PYTHONPATH": str(tree)},
    ).stdout  # fmt: skip
    if not where.startswith(str(tree)):
        raise NotPlantable(f"tests of the copy would import {where.strip()}")
    for engine in sorted({plant.engine for plant in plants}):
        tests = sorted({plant.test for plant in plants if plant.engine == engine})
        code, said = run_tests(tree, tests, engine)
        if code != PASSED:
            healthy = False
            sys.stderr.write(f"{said}\nwithout any plant a named test fails on {engine} (exit {code})\n")
    copies.put(tree)
    return healthy


def _with_a_copy(plant: Plant, copies: SimpleQueue[Path]) -> Caught:
    tree, started = copies.get(), time.monotonic()
    try:
        with planted(plant, tree):
            code, said = run_tests(tree, [plant.test], plant.engine)
        by = next((line[1:].strip() for line in said.splitlines() if line.startswith("E  ")), "")
        if code not in (PASSED, FAILED):
            by = f"nothing was tested (exit {code}): {said.strip().splitlines()[-1] if said.strip() else ''}"
        caught = code == FAILED
    except NotPlantable as error:
        caught, by = False, str(error)
    finally:
        copies.put(tree)
    return Caught(plant.name, plant.bug, plant.test, plant.engine, caught, by, round(time.monotonic() - started, 1))


def _line(one: Caught) -> str:
    mark = "caught " if one.caught else "ESCAPED"
    return f"{mark} {one.name}: {one.bug}\n        by {one.test} ({one.engine}, {one.took_s} s): {one.by[:160]}\n"


if __name__ == "__main__":
    sys.exit(main())
