"""Keep the collection of garbage after each run of a page short.

Streamlit collects all garbage after each run, and its thread holds the interpreter while it does: what the run drew is
sent to the browser only then. Most of what is walked through are the modules, which are never garbage; set aside, they
are left out, and a redraw reaches the browser about 100 ms of processor time earlier.
"""

import gc
import sys

_known = 0  # modules when they were last set aside


def set_modules_aside() -> None:
    """Leave what lives now out of all later collections, if modules were loaded since the last time.

    What of it dies later in a circle stays in memory; so few times does this happen (new pages load new modules) that
    it does not add up.
    """
    global _known
    if len(sys.modules) != _known:
        gc.collect()
        gc.freeze()
        _known = len(sys.modules)
