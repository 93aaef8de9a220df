"""The leak meter: how much the search misses on the founder's own rows, from some dozens that a person reads."""
