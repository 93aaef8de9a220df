"""The dashboard's entry: page settings and the list of pages. Start with `make run`."""

import streamlit as st

from pages.shared.frame import choose_venture

st.set_page_config(page_title="Preflight", page_icon=":material/flight_takeoff:", layout="wide")

# Scripts lie one folder down: with any .py directly in pages/ a deep link on a cold server would skip this file.
PAGES = {
    "Readiness": [
        st.Page("pages/readiness/board.py", title="Board", icon=":material/flight_takeoff:", default=True),
    ],
    "Measure": [
        st.Page("pages/model/train.py", title="Model", icon=":material/model_training:", url_path="model"),
        st.Page("pages/privacy/scan.py", title="Privacy", icon=":material/shield_person:", url_path="privacy"),
        st.Page("pages/licences/check.py", title="Licences", icon=":material/gavel:", url_path="licences"),
        st.Page("pages/market/sizing.py", title="Market", icon=":material/query_stats:", url_path="market"),
    ],
    "Work": [
        st.Page("pages/work/ventures.py", title="Ventures", icon=":material/rocket_launch:"),
        st.Page("pages/work/jobs.py", title="Jobs", icon=":material/list_alt:"),
    ],
}

page = st.navigation(PAGES)
choose_venture()
page.run()
