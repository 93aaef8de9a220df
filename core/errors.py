"""The one base of errors that are the input's fault and are told to a person as they stand."""


class InputError(Exception):
    """Something a person gave cannot be used; the message says what, where, and what to do.

    Pages show the message, the command line prints it as one line on stderr and exits 2. Rooms subclass it only
    where a caller acts differently. A message never holds a raw cell of a data set: it may be personal.
    """
