"""A scan from the trigger to the next screen, once; what waits offline, what is undone, whose hands it is in."""
