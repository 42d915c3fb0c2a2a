from __future__ import annotations

import pytest

from picking.exact.native import kernels


@pytest.fixture(autouse=True, scope="session")
def compiled_kernels() -> None:
    """A tour does not wait for a compiler; the tests do, once, so that every tour of theirs is the exact one."""
    assert kernels() is not None
