"""Smaller and faster variants of a tuned model, each measured and held against the model it came from."""
