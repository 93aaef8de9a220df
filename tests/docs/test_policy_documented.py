"""docs/policy.md names every key of a policy and says of every default check what the file says."""

import pytest

from core.readiness.policy import POLICIES, Pending, PolicyFile, Rule, read_policy
from core.readiness.questions import said_limit
from core.readiness.verdict import EXIT, Word
from core.settings import PROJECT

DOC = (PROJECT / "docs" / "policy.md").read_text(encoding="utf-8")
DEFAULT = read_policy(POLICIES / "default.toml")


def row(rule: Rule) -> str:
    """The line of the table of checks that this rule should have."""
    limit = rule.threshold_from if rule.threshold_from else said_limit(rule.threshold, rule.unit)
    asks = f"{rule.op.replace('_', ' ')} {f'`{limit}`' if rule.threshold_from else limit}"
    kind = "gate" if rule.gate else "condition, where stated" if rule.only_if_stated else "condition"
    return f"| `{rule.id}` | {rule.title} | {kind} | {asks} | {rule.why} |"


@pytest.mark.parametrize("rule", DEFAULT.checks, ids=lambda r: r.id)
def test_every_check_of_the_default_policy_stands_in_the_table_as_it_is(rule: Rule) -> None:
    assert row(rule) in DOC.splitlines(), f"docs/policy.md should hold this line:\n{row(rule)}"


def test_the_table_holds_no_check_that_is_gone() -> None:
    listed = {line.split("`")[1] for line in DOC.splitlines() if line.startswith("| `") and line.count("|") == 6}
    assert listed == {r.id for r in DEFAULT.checks}


def test_what_is_not_measured_yet_stands_there_as_the_file_says() -> None:
    assert DEFAULT.pending
    for p in DEFAULT.pending:
        line = f"| `{p.id}` | {p.title} | {p.missing} |"
        assert line in DOC.splitlines(), f"docs/policy.md should hold this line:\n{line}"


def test_every_effort_is_an_estimate_with_a_word_on_what_takes_the_time() -> None:
    text = (POLICIES / "default.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("effort_days")]
    assert len(lines) == len(DEFAULT.checks)
    assert all(line.partition("  # ")[2] for line in lines)
    assert len({r.effort_days for r in DEFAULT.checks}) > 3


@pytest.mark.parametrize("part", [PolicyFile, Rule, Pending])
def test_every_key_is_explained(part: type[PolicyFile] | type[Rule] | type[Pending]) -> None:
    keys = [f.alias or name for name, f in part.model_fields.items()]
    missing = [k for k in keys if not any(line.startswith(f"| `{k}` |") for line in DOC.splitlines())]
    assert missing == []


@pytest.mark.parametrize("word", list(Word))
def test_every_verdict_stands_with_its_exit_code(word: Word) -> None:
    assert f"| {word} | {EXIT[word]} |" in DOC
