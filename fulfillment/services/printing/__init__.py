"""Labels on paper, exactly once: the outbox, its worker, what was tried and what a person decides."""
