"""The ways between the pages of a room, each with the question that it answers."""

import streamlit as st

PRIVACY = {
    "scan": ("pages/privacy/scan.py", "Privacy", ":material/shield_person:", "What is in it, and where?"),
    "leak": ("pages/privacy/leak.py", "Leak meter", ":material/water_drop:", "How much does the search miss?"),
    "teach": ("pages/privacy/teach.py", "Own rules", ":material/school:", "What should it know about your data?"),
    "risk": (
        "pages/privacy/risk.py",
        "Singled out",
        ":material/person_search:",
        "Who can be found without a name?",
    ),
}


def privacy_links(here: str) -> None:
    """Links to the other pages about personal data, each with its question."""
    with st.container(horizontal=True, gap="small", key="privacy-links"):
        for name, (path, label, icon, question) in PRIVACY.items():
            if name != here:
                st.page_link(path, label=f"{label}: {question}", icon=icon, width="content")
