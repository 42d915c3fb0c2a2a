"""Rules of the floor. Pure: frozen values in, frozen values out; the standard library only."""
