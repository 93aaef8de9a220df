"""The board with a kept review, what-if, and the guides: each answers in words, and writes only where asked."""

from dataclasses import replace

from core.feeds import inputs_of
from core.jobs import cancel, jobs, submit
from core.settings import Settings
from core.store import append, connect, latest
from core.venture import Venture, load
from tests.pages.reviewing import FIGURES, keep, open_page, words


def test_the_board_says_p_go_what_would_flip_it_and_what_flows(own: Settings, of: Venture) -> None:
    at = open_page("", of)
    assert not at.exception
    said = words(at)
    assert "NO-GO" in said
    assert "What would flip it" in said
    assert "links between the seven parts are known" in said
    assert [m.label for m in at.metric].count("P(go)") == 1
    assert jobs(connect(own), venture=of.key) == []  # the review is fresh: nothing is asked for


def test_a_figure_measured_since_asks_for_a_review_once(own: Settings, of: Venture) -> None:
    append(connect(own), of.key, [replace(FIGURES[0], value=41.0).with_inputs(inputs_of("model", of, {}))])
    for _ in range(2):
        assert not open_page("", of).exception
    assert [j.kind for j in jobs(connect(own), venture=of.key)] == ["review"]


def test_the_board_says_what_moved_p_go(own: Settings, of: Venture) -> None:
    cleared = replace(FIGURES[2], value="allowed", reason="")
    keep(own, of, [cleared])
    said = words(open_page("", of))
    assert "Since the last review" in said
    assert "P(go) stays at 0 %. What changed is how these checks answer:" in said, "no chart of nothing"
    assert "delivery to customers' own machines" in said


def test_what_if_answers_on_a_copy(own: Settings, of: Venture) -> None:
    before = of.file.read_text()
    at = open_page("pages/readiness/whatif.py", of)
    assert not at.exception
    assert "Nothing is moved yet." in words(at)
    at.slider(key="w-privacy.direct_share").set_value(0.0)
    at.radio(key="w-licence-on_premises").set_value("allowed").run()
    assert not at.exception
    assert "Training data holds no direct identifiers**: fail → pass" in words(at)
    assert "Licences allow delivery to customers' own machines**: fail → pass" in words(at)
    assert of.file.read_text() == before


def test_a_scenario_is_kept_and_compared(own: Settings, of: Venture) -> None:
    at = open_page("pages/readiness/whatif.py", of)
    at.slider(key="w-privacy.direct_share").set_value(0.0).run()
    at.text_input[0].set_value("Names masked")
    next(b for b in at.button if b.label == "Keep").click().run()
    assert not at.exception
    kept = load(of.file).scenarios
    assert [(s.name, s.set) for s in kept] == [("Names masked", {"privacy.direct_share": 0.0})]
    assert "Kept scenarios" in words(open_page("pages/readiness/whatif.py", of))


def test_a_package_a_machine_and_masking_are_tried_and_kept(own: Settings, of: Venture) -> None:
    at = open_page("pages/readiness/whatif.py", of)
    at.selectbox(key="w-package-Unidecode").set_value("MIT")
    at.radio(key="w-data").set_value("mask")
    at.selectbox(key="w-machine").set_value("c7i.4xlarge").run()
    assert not at.exception
    said = words(at)
    assert "Licences allow delivery to customers' own machines**: fail → pass" in said
    assert "Training data holds no direct identifiers**: fail → unknown" in said
    at.text_input[0].set_value("All at once")
    next(b for b in at.button if b.label == "Keep").click().run()
    assert not at.exception
    (kept,) = load(of.file).scenarios
    assert kept.set == {
        "packages.Unidecode": "MIT",
        "privacy.policy": "mask",
        "market.money.machine": "c7i.4xlarge",
    }
    said = words(open_page("pages/readiness/whatif.py", of))
    assert "Kept scenarios" in said


def test_the_guides_show_what_is_open_and_keep_answers(own: Settings, of: Venture) -> None:
    at = open_page("pages/readiness/guides.py", of)
    assert not at.exception
    assert "Minimal risk" in words(at)  # the sample has answered all
    at.radio(key="eu_ai_act-employment").set_value(True)
    next(b for b in at.button if b.label == "Keep the answers").click().run()
    assert not at.exception
    assert load(of.file).guides["eu_ai_act"]["employment"] is True
    assert "High risk" in words(open_page("pages/readiness/guides.py", of))


def test_a_review_whose_checks_answer_otherwise_today_is_not_shown(own: Settings, of: Venture) -> None:
    """A file that a room reads changed, so that a check is stale: the review does not read that file, and was kept."""
    append(connect(own), of.key, [FIGURES[1].with_inputs({"requirements.txt": "another"})])
    found = latest(connect(own), of.key, detail=True)
    verdict = found["readiness.verdict"].with_inputs(inputs_of("readiness", of, found))
    append(connect(own), of.key, [verdict])
    at = open_page("", of)
    assert not [m for m in at.metric if m.label == "P(go)"]
    assert [j.kind for j in jobs(connect(own), venture=of.key)] == ["review"]


def test_a_review_that_was_just_made_is_not_asked_for_again_at_once(own: Settings, of: Venture) -> None:
    engine = connect(own)
    job = submit(engine, own, "review", venture=of.key)
    cancel(engine, job)  # it ended just now, and what the page finds is still not of today
    stale = latest(engine, of.key, detail=True)["readiness.verdict"].with_inputs({"venture.toml": "another"})
    append(engine, of.key, [stale])
    assert not open_page("", of).exception
    assert [j.id for j in jobs(engine, venture=of.key)] == [job]


def test_who_clears_what_is_open_is_named_on_the_board_and_kept_in_the_file(own: Settings, of: Venture) -> None:
    of.file.write_text(of.file.read_text().replace("[policy.owners]", "[policy.owners] # whom to ask", 1))
    of = load(of.file)
    at = open_page("", of)
    asked = len(jobs(connect(own), venture=of.key))
    at.text_input(key="owner-privacy").set_value("Lea, data")
    next(b for b in at.button if b.label == "Keep the names").click().run()
    assert not at.exception
    assert "# whom to ask" in of.file.read_text()
    assert load(of.file).policy.owners["privacy"] == "Lea, data"
    assert "Lea, data" in words(at)
    assert len(jobs(connect(own), venture=of.key)) == asked, "a name changes no figure"
