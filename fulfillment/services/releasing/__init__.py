"""Waves: proposed, drafted, planned, released, steered and forecast."""
