"""The licence room: what ships, under which licence, and whether it may be sold this way."""
