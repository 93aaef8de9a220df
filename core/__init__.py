"""Preflight without a browser: the rooms that measure, the evidence they leave, and the verdict drawn from it."""
