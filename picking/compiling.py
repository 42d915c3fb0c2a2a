"""numba's `njit`, its machine code kept on disk under a name that changes with every compiled source.

Numba's own cache looks at the file of a function, not at those of the functions it calls: after a change of one kernel
its callers would go on with the old code, quick and wrong. Owns where machine code lies: beside the package, or in the
user's own cache where the package may not be written to; nobody else may put code there for us to run.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_NAME = "kernels-"


def njit(**options: Any) -> Callable[[F], F]:
    """`numba.njit(**options)`. Numba is imported by the first kernel that is defined, not before."""
    compiler = _compiler()

    def compiled(function: F) -> F:
        made: F = compiler(**options)(function)
        return made

    return compiled


@cache
def folders() -> tuple[Path, ...]:
    """Where machine code may be kept, the best place first."""
    beside = Path(__file__).parent / "__pycache__"
    try:
        user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "floorline"
        user.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            beside.mkdir(exist_ok=True)
        return (beside, user) if user.stat().st_uid == os.getuid() else (beside,)
    except (OSError, RuntimeError):
        # No home, or one that cannot be written to.
        return (beside,)


@cache
def _compiler() -> Any:
    import numba

    if not numba.config.CACHE_DIR:  # type: ignore[attr-defined]  # else whoever runs it has said where
        numba.config.CACHE_DIR = str(_folder())  # type: ignore[attr-defined]
    return numba.njit


def _folder() -> Path:
    name = f"{_NAME}{_sources()}"
    compiled_before: Path | None = None
    for parent in folders():
        folder = parent / name
        try:
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError:
            # Compiled at the install by somebody else: good to begin with, and ours to add to somewhere else.
            compiled_before = folder if folder.is_dir() else compiled_before
            continue
        if compiled_before is not None:
            with contextlib.suppress(OSError, shutil.Error):
                shutil.copytree(compiled_before, folder, dirs_exist_ok=True)
        with contextlib.suppress(OSError):
            others = (old for old in parent.glob(f"{_NAME}*") if old != folder)
            # One may be another install's of the same user.
            for old in sorted(others, key=lambda old: old.stat().st_mtime)[:-1]:
                shutil.rmtree(old, ignore_errors=True)
        return folder
    # Numba refuses to compile what it cannot keep; this goes with the machine's other temporary files.
    return Path(tempfile.mkdtemp(prefix="picking-"))


def _sources() -> str:
    """Every source, not the kernels' alone: the constants they read elsewhere are compiled into them."""
    words = hashlib.sha256(version("numba").encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        words.update(path.read_bytes())
    return words.hexdigest()[:16]
