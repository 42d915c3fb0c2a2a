"""Goods from supplier to parcel and back, and the recall list."""
