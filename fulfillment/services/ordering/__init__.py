"""Orders of every channel, their calendar, and the board they are cards on."""
