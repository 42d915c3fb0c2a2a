"""Goods between warehouses."""
