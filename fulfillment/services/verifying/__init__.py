"""Is the book right, and was FIFO kept? Read only, but for `planting`, which breaks a book to see it found."""
