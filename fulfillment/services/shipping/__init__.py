"""Carriers: their labels, their manifests, the truck that leaves."""
