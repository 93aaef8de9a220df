"""A policy is read whole or not at all: what is broken or contradicts itself is named with its key."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.evidence import Evidence, Source
from core.readiness.checks import answer
from core.readiness.policy import load_policy, read_policy
from core.readiness.questions import Question, questions
from core.venture import Venture, parse

HEAD = 'schema = 1\nname = "Ours"\ndate = "2026-01-01"\nsource = "us"\n'


def check(**changes: Any) -> str:
    """One check of a policy file as text; None leaves a key out."""
    good = {
        "id": "model.accuracy",
        "room": "model",
        "title": "Right often enough",
        "gate": True,
        "evidence": "model.accuracy",
        "op": "at_least",
        "threshold": 0.9,
        "unit": "share",
        "why": "because",
        "todo": "do it",
    }
    rows = [f"{k} = {_toml(v)}" for k, v in (good | changes).items() if v is not None]
    return "\n".join(["[[checks]]", *rows, ""])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def venture(folder: Path, **more: Any) -> Venture:
    return parse({"schema": 1, "name": "Desk", **more}, folder / "venture.toml")


def refusal(folder: Path, text: str) -> str:
    (folder / "own.toml").write_text(text)
    with pytest.raises(InputError) as error:
        read_policy(folder / "own.toml")
    return str(error.value)


def asked(folder: Path, **more: Any) -> dict[str, Question]:
    v = venture(folder, **more)
    return {q.id: q for q in questions(v, load_policy(v))}


def test_the_default_policy_is_sound_and_has_gates_in_every_measuring_room(tmp_path: Path) -> None:
    rules = load_policy(venture(tmp_path)).checks
    assert {r.room for r in rules if r.gate} == {"model", "privacy", "licences"}
    assert {r.room for r in rules} == {"model", "privacy", "licences", "market"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"todo": None}, "checks.1.todo: is missing"),
        ({"treshold": 1}, "did you mean 'threshold'"),
        ({"op": "below"}, "checks.1.op: must be 'at_least'"),
        ({"gate": "yes"}, "checks.1.gate"),
        ({"id": "Accuracy"}, "checks.1.id"),
        ({"room": "privacy"}, "must begin with its room"),
        ({"evidence": "market.som"}, "must begin with its room"),
        ({"threshold": True}, "a finite number, or a list of words"),
        ({"threshold": "0.9"}, "a finite number, or a list of words"),
        ({"threshold": float("nan")}, "a finite number, or a list of words"),
        ({"threshold": ["allowed"]}, "must be a finite number"),
        ({"threshold": 90}, "90 % is 0.9"),
        ({"threshold": None}, "either threshold or threshold_from"),
        ({"threshold_from": "must.accuracy"}, "either threshold or threshold_from"),
        ({"threshold": None, "threshold_from": "must.accurracy"}, "no number of the venture file"),
        ({"threshold": None, "threshold_from": "need.does"}, "no number of the venture file"),
        ({"threshold": None, "threshold_from": "must"}, "no number of the venture file"),
        ({"op": "is_known"}, "is_known takes no threshold"),
        ({"op": "is_one_of"}, "needs threshold, a list"),
        ({"op": "is_one_of", "threshold": ["allowed", "unknown"]}, '"unknown" can never pass'),
        ({"threshold": None, "threshold_from": "must.accuracy", "only_if_stated": True}, "that are no gate"),
        ({"gate": False, "only_if_stated": True}, "that are no gate"),
        ({"evidence": "model.{mode}"}, "ends in .mode"),
        ({"id": "model.mode"}, "ends in .mode"),
    ],
)
def test_a_broken_check_is_named_with_its_key(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    message = refusal(tmp_path, HEAD + check(**changes))
    assert says in message
    assert "own.toml" in message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD + check() + check(), "two checks have the id 'model.accuracy'"),
        (HEAD + check() + check(id="model.other", op="at_most", threshold=0.5), "contradict each other"),
        (HEAD.replace("schema = 1", "schema = 2"), "schema"),
        (HEAD.replace("2026-01-01", "last year"), "date"),
        ("schema = ", "not valid TOML"),
        ("", "missing"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    assert says in refusal(tmp_path, text)


def test_a_policy_is_found_by_name_or_beside_the_venture(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(HEAD + check())
    assert load_policy(venture(tmp_path, policy={"file": "own.toml"})).name == "Ours"
    assert load_policy(venture(tmp_path)).name == "Preflight default"


@pytest.mark.parametrize("name", ["strict", "other.toml", "../default", "own.json"])
def test_a_policy_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"policy\.file|no such file"):
        load_policy(venture(tmp_path, policy={"file": name}))


def test_a_policy_of_a_confined_venture_cannot_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(HEAD + check())
    inside = tmp_path / "venture"
    inside.mkdir()
    values = {"schema": 1, "name": "Desk", "policy": {"file": "../own.toml"}}
    with pytest.raises(InputError, match="leads out of"):
        load_policy(parse(values, inside / "venture.toml", (inside,)))


def test_a_licence_check_is_asked_for_every_way_of_distribution(tmp_path: Path) -> None:
    found = asked(tmp_path, distribution={"modes": ["saas", "on_premises"]})
    modes = [i for i in found if i.startswith("licences.")]
    assert modes == ["licences.saas", "licences.on_premises", "licences.fine_tune"]
    assert found["licences.on_premises"].evidence == "licences.on_premises"
    assert found["licences.on_premises"].title == "Licences allow delivery to customers' own machines"


def test_the_cost_is_asked_only_where_the_venture_limits_it(tmp_path: Path) -> None:
    assert "model.cost_per_1000" not in asked(tmp_path)
    found = asked(tmp_path, must={"cost_per_1000": 0.4}, market={"currency": "EUR"})["model.cost_per_1000"]
    assert (found.limit, found.unit, found.gate) == (0.4, "EUR", False)


def test_a_limit_comes_from_the_venture_and_its_absence_is_remembered(tmp_path: Path) -> None:
    assert asked(tmp_path, must={"accuracy": 0.8})["model.accuracy"].limit == 0.8
    left_out = asked(tmp_path)["model.accuracy"]
    assert (left_out.limit, left_out.missing, left_out.gate) == (None, "must.accuracy", True)


def own(**wish: Any) -> dict[str, Any]:
    return {"policy": {"checks": [{"reason": "we agreed so", **wish}]}}


def test_a_venture_sets_its_own_limit_and_the_change_is_said(tmp_path: Path) -> None:
    found = asked(tmp_path, **own(id="privacy.direct_share", threshold=0.02))["privacy.direct_share"]
    assert found.limit == 0.02
    assert found.changed == "This venture's own limit 2 %, policy says 0.5 %: we agreed so."


def test_a_venture_makes_a_gate_of_a_check_and_the_change_is_said(tmp_path: Path) -> None:
    found = asked(tmp_path, **own(id="market.som", gate=True, threshold=1000))["market.som"]
    assert found.gate
    assert (found.limit, found.missing) == (1000.0, "")
    assert "A gate for this venture, policy says no gate" in found.changed.replace("; a", "; A")


def test_a_change_for_one_mode_leaves_the_others_alone(tmp_path: Path) -> None:
    more = own(id="licences.saas", threshold="allowed")
    found = asked(tmp_path, distribution={"modes": ["saas", "internal"]}, **more)
    assert found["licences.saas"].limit == ("allowed",)
    assert found["licences.internal"].limit == ("allowed", "obligations")
    everywhere = asked(tmp_path, distribution={"modes": ["saas", "internal"]}, **own(id="licences.mode", gate=False))
    assert not any(q.gate for q in everywhere.values() if q.room == "licences")


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"id": "model.acuracy", "gate": False}, "is no check of this policy"),
        ({"id": "model.accuracy"}, "changes nothing"),
        ({"id": "model.accuracy", "threshold": "high"}, "finite number"),
        ({"id": "model.accuracy", "threshold": 95}, "90 % is 0.9"),
        ({"id": "licences.mode", "threshold": 1}, "threshold of words"),
        ({"id": "licences.mode", "threshold": "allowed, unknown"}, "can never pass"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(tmp_path: Path, wish: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as error:
        asked(tmp_path, **own(**wish))
    assert "policy.checks" in str(error.value)


def test_two_wishes_for_one_check_are_refused(tmp_path: Path) -> None:
    wish = {"id": "model.gain", "gate": True, "reason": "so"}
    with pytest.raises(InputError, match="twice"):
        asked(tmp_path, policy={"checks": [wish, wish]})


def test_a_venture_of_scores_is_held_to_their_error_and_never_to_accuracy(tmp_path: Path) -> None:
    data = {"id": "rows", "path": "rows.csv", "text": "text", "label": "stars", "task": "score"}
    of_scores = asked(tmp_path, datasets=[data], must={"mae": 0.5, "accuracy": 0.9})
    of_classes = asked(tmp_path, datasets=[data | {"task": "classify"}], must={"mae": 0.5, "accuracy": 0.9})
    only = {"model.mae", "model.score_gain"}
    assert only <= set(of_scores)
    assert not only & set(of_classes)
    assert not {"model.accuracy", "model.macro_f1", "model.gain"} & set(of_scores)
    assert set(asked(tmp_path)) >= {"model.accuracy", "model.gain"}, "without data, as for classes"
    assert (of_scores["model.mae"].limit, of_scores["model.mae"].gate) == (0.5, True)


@pytest.mark.parametrize(("high", "status"), [(0.45, "pass"), (0.55, "unknown")])
def test_an_error_is_near_enough_where_its_whole_interval_is(tmp_path: Path, high: float, status: str) -> None:
    data = {"id": "rows", "path": "rows.csv", "text": "text", "label": "stars", "task": "score"}
    question = asked(tmp_path, datasets=[data], must={"mae": 0.5})["model.mae"]
    found = Evidence("model.mae", 0.4, "score", "Measured.", Source("measured"), low=0.35, high=high, n=200)
    told = answer(question, {"model.mae": found}, None)
    assert told.status == status
    assert "0.4 (95 % interval 0.35 to" in told.reason


def test_a_task_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "task" in refusal(tmp_path, HEAD + check(task="rank"))


def test_a_venture_may_have_its_own_estimate_of_the_effort_and_it_is_visible(tmp_path: Path) -> None:
    wish = {"id": "model.accuracy", "effort_days": 20, "reason": "Labels come from doctors"}
    found = asked(tmp_path, policy={"checks": [wish]})["model.accuracy"]
    assert found.effort_days == 20
    assert found.changed == "20 days of work for this venture, policy says 5 days: Labels come from doctors."


@pytest.mark.parametrize(
    ("other", "contradicts"),
    [
        ({"op": "at_most", "threshold": 0.9}, False),
        ({"op": "at_most", "threshold": 0.89}, True),
        ({"op": "above", "threshold": 0.95}, False),
    ],
)
def test_gates_contradict_each_other_where_no_figure_passes_both(
    tmp_path: Path, other: dict[str, Any], contradicts: bool
) -> None:
    text = HEAD + check() + check(id="model.other", **other)
    if contradicts:
        said = refusal(tmp_path, text)
        line = text[: text.rindex("threshold")].count("\n") + 1
        assert f"line {line}: checks.2.threshold: model.accuracy (at least 0.9) and model.other (at most 0.89)" in said
        assert said.endswith("no model.accuracy passes both; change one of the two limits.")
    else:
        (tmp_path / "own.toml").write_text(text)
        assert len(read_policy(tmp_path / "own.toml").checks) == 2


def test_more_than_a_limit_and_at_most_the_same_contradict_each_other_and_so_do_words(tmp_path: Path) -> None:
    most = check(id="model.other", op="at_most", threshold=0.9)
    assert "contradict" in refusal(tmp_path, HEAD + check(op="above") + most)
    words = {"op": "is_one_of", "evidence": "model.optimised", "unit": "word"}
    two = [check(id=f"model.{w}", threshold=[w], **words) for w in ("one", "other")]
    assert "no model.optimised passes both" in refusal(tmp_path, HEAD + "".join(two))


def test_a_limit_of_the_ventures_own_that_contradicts_another_gate_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(HEAD + check() + check(id="model.other", op="at_most", threshold=0.95))
    own = {"file": "own.toml", "checks": [{"id": "model.accuracy", "threshold": 0.99, "reason": "r"}]}
    with pytest.raises(InputError, match=r"of this venture: model\.accuracy \(at least 0\.99\) and model\.other"):
        asked(tmp_path, policy=own)


def test_what_is_not_measured_yet_stands_once_and_is_no_check(tmp_path: Path) -> None:
    def pending(name: str) -> str:
        return f'[[pending]]\nid = "{name}"\nroom = "model"\ntitle = "T"\nmissing = "M"\n'

    (tmp_path / "own.toml").write_text(HEAD + check() + pending("model.x") + pending("model.y"))
    found = read_policy(tmp_path / "own.toml")
    assert [p.id for p in found.pending] == ["model.x", "model.y"]
    assert [r.id for r in found.checks] == ["model.accuracy"]
    assert "a second time" in refusal(tmp_path, HEAD + check() + pending("model.x") + pending("model.x"))
    assert "a second time" in refusal(tmp_path, HEAD + check() + pending("model.accuracy"))
