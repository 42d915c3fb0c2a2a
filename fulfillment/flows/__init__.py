"""Scan dialogues. Pure: (state, what was read, facts) → go on, a command, or a rejection.

Each flow is one module with two functions. `hear` says what a read means in a state; `settle` says, from
fresh facts, which state the dialogue is in and what the screen asks for. The state is derived from facts
as far as possible, so an order cancelled meanwhile or a swapped battery needs no repair.
"""
