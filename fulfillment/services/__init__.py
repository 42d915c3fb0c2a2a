"""Use cases: the only code that opens a transaction. Load rows → let the pure rules decide → post → commit."""
