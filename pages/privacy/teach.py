"""The privacy room: what should the search know about this venture's data?"""

import streamlit as st

from pages.privacy import own_names, own_rules
from pages.shared.files import bring
from pages.shared.frame import entry, venture
from pages.shared.rooms import privacy_links

VIEWS = ("Own rules", "Own name model")


def main() -> None:
    of, it = venture(), entry()
    st.title("What should the search know about your data?", anchor=False)
    if said := st.session_state.pop("said", ""):
        st.success(said, icon=":material/check_circle:")
    answer = st.container()
    privacy_links("teach")
    if not of.datasets:
        answer.markdown("Nothing yet: there is no data. The search knows what everybody has, such as names and cards.")
        bring(it, data=True)
        return
    view = st.radio("Show", VIEWS, horizontal=True, label_visibility="collapsed", key=f"teach-view-{it.slug}")
    with answer:
        (own_rules.answer if view == VIEWS[0] else own_names.answer)(of)
    (own_rules if view == VIEWS[0] else own_names).show(of, it)


main()
