"""Counting zeros in a machine word: what a stop bitmap needs and numba does not have.

Owns one instruction of the processor. It refuses nothing: a word of zero has no lowest stop, so callers look
for zero first.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def _lowest_bit(typing_context: Any, word: Any) -> Any:
    """Number of the lowest set bit of a uint64 (not 0), as int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


# To a type checker the wrapped function still wants numba's typing context.
lowest_bit: Any = _lowest_bit
