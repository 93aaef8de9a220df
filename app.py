"""The dashboard's entry: page settings and the list of pages. Start with `make run`."""

import logging

import streamlit as st

from pages.shared.faults import explain

if __name__ != "__main__":  # the server's own import, see below: there is no session yet, and it need not be said
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").disabled = True

# Scripts lie one folder down: with any .py directly in pages/ a deep link on a cold server would skip this file.
# One flat list: Streamlit puts section headings into its <ul>, which screen readers stumble over.
PAGES = [
    st.Page("pages/readiness/board.py", title="Board", icon=":material/flight_takeoff:", default=True),
    st.Page("pages/readiness/whatif.py", title="What if", icon=":material/tune:", url_path="what-if"),
    st.Page("pages/readiness/guides.py", title="Rules", icon=":material/account_balance:", url_path="rules"),
    st.Page("pages/readiness/compare.py", title="Compare", icon=":material/compare_arrows:"),
    st.Page("pages/readiness/meeting.py", title="Reading mode", icon=":material/slideshow:", visibility="hidden"),
    st.Page("pages/model/train.py", title="Model", icon=":material/model_training:", url_path="model"),
    st.Page("pages/privacy/scan.py", title="Privacy", icon=":material/shield_person:", url_path="privacy"),
    st.Page("pages/privacy/risk.py", title="Singled out", icon=":material/person_search:", url_path="singled-out"),
    st.Page("pages/privacy/leak.py", title="Leak meter", icon=":material/water_drop:", url_path="leak-meter"),
    st.Page("pages/privacy/teach.py", title="Own rules", icon=":material/school:", url_path="own-rules"),
    st.Page("pages/licences/check.py", title="Licences", icon=":material/gavel:", url_path="licences"),
    st.Page("pages/market/sizing.py", title="Market", icon=":material/query_stats:", url_path="market"),
    st.Page("pages/market/adoption.py", title="Adoption", icon=":material/trending_up:", url_path="adoption"),
    st.Page("pages/market/money.py", title="Unit cost", icon=":material/payments:", url_path="unit-cost"),
    st.Page("pages/work/ventures.py", title="Ventures", icon=":material/rocket_launch:"),
    st.Page("pages/work/jobs.py", title="Jobs", icon=":material/list_alt:"),
]

if __name__ == "__main__":  # Streamlit runs this file for a session
    from pages.shared.frame import choose_venture
    from pages.shared.garbage import set_modules_aside

    page = st.navigation(PAGES)
    if alone := page.url_path == "meeting":  # nothing beside the story
        page = st.navigation(PAGES, position="hidden")
    st.set_page_config(page_title=f"{page.title} · Preflight", page_icon=":material/flight_takeoff:", layout="wide")
    choose_venture(shown=not alone)
    try:
        page.run()
    finally:
        set_modules_aside()
else:  # `streamlit run` imports it once, before the first session, because it finds an st.App in it
    # Told of the pages only by the first session, a server takes pages/ for the old kind of app until then, and a
    # deep link that opens it finds its page under a "Page not found".
    st.navigation(PAGES)
    app = st.App("app.py", on_script_error=explain)
