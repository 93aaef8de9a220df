"""A first visit is shown round, once; and a term of art is explained where it is first met."""

import json
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.preferences import prefer, preference
from core.settings import Settings
from core.venture import Venture
from pages.shared.tour import STEPS
from tests.pages.reviewing import open_page, words


def keys(at: AppTest) -> set[str]:
    return {str(b.key) for b in at.button}


def test_a_first_visit_is_shown_round_in_a_few_steps(own: Settings, of: Venture) -> None:
    at = open_page("", of)
    seen = []
    while True:
        assert not at.exception
        seen += [title for title, _ in STEPS if f"**{title}** :gray[·" in words(at)]
        if "tour-next" not in keys(at):
            break
        at.button(key="tour-next").click().run()
    assert seen == [title for title, _ in STEPS]
    assert 3 <= len(seen) <= 5
    at.button(key="tour-end").click().run()
    assert "tour-end" not in keys(at)


def test_the_tour_sent_away_never_comes_back_by_itself(own: Settings, of: Venture) -> None:
    open_page("", of).button(key="tour-end").click().run()
    again = open_page("", of)  # another session, as after a restart
    assert "tour-end" not in keys(again)
    assert json.loads((own.var / "preferences.json").read_text()) == {"board_tour": "seen"}


def test_the_tour_can_be_called_back(own: Settings, of: Venture) -> None:
    prefer(own, "board_tour", "seen")
    at = open_page("", of)
    at.button(key="tour-again").click().run()
    assert f"**{STEPS[0][0]}** :gray[·" in words(at)


def test_the_tour_stands_in_nobodys_way(own: Settings, of: Venture) -> None:
    at = open_page("", of)
    at.button(key="measure-due").click().run()  # works under it
    assert not at.exception
    assert "tour-end" in keys(at)


def test_a_damaged_file_of_preferences_is_taken_for_none(own: Settings) -> None:
    own.var.mkdir(parents=True, exist_ok=True)
    (own.var / "preferences.json").write_text("[1, not json")
    assert preference(own, "board_tour") == ""
    prefer(own, "board_tour", "seen")
    assert preference(own, "board_tour") == "seen"


def test_preferences_that_cannot_be_written_break_no_page(own: Settings, tmp_path: Path) -> None:
    blocked = own.model_copy(update={"var": tmp_path / "file"})
    blocked.var.write_text("in the way")
    prefer(blocked, "board_tour", "seen")
    assert preference(blocked, "board_tour") == ""


def test_every_term_of_art_on_the_board_is_explained_where_it_stands(own: Settings, of: Venture) -> None:
    at = open_page("", of)
    helps = " ".join(str(getattr(e, "help", "") or "") for e in [*at.markdown, *at.caption, *at.metric])
    for term in ("gate is a check", "joint draws", "SMAA", "expected value of information", "shortest way to GO"):
        assert term in helps
    assert "A to G are the seven parts" in words(at)
