"""How large the market is: stated ranges in, distributions with their sources out. `measure.py` is the door."""
