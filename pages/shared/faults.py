"""What a person sees of an error that no page caught."""

import logging
import traceback

import streamlit as st

from core.errors import InputError


def explain(error: Exception) -> bool:
    """Answer an error that no page caught: a person's mistake in its own words, ours in general ones.

    Only the type and the place are logged: the text of a library's exception may quote a row of someone's data.
    """
    if isinstance(error, InputError):
        st.error(str(error))
        return True
    frames = "".join(traceback.format_tb(error.__traceback__))
    logging.getLogger("preflight").error("%s in a page\n%s", type(error).__name__, frames)
    st.error(
        "Something went wrong in Preflight itself; nothing was changed. The server's log says where. Reload to go on."
    )
    return True
