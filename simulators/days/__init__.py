"""Many days of one small warehouse, played in one thread: every act follows from the seed.

Owns the goods, the calendar of what arrives and what is asked for, the crew's errors and the figures at the
end. Knows the floor by two ports only, `scan` and `call`. Invariant: the same seed gives the same days.
"""
