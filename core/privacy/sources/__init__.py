"""Readers, one a kind of file: each gives rows of texts and notes what it could not read as it stands."""
