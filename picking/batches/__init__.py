"""Which orders ride on one cart, decided by the exact walk."""
