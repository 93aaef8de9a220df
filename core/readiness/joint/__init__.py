"""The seven parts as one model: what was measured drawn together, so that "how likely is all of it?" has an answer.

Imports numpy, so the light modules beside this folder must not import it.
"""
