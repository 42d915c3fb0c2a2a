"""Pick faces and the refills that keep them full."""
