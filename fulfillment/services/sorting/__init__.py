"""Batches sorted at a put wall."""
