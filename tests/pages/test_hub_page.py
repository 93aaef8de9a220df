"""A hub's data set on the page: asked for by name, refused in words, and offered like an upload once it came."""

from pathlib import Path

import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from core import store, ventures
from core.jobs import JobStatus, jobs
from core.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]


def opened(own: Settings) -> AppTest:
    at = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=30)
    at.query_params["venture"] = "mine"
    at.run()
    return at.switch_page("pages/model/train.py").run()


def test_a_data_set_of_the_hub_is_fetched_by_a_job_and_then_taken_in_as_an_upload_is(own: Settings) -> None:
    file = ventures.create(own, "Mine", {})
    at = opened(own)
    at.text_input(key="hub-name-mine").set_value("owner/mail")
    next(b for b in at.button if b.label == "Fetch it").click().run()
    assert not at.exception
    (job,) = jobs(store.connect(own))
    assert (job.kind, job.params) == ("fetch", {"name": "owner/mail"})

    _end(own, job.id, JobStatus.FAILED, error="Data set owner/mail: the hub cannot be reached, or broke off.")
    assert "cannot be reached" in opened(own).error[0].value

    Path(job.run_dir).mkdir(parents=True)
    rows = "".join(f"text number {i},{'ab'[i % 2]}\n" for i in range(40))
    (Path(job.run_dir) / "owner-mail.csv").write_text(f"message,label\n{rows}", encoding="utf-8")
    _end(own, job.id, JobStatus.DONE, result={"file": "owner-mail.csv", "name": "owner/mail"})
    at = opened(own)
    assert at.selectbox(key="text-mine").options == ["message", "label"]
    next(b for b in at.button if b.label == "Add the table").click().run()
    assert not at.exception
    mine = next(e for e in ventures.entries(own) if e.file == file)
    assert mine.venture is not None
    (data,) = mine.venture.datasets
    assert (data.text, data.label, Path(data.path).name) == ("message", "label", "owner-mail.csv")
    assert not [s for s in opened(own).selectbox if s.key == "text-mine"], "what was taken in is not offered again"


def _end(own: Settings, job: int, status: JobStatus, **values: object) -> None:
    with store.writing(store.connect(own)) as c:
        c.execute(sa.update(store.jobs).where(store.jobs.c.id == job).values(status=status, **values))
