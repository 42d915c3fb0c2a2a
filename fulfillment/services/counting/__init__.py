"""Counts: planned, made, judged, posted."""
