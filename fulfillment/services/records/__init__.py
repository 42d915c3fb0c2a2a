"""What is kept of who did what, and how long."""
