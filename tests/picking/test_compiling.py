"""Machine code on disk: never that of another source, and somewhere even where the package may not be written to."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numba
import pytest

from picking import compiling


def test_machine_code_lies_under_the_name_of_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "folders", lambda: (tmp_path,))
    here = compiling._folder()
    assert (here.parent, here.name) == (tmp_path, f"kernels-{compiling._sources()}")
    for at_s, other in enumerate(("0", "1", "2")):
        (tmp_path / f"kernels-{other}").mkdir()
        os.utime(tmp_path / f"kernels-{other}", (at_s, at_s))
    assert compiling._folder() == here
    assert {path.name for path in tmp_path.iterdir()} == {here.name, "kernels-2"}  # the newest other one may be in use


def test_a_change_of_any_kernel_changes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    monkeypatch.setattr(compiling, "__file__", str(tmp_path / "compiling.py"))
    names = set()
    written = (("a.py", "MOST = 1"), ("deep/b.py", "njit() # 1"), ("deep/b.py", "njit() # 2"), ("c.txt", "words"))
    for path, text in written:
        (tmp_path / path).write_text(text)
        names.add(compiling._sources())
    assert len(names) == 3


def test_where_nothing_may_be_written_kernels_are_compiled_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "folders", lambda: (tmp_path / "missing",))
    assert compiling._folder().is_dir()


def test_what_was_compiled_at_the_install_is_taken_over_by_who_may_not_write_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    made = theirs / f"kernels-{compiling._sources()}"
    made.mkdir(parents=True)
    (made / "kernel.nbc").write_bytes(b"code")
    ours.mkdir()
    real = tempfile.TemporaryFile

    def refused(dir: Path) -> object:
        if theirs in dir.parents:
            raise PermissionError(13, "not yours")
        return real(dir=dir)

    monkeypatch.setattr(compiling.tempfile, "TemporaryFile", refused)  # root may write anywhere
    monkeypatch.setattr(compiling, "folders", lambda: (theirs, ours))
    assert (compiling._folder() / "kernel.nbc").read_bytes() == b"code"
    assert compiling._folder().parent == ours


def test_numba_keeps_what_it_compiles_there() -> None:
    compiling._compiler()
    assert Path(numba.config.CACHE_DIR).name.startswith(("kernels-", "picking-"))
