"""How a kept model serves: timed side by side, under load, what it costs, and which variant to take."""
