"""Scales: what each protocol says of a weight, as whole grams and one state."""
