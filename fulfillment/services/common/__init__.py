"""What nearly every room uses."""
