"""How fast a market takes something up: growth curves, least squares where it can tell, else analogues and bands.

`forecast` is the way in; `series` and `curves` need no more than numpy, so that a page can import them.
"""
