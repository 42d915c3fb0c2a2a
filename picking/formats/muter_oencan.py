"""The order batching instances of Muter and Öncan (European Journal of Operational Research 247, 2015), as text.

Owns one difference to the format they share with Henn and Wäscher: the files say 1 from an aisle's end to its
first cell, but the published values (Wahlen and Gschwind, Transportation Science 57, 2023) need 1.5. With 1 every
length would come out lower than what it is compared with.
"""

from __future__ import annotations

from picking.formats.henn_waescher import OneBlockBatching, read_henn_waescher

END_TO_CELL = 15


def read_muter_oencan(text: str) -> OneBlockBatching:
    """The instance in this text, lengths in tenths. A FieldError names the line that makes no sense."""
    return read_henn_waescher(text, end_to_cell=END_TO_CELL)
