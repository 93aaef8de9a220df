"""Laws of the queue under any sequence of calls: a final state never changes, one live job a venture, sane progress."""

from hypothesis import settings, stateful
from hypothesis import strategies as st

from core import store
from core.errors import InputError
from core.jobs import Job, JobStatus, queue
from core.settings import Settings

KINDS = st.sampled_from(["steps", "resume"])
ENDS = st.sampled_from([JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.LOST])
ANY = st.integers(0, 9)


class Queue(stateful.RuleBasedStateMachine):
    """Calls every function that changes a row, by owners of the present and of past attempts."""

    config: Settings

    def __init__(self) -> None:
        super().__init__()
        self.engine = store.connect(self.config)
        self.first = max((j.id for j in queue.jobs(self.engine, limit=1)), default=0)
        self.final: dict[int, Job] = {}

    def teardown(self) -> None:
        for job in self.rows():
            if job.live:
                with store.writing(self.engine) as c:
                    waits = job.status == JobStatus.QUEUED
                    queue.finish(c, job.id, JobStatus.CANCELLED, attempt=None if waits else job.attempt)

    def rows(self) -> list[Job]:
        return [j for j in queue.jobs(self.engine, limit=100_000) if j.id > self.first]

    def pick(self, number: int) -> Job | None:
        rows = self.rows()
        return rows[number % len(rows)] if rows else None

    @stateful.rule(kind=KINDS, venture=st.sampled_from("ab"))
    def submit(self, kind: str, venture: str) -> None:
        try:
            job = queue.get(self.engine, queue.submit(self.engine, self.config, kind, venture=venture))
            assert job is not None
            assert job.live
        except InputError:
            assert sum(j.status == JobStatus.QUEUED for j in self.rows()) == self.config.queue_limit

    @stateful.rule(lease=st.sampled_from([-1, 60]))
    def claim(self, lease: float) -> None:
        waiting = [j.id for j in self.rows() if j.status == JobStatus.QUEUED]
        job = queue.claim(self.engine, "w", lease)
        assert (job.id if job else None) == min(waiting, default=None)

    @stateful.rule(number=ANY, back=st.integers(0, 1), done=st.floats(), total=st.floats())
    def progress(self, number: int, back: int, done: float, total: float) -> None:
        if job := self.pick(number):
            own = job.status == JobStatus.RUNNING and not job.cancel and back == 0
            assert queue.progress(self.engine, job.id, job.attempt - back, done, total, "") == own

    @stateful.rule(number=ANY)
    def cancel(self, number: int) -> None:
        if job := self.pick(number):
            assert queue.cancel(self.engine, job.id) == job.live

    @stateful.rule(number=ANY, back=st.integers(0, 1), status=ENDS)
    def finish(self, number: int, back: int, status: JobStatus) -> None:
        if job := self.pick(number):
            with store.writing(self.engine) as c:
                ended = queue.finish(c, job.id, status, attempt=job.attempt - back, error="x")
            assert ended == (job.status == JobStatus.RUNNING and back == 0)

    @stateful.rule(number=ANY, crashed=st.booleans())
    def abandon(self, number: int, crashed: bool) -> None:
        if job := self.pick(number):
            with store.writing(self.engine) as c:
                queue.abandon(c, job, crashed=crashed)

    @stateful.rule()
    def recover(self) -> None:
        queue.recover(self.engine)

    @stateful.invariant()
    def what_ended_stays_as_it_ended(self) -> None:
        rows = {j.id: j for j in self.rows()}
        for job_id, job in self.final.items():
            assert rows[job_id] == job
        self.final = {i: j for i, j in rows.items() if not j.live}
        assert all((j.ended and j.started is None) or j.ended >= j.started for j in self.final.values())

    @stateful.invariant()
    def every_row_makes_sense(self) -> None:
        rows = self.rows()
        live = [(j.kind, j.venture) for j in rows if j.live]
        assert len(live) == len(set(live))
        assert all(0 <= j.done <= j.total for j in rows)
        assert all(j.losses <= queue.MAX_LOSSES for j in rows)
        assert all((j.lease is not None) == (j.status == JobStatus.RUNNING) for j in rows)


def _machine(config: Settings) -> type[Queue]:
    return type("QueueOnce", (Queue,), {"config": config})


def test_no_sequence_of_calls_breaks_the_laws_of_the_queue(config: Settings) -> None:
    tight = config.model_copy(update={"queue_limit": 3})
    stateful.run_state_machine_as_test(
        _machine(tight), settings=settings(max_examples=30, stateful_step_count=20, deadline=None)
    )
