"""From evidence to a verdict: the policy's checks, each answered pass, fail, unknown or stale, and what they add up to.

Light on purpose: the pages import it, so nothing here imports numpy, scipy or a measuring room.
"""
