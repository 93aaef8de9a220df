"""ScanCode in a process of its own: it starts when a text has to be read and ends when nobody asks any more."""
