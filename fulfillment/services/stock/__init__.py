"""What lies where: the one writer of the book, promises against it, holds, moves and what people ask of it."""
