"""A measurement's evidence and its job's end are one step, bound to the inputs it was drawn from."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from job_bodies import figure

from core import jobs, store, venture
from core.evidence import Evidence, Source
from core.feeds import inputs_of
from core.jobs import Job, JobStatus, queue
from core.jobs.kinds import KINDS
from core.jobs.run import Outcome, complete
from core.progress import Cancelled
from core.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop" / "venture.toml"
    path.parent.mkdir()
    path.write_text('schema = 1\nname = "Shop"\n\n[market]\nyear = 2025\n')
    return path


def measure(engine: sa.Engine, config: Settings, kind: str, file: Path, **more: object) -> Job:
    job_id = jobs.submit(engine, config, kind, venture=str(file), params={"venture": str(file)} | more)
    return jobs.wait(engine, config, [job_id])[0]


def test_evidence_stands_with_its_run_its_inputs_and_its_expiry(
    shared_engine: sa.Engine, shared: Settings, file: Path
) -> None:
    job = measure(shared_engine, shared, "measures", file)
    assert (job.status, job.error) == (JobStatus.DONE, "")
    assert job.result["evidence"] == ["market.tam", "market.sam"]
    assert 0 <= job.result["seconds"] < 5
    subject = venture.load(file)
    found = store.latest(shared_engine, subject.key, detail=True)
    assert found.keys() == {"market.tam", "market.sam"}
    for record in found.values():
        assert record.source.run == job.id
        assert record.inputs == inputs_of("market", subject, found)
        assert record.valid_until - record.measured_at == timedelta(days=90)
        assert not record.is_stale(inputs_of("market", subject, found))
    assert found["market.sam"].detail == {"draws": [1, 2]}
    file.write_text(file.read_text().replace("2025", "2024"))
    assert found["market.tam"].is_stale(venture.load(file).inputs("market"))


def test_an_input_that_changes_meanwhile_stores_nothing(shared_engine: sa.Engine, shared: Settings, file: Path) -> None:
    job = measure(shared_engine, shared, "measures_while_edited", file)
    assert job.status == JobStatus.FAILED
    assert "Changed while it was being measured: venture.toml (market)" in job.error
    assert store.latest(shared_engine, str(file)) == {}


def test_an_edit_that_does_not_concern_the_room_does_not_disturb_it(
    shared_engine: sa.Engine, shared: Settings, file: Path
) -> None:
    job = measure(shared_engine, shared, "measures_while_another_room_is_edited", file)
    assert (job.status, job.error) == (JobStatus.DONE, "")


@pytest.mark.parametrize("kind", ["measures_half", "measures_elsewhere"])
def test_a_measurement_that_cannot_be_stored_whole_is_not_stored_at_all(
    shared_engine: sa.Engine, shared: Settings, file: Path, kind: str
) -> None:
    job = measure(shared_engine, shared, kind, file)
    assert (job.status, job.result) == (JobStatus.FAILED, {})
    assert job.error.startswith("internal error: ")
    assert store.latest(shared_engine, str(file)) == {}


def test_a_late_attempt_stores_no_evidence(engine: sa.Engine, config: Settings) -> None:
    jobs.submit(engine, config, "resume", venture="v")
    late = queue.claim(engine, "w", -1)
    queue.recover(engine)
    current = late
    for _ in ("while the job waits", "while its next attempt runs"):
        with pytest.raises(Cancelled):
            complete(engine, late, Outcome({}, "v", (figure(),)))
        assert store.latest(engine, "v") == {}
        current = queue.claim(engine, "w", 60) or current
    complete(engine, current, Outcome({}, "v", (figure(),)))
    assert store.latest(engine, "v").keys() == {"market.tam"}
    assert jobs.get(engine, late.id).status == JobStatus.DONE


def test_a_broken_venture_and_one_outside_its_roots_are_told_plainly(
    shared_engine: sa.Engine, shared: Settings, file: Path
) -> None:
    gone = measure(shared_engine, shared, "measures", file.parent / "gone.toml")
    assert gone.status == JobStatus.FAILED
    assert "gone.toml" in gone.error
    assert "internal error" not in gone.error
    file.write_text("schema = 1\n[market]\nyear = 1\nwrong = 2\n")
    broken = measure(shared_engine, shared, "measures", file)
    assert broken.status == JobStatus.FAILED
    assert "wrong" in broken.error
    assert "internal error" not in broken.error


def test_the_four_rooms_are_kinds_and_only_what_trains_resumes() -> None:
    rooms = {name: (kind.room, kind.target) for name, kind in KINDS.items() if kind.target.startswith("core.")}
    doors = {r: (r, f"core.{r}.measure:measure") for r in ("model", "privacy", "licences", "market")}
    more = {k: ("model", f"core.model.measure:{k}") for k in ("look", "choose", "optimise", "serve")}
    others = {
        "fetch": ("", "core.model.hub:fetch_for"),
        "effect": ("", "core.privacy.teach.measure:effect"),
        "names": ("", "core.privacy.names.measure:train_job"),
        "leak": ("privacy", "core.privacy.leak.measure:measure"),
        "review": ("readiness", "core.readiness.measure:measure"),
    }
    assert rooms == doors | more | others
    assert [name for name in rooms if KINDS[name].resumable] == ["model", "optimise"]


def test_a_review_is_kept_like_any_evidence_and_turns_stale_when_a_figure_is_superseded(
    shared_engine: sa.Engine, shared: Settings, file: Path
) -> None:
    job = measure(shared_engine, shared, "review", file)
    assert (job.status, job.error) == (JobStatus.DONE, "")
    subject = venture.load(file)
    found = store.latest(shared_engine, subject.key, detail=True)
    kept = found["readiness.verdict"]
    assert kept.value == "NOT ENOUGH EVIDENCE"
    assert {c["id"] for c in kept.detail["checks"]} >= {"model.accuracy", "licences.saas"}
    assert not kept.is_stale(inputs_of("readiness", subject, found))
    record = Evidence("market.tam", 1.0, "USD/year", "m", Source("stated")).with_inputs(subject.inputs("market"))
    store.append(shared_engine, subject.key, [record])
    assert kept.is_stale(inputs_of("readiness", subject, store.latest(shared_engine, subject.key)))


def test_a_kind_from_outside_cannot_take_the_name_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    import job_bodies

    from core.errors import InputError
    from core.jobs import kinds

    monkeypatch.setattr(job_bodies, "KINDS", [kinds.Kind("market", "Evil", "os:system")])
    with pytest.raises(InputError, match="'market', a name that is taken"):
        kinds._extend("job_bodies")
    assert KINDS["market"].target == "core.market.measure:measure"
