"""What a simulated printer put out, on disk: jobs as files, and one line for every piece of paper.

    DIR/000001.zpl …       a job that came out whole, byte for byte as it was received, in the order of coming out
    DIR.labels.jsonl       every label that left the printer, spoilt ones too:
                           {"label": 7, "sha256": "…", "bytes": 412, "is_spoilt": false, "boot": 1, "odometer": 7}
    DIR.counters.json      {"odometer": 7, "boots": 1}: what the printer itself remembers without power

Owns these three and their order. Refuses to put half a job into the folder: whoever reads it would take it for a label.
Invariant: `label` counts pieces of paper and never jumps or repeats, over restarts too.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

_TAIL_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class TapeJob:
    """A job that came out whole."""

    number: int
    path: Path
    content: bytes
    copies: int


@dataclass(frozen=True, slots=True)
class TapeLabel:
    """A piece of paper. `sha256` of the job's bytes; `odometer` as the printer counted after it."""

    label: int
    sha256: str
    bytes: int
    is_spoilt: bool
    boot: int
    odometer: int


class Tape:
    """A folder and what lies beside it. A restart goes on counting."""

    def __init__(self, folder: Path, suffix: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._suffix = suffix
        numbers = [int(path.stem) for path in folder.glob(f"*{suffix}") if path.stem.isdecimal()]
        self._last = max(numbers, default=0)
        # Beside the folder, not in it: everything in the folder is a job.
        self._counters_path = folder.parent / f"{folder.name}.counters.json"
        self.labels_path = folder.parent / f"{folder.name}.labels.jsonl"
        counters = json.loads(self._counters_path.read_text()) if self._counters_path.exists() else {}
        self.odometer = int(counters.get("odometer", 0))
        self.boots = int(counters.get("boots", 0))
        self._last_label = _last_label(self.labels_path)
        self.recent: deque[TapeLabel] = deque(maxlen=50)

    def switch_on(self) -> None:
        """One more boot, remembered."""
        self.boots += 1
        self._keep_counters()

    def write(self, content: bytes, copies: int) -> TapeJob:
        """A job came out whole."""
        self._last += 1
        path = self.folder / f"{self._last:06d}{self._suffix}"
        # A reader of the folder must never see half a job.
        part = self.folder / f".{path.name}.part"
        part.write_bytes(content)
        os.replace(part, path)
        return TapeJob(self._last, path, content, copies)

    def label_out(self, sha256: str, size_bytes: int, is_spoilt: bool = False, is_counted: bool = True) -> TapeLabel:
        """A piece of paper came out. `is_counted`: the odometer saw it (not when the power went in the middle)."""
        self._last_label += 1
        self.odometer += is_counted
        label = TapeLabel(self._last_label, sha256, size_bytes, is_spoilt, self.boots, self.odometer)
        with self.labels_path.open("a", encoding="ascii") as lines:
            lines.write(json.dumps(asdict(label)) + "\n")
        self.recent.append(label)
        self._keep_counters()
        return label

    def _keep_counters(self) -> None:
        part = self._counters_path.with_suffix(".part")
        part.write_text(json.dumps({"odometer": self.odometer, "boots": self.boots}))
        os.replace(part, self._counters_path)


def labels_of(path: Path) -> Iterable[TapeLabel]:
    """Every piece of paper on the tape `path`, oldest first."""
    if not path.exists():
        return
    with path.open(encoding="ascii") as lines:
        for line in lines:
            if line.endswith("\n"):  # half a line: the simulator was killed in the middle of it
                yield TapeLabel(**json.loads(line))


def _last_label(path: Path) -> int:
    """The number of the last whole line; half a line is cut off, so that the next one is whole."""
    if not path.exists():
        return 0
    with path.open("r+b") as lines:
        size = lines.seek(0, os.SEEK_END)
        lines.seek(max(0, size - _TAIL_BYTES))
        tail = lines.read()
        whole = tail[: tail.rfind(b"\n") + 1]
        lines.truncate(size - len(tail) + len(whole))
    last = whole.splitlines()[-1:]
    return int(json.loads(last[0])["label"]) if last else 0
