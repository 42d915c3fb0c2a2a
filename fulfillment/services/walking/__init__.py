"""The floor as it is walked: its plan, closed stretches, and the shortest way over it."""
