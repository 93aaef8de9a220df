"""Scores in place of classes: stars, minutes or prices predicted from texts, from first look to single answers.

Each file does for scores what its namesake in `core.model` does for classes: `audit`, `baselines`, `look`, `run`,
`answer`. Errors are in the scores' own unit. Nothing is imported here: a page may name the package at no cost.
"""
