"""Readers of published instance formats."""
