"""The figures of the pick planner: `python -m tests.benchmarks.picking --set sprp --data DIR --json -`.

One row for each instance and seed as JSON Lines, then a summary for each set, with the machine's load and what ran
(python, numba, OR-Tools, commit, cores). Resumable: rows that stand in `--resume FILE` are not solved again. The exit
code is 1 when a row says that a claimed optimum was missed or a check failed, 2 when the question was wrong.
The protocol is in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TextIO

from tests.benchmarks import picking_sets
from tests.benchmarks.picking_sets import NoData, Options, Row

MACHINE_PACKAGES = ("numba", "ortools", "numpy", "fast-tsp", "pyvrp")
SHOWN_FAILURES = 10


def main(argv: Sequence[str] | None = None) -> int:
    wanted = _parser().parse_args(argv)
    names = picking_sets.names() if wanted.set == "all" else [wanted.set]
    resume: Path | None = wanted.resume
    try:
        folders = _folders(wanted.data, names)
        earlier = _earlier(resume) if resume and resume.exists() else []
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    target: str | None = wanted.json or (str(resume) if resume else None)
    words = sys.stderr if target == "-" else sys.stdout
    is_all_ok = True
    with _lines(target, append=resume is not None and target == str(resume)) as lines:
        about = machine()
        print(_one_line(about), file=words)
        _write(lines, {"run": about})
        for name in names:
            known = [row for row in earlier if row.get("set") == name]
            options = Options(
                folders.get(name), wanted.seconds, wanted.seeds, wanted.shard, wanted.full,
                frozenset(row["key"] for row in known),
            )  # fmt: skip
            try:
                rows, took = _run(name, options, lines)
            except NoData as error:
                print(f"{name}: {'left out, it ' if wanted.set == 'all' else ''}{error}", file=words)
                if wanted.set != "all":
                    return 2
                continue
            is_all_ok &= _report(name, known + rows, len(known), took, lines, words)
    return 0 if is_all_ok else 1


def machine() -> dict[str, Any]:
    """What ran here: figures without it cannot be compared."""
    return {
        "commit": _commit(),
        "cores": len(os.sched_getaffinity(0)),
        "load": _load(),
        "python": platform.python_version(),
        **{name: _version(name) for name in MACHINE_PACKAGES},
    }


def _parser() -> argparse.ArgumentParser:
    names = picking_sets.names()
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.picking",
        description=__doc__,
        epilog="sets:\n\n" + "\n".join(_help(name) for name in names),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--set", required=True, choices=[*names, "all"], metavar="NAME", help="one set, or all")
    parser.add_argument(
        "--data", action="append", default=[], metavar="DIR",
        help="the set's own folder of published files; NAME=DIR, repeated, when more than one set is asked for",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, help="time for each instance; without it the set's own")
    parser.add_argument("--seeds", type=_seeds, default=(0, 1, 2), metavar="0,1,2")
    parser.add_argument(
        "--shard", type=_shard, default=(0, 1), metavar="I/N", help="only each N-th instance, from the I-th (0/2, 1/2)"
    )
    parser.add_argument("--full", action="store_true", help="all instances instead of the stated sample")
    parser.add_argument("--json", metavar="FILE", help="rows as JSON Lines; - writes them to standard output")
    parser.add_argument(
        "--resume", type=Path, metavar="FILE",
        help="rows of an earlier run: not solved again, part of the summary; new ones are added unless --json is given",
    )  # fmt: skip
    return parser


def _help(name: str) -> str:
    text = " ".join(picking_sets.load(name).HELP.split())
    return f"  {name}\n      {text}\n"


def _seeds(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _shard(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    shard = int(part), int(parts)
    if not 0 <= shard[0] < shard[1]:
        raise argparse.ArgumentTypeError(f"must be I/N with 0 <= I < N, got {text}")
    return shard


def _folders(given: Sequence[str], names: Sequence[str]) -> dict[str, Path]:
    folders: dict[str, Path] = {}
    for text in given:
        name, has_name, folder = text.partition("=")
        if has_name and name in picking_sets.names():
            folders[name] = Path(folder)
        elif len(names) == 1:
            folders[names[0]] = Path(text)
        else:
            raise ValueError(f"--data {text}: say NAME=DIR when more than one set is asked for")
    return folders


def _earlier(file: Path) -> list[Row]:
    """Rows of an earlier run. A last line that was not finished, because the run was ended, is cut off."""
    content = file.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        file.write_bytes(whole)
    rows: list[Row] = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{file}, line {number}: is no JSON: {error}") from error
        if "key" in row:
            rows.append(row)
    return rows


@contextmanager
def _lines(target: str | None, append: bool) -> Iterator[TextIO | None]:
    if target is None:
        yield None
    elif target == "-":
        yield sys.stdout
    else:
        with Path(target).open("a" if append else "w", encoding="utf-8") as file:
            yield file


def _write(lines: TextIO | None, row: Row) -> None:
    if lines is not None:
        # Flushed line by line: what is solved is kept when the run is ended.
        lines.write(json.dumps(row, ensure_ascii=False) + "\n")
        lines.flush()


def _run(name: str, options: Options, lines: TextIO | None) -> tuple[list[Row], dict[str, float]]:
    rows: list[Row] = []
    wall, cpu = time.monotonic(), time.process_time()
    for row in picking_sets.load(name).rows(options):
        if row["key"] in options.done:
            continue
        rows.append({"set": name, **row})
        _write(lines, rows[-1])
    return rows, {"wall_s": round(time.monotonic() - wall, 2), "cpu_s": round(time.process_time() - cpu, 2)}


def _report(
    name: str, rows: list[Row], known: int, took: dict[str, float], lines: TextIO | None, words: TextIO
) -> bool:
    wrong = [row for row in rows if row.get("ok") is False]
    summarise = getattr(picking_sets.load(name), "summary", None)
    figures: dict[str, Any] = {
        "rows": len(rows), "of_earlier_runs": known, "wrong": len(wrong), **took, "load": _load(),
        **(summarise(rows) if summarise and rows else {}),
    }  # fmt: skip
    _write(lines, {"summary": name, **figures})
    print(f"{name}: {_one_line(figures)}", file=words)
    for row in wrong[:SHOWN_FAILURES]:
        print(f"{name}: WRONG {_one_line(row)}", file=words)
    return not wrong


def _one_line(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in figures.items())


def _load() -> float:
    return round(os.getloadavg()[0], 1)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(Path(__file__).parent), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + (" with changes" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


if __name__ == "__main__":
    sys.exit(main())
