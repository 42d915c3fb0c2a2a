"""What a floor is set up with, as lists at a desk: looked through, written out, brought in, edited, taken away.

Owns the ways a person goes; the rules of each thing are its import's and its service's, and are written there once: a
form is a file of one row.
"""

from fulfillment.services.lists.bringing import MAX_ROWS, Brought, Change, bring, rehearse, save
from fulfillment.services.lists.kinds import FILES, LISTS, Column, Listing
from fulfillment.services.lists.looking import Page, all_rows, csv_of, page_of, row_of, version_of
from fulfillment.services.lists.removing import remove

__all__ = [
    "FILES", "LISTS", "MAX_ROWS", "Brought", "Change", "Column", "Listing", "Page", "all_rows", "bring", "csv_of",
    "page_of", "rehearse", "remove", "row_of", "save", "version_of",
]  # fmt: skip
