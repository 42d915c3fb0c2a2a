"""A picker's tour: claimed, walked stop by stop, planned again, handed over, put back."""
