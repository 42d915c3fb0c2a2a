"""The bench: totes into parcels, cartons, weights, papers."""
