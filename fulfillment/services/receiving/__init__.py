"""Goods come in: announced, received at the dock, put away, or straight into an order's tote."""
