"""The store: jobs and append-only evidence, in a SQLite file by default, in PostgreSQL by URL.

SQLite runs in WAL mode and so wants a local disk; more than one machine wants PostgreSQL. Nothing here updates or
deletes evidence, and triggers in the database refuse it to everybody else.
"""

import math
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from json import dumps
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.engine import Connection, Dialect, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.types import TypeDecorator

from core.errors import InputError
from core.evidence import Evidence, Source
from core.settings import Settings

SCHEMA = 1  # the layout of the tables below; a change of them raises it
_LOCK_KEY = 7_205_759  # any constant: PostgreSQL's advisory locks are numbers
_WRITE = "preflight_write"


class Moment(TypeDecorator[datetime]):
    """A timezone-aware time, kept and returned in UTC by both databases."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone: it would be read back as another time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time in the store needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return UTC: SQLite keeps no zone, PostgreSQL answers in the session's."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData()

layout = sa.Table("layout", metadata, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False))

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("venture", sa.String, nullable=False),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("done", sa.Double, nullable=False),
    sa.Column("total", sa.Double, nullable=False),
    sa.Column("note", sa.String, nullable=False),
    sa.Column("result", sa.JSON, nullable=False),
    sa.Column("error", sa.String, nullable=False),
    sa.Column("cancel", sa.Boolean, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("losses", sa.Integer, nullable=False),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("lease", Moment),
    sa.Column("run_dir", sa.String, nullable=False),
    sa.Column("requested_by", sa.String, nullable=False),
    sa.Column("external_id", sa.String, nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("started", Moment),
    sa.Column("ended", Moment),
    sa.CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'cancelled', 'lost')", name="jobs_status"),
    sa.CheckConstraint("0 <= done AND done <= total", name="jobs_progress"),
    sa.Index("jobs_by_status", "status", "id"),
    sqlite_autoincrement=True,
)

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("venture", sa.String, nullable=False),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("run", sa.Integer, sa.ForeignKey("jobs.id")),
    sa.Column("value", sa.JSON, nullable=False),
    sa.Column("unit", sa.String, nullable=False),
    sa.Column("method", sa.String, nullable=False),
    sa.Column("source", sa.JSON, nullable=False),
    sa.Column("low", sa.Double),
    sa.Column("high", sa.Double),
    sa.Column("level", sa.Double, nullable=False),
    sa.Column("n", sa.Integer),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("inputs", sa.JSON, nullable=False),
    sa.Column("measured_at", Moment, nullable=False),
    sa.Column("valid_until", Moment),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index("evidence_newest", "venture", "id", "sequence"),
    sqlite_autoincrement=True,
)

# As DDL, because an Index with a condition imports the dialects of both databases into every process: 0.1 s.
_ONE_LIVE = "CREATE UNIQUE INDEX jobs_one_live ON jobs (kind, venture) WHERE status IN ('queued', 'running')"
sa.event.listen(jobs, "after_create", sa.DDL(_ONE_LIVE))  # type: ignore[no-untyped-call]

# INSERT OR REPLACE deletes without firing delete triggers, so SQLite needs the third one. A row that leaves its
# number to the database has -1 there before the insert.
_SQLITE_GUARDS = (
    "CREATE TRIGGER evidence_no_update BEFORE UPDATE ON evidence"
    " BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END",
    "CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence"
    " BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END",
    "CREATE TRIGGER evidence_no_replace BEFORE INSERT ON evidence"
    " WHEN EXISTS (SELECT 1 FROM evidence WHERE sequence = NEW.sequence)"
    " BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END",
)
_POSTGRES_GUARDS = (
    "CREATE OR REPLACE FUNCTION evidence_append_only() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'evidence is append-only'; END $$",
    "CREATE TRIGGER evidence_no_change BEFORE UPDATE OR DELETE ON evidence"
    " FOR EACH ROW EXECUTE FUNCTION evidence_append_only()",
    "CREATE TRIGGER evidence_no_truncate BEFORE TRUNCATE ON evidence"
    " FOR EACH STATEMENT EXECUTE FUNCTION evidence_append_only()",
)
for _dialect, _guards in (("sqlite", _SQLITE_GUARDS), ("postgresql", _POSTGRES_GUARDS)):
    for _guard in _guards:
        _ddl = sa.DDL(_guard).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]
        sa.event.listen(evidence, "after_create", _ddl)


# The engine

_engines: dict[tuple[str, int], Engine] = {}
_engines_lock = threading.Lock()


def connect(settings: Settings) -> Engine:
    """Return this process's engine for the settings' database, its tables made and their version checked.

    Raises:
        InputError: the database cannot be opened, or was made by another version of the program.
    """
    url = _url(settings.url)
    key = (url.render_as_string(hide_password=False), os.getpid())
    with _engines_lock:
        if key not in _engines:
            _engines[key] = _open(url)
        return _engines[key]


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the database; nothing it does is kept."""
    with engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: all of it is kept, or none. On SQLite it waits here for its turn to write."""
    with engine.connect().execution_options(**{_WRITE: True}) as connection, connection.begin():
        yield connection


def one_at_a_time(connection: Connection) -> None:
    """Let only one transaction at a time past this line, on any machine. SQLite's writers already queue."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))


def now(connection: Connection) -> datetime:
    """The time by the database's clock, so that machines whose clocks differ agree on a lease."""
    if connection.dialect.name == "postgresql":
        return connection.execute(sa.select(sa.func.clock_timestamp(type_=Moment))).scalar_one()
    return datetime.now(UTC)


def _url(text: str) -> sa.URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise InputError("PREFLIGHT_DATABASE_URL is not a database URL; see the README for its form.") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+pg8000")
    backend = url.drivername.partition("+")[0]
    if backend not in ("sqlite", "postgresql"):
        raise InputError(f"PREFLIGHT_DATABASE_URL names {backend}; use sqlite:///FILE or postgresql://USER@HOST/NAME.")
    if backend == "sqlite" and (not url.database or ":memory:" in url.database):
        raise InputError("PREFLIGHT_DATABASE_URL names a database in memory; jobs are processes and need a file.")
    return url


def _open(url: sa.URL) -> Engine:
    try:
        # No values in errors: a message of the driver would carry the row it could not write.
        engine = sa.create_engine(
            url, hide_parameters=True, pool_pre_ping=True, json_serializer=partial(dumps, allow_nan=False)
        )
        if engine.dialect.name == "sqlite":
            Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
            sa.event.listen(engine, "connect", _sqlite_connect)
            sa.event.listen(engine, "begin", _sqlite_begin)
        _prepare(engine)
    except (SQLAlchemyError, OSError, NoSuchModuleError, ImportError) as e:
        raise InputError(
            f"Cannot open the database {url.render_as_string(hide_password=True)}: {_why(e)}. "
            "Check PREFLIGHT_DATABASE_URL and PREFLIGHT_VAR, and that it is running and may be written to."
        ) from e
    return engine


def _why(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    first = cause.args[0] if cause and cause.args else ""
    said = first.get("M", "") if isinstance(first, Mapping) else str(first)  # pg8000 keeps the server's words in a dict
    return said if isinstance(error, DBAPIError) and said else type(cause).__name__


def _sqlite_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, not guessed by the driver
    with closing(connection.cursor()) as cursor:
        for pragma in ("busy_timeout=30000", "synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    # A reader that turns writer fails at once if another wrote meanwhile, however long busy_timeout is: so writers
    # take their turn from the start.
    write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _prepare(engine: Engine) -> None:
    """Make the tables if they are not there, however many processes try at once, and check their version."""
    found = _version(engine)
    if found is None:
        _create(engine)
        found = _version(engine)
    if found != SCHEMA:
        raise InputError(
            f"The database {engine.url.render_as_string(hide_password=True)} has layout {found}, this program "
            f"knows layout {SCHEMA}. Run the version that made it, or point PREFLIGHT_VAR (or "
            "PREFLIGHT_DATABASE_URL) at a new, empty place."
        )


def _version(engine: Engine) -> int | None:
    with reading(engine) as c:
        if not sa.inspect(c).has_table(layout.name):
            return None
        return c.execute(sa.select(sa.func.max(layout.c.version))).scalar()


def _create(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        # The switch to WAL does not wait for other connections as other statements do, so it has a lock of its own.
        with FileLock(f"{engine.url.database}.lock", timeout=60), closing(engine.raw_connection()) as raw:
            raw.cursor().execute("PRAGMA journal_mode=WAL")  # kept in the file
    with writing(engine) as c:
        one_at_a_time(c)
        metadata.create_all(c)
        if c.execute(sa.select(layout.c.version)).first() is None:
            c.execute(sa.insert(layout).values(version=SCHEMA))


# Evidence

_PLAIN = ("id", "value", "unit", "method", "low", "high", "level", "n", "reason", "measured_at", "valid_until")


def append(engine: Engine, venture_key: str, records: Iterable[Evidence], run: int | None = None) -> None:
    """Store records of one measurement, all or none; `run` is the job that made them."""
    with writing(engine) as c:
        append_to(c, venture_key, records, run)


def append_to(connection: Connection, venture_key: str, records: Iterable[Evidence], run: int | None = None) -> None:
    """Store records within a transaction of the caller's, so that a job ends and its evidence stands in one step."""
    if rows := [_row(venture_key, record, run) for record in records]:
        connection.execute(sa.insert(evidence), rows)


def latest(engine: Engine, venture_key: str, *, detail: bool = False) -> dict[str, Evidence]:
    """The newest record of each figure of a venture, by id; without `detail` the charts' data is not read."""
    e = evidence.c
    newest = sa.select(sa.func.max(e.sequence)).where(e.venture == venture_key).group_by(e.id)
    query = _select(detail).where(e.sequence.in_(newest)).order_by(e.id)
    with reading(engine) as c:
        return {r.id: _record(r._mapping) for r in c.execute(query)}


def detail(engine: Engine, venture_key: str, evidence_id: str) -> Evidence | None:
    """The newest record of one figure, whole; None where there is none."""
    e = evidence.c
    query = _select(True).where(e.venture == venture_key, e.id == evidence_id).order_by(e.sequence.desc()).limit(1)
    with reading(engine) as c:
        row = c.execute(query).first()
    return _record(row._mapping) if row else None


def history(engine: Engine, venture_key: str, evidence_id: str) -> list[Evidence]:
    """Every record of one figure, oldest first, without its detail."""
    e = evidence.c
    query = _select(False).where(e.venture == venture_key, e.id == evidence_id).order_by(e.sequence)
    with reading(engine) as c:
        return [_record(r._mapping) for r in c.execute(query)]


def recent(engine: Engine, venture_key: str, evidence_id: str, most: int) -> list[Evidence]:
    """The newest records of one figure, whole, the newest first."""
    e = evidence.c
    query = _select(True).where(e.venture == venture_key, e.id == evidence_id).order_by(e.sequence.desc()).limit(most)
    with reading(engine) as c:
        return [_record(r._mapping) for r in c.execute(query)]


def _select(whole: bool) -> sa.Select[Any]:
    return sa.select(*(c for c in evidence.c if whole or c is not evidence.c.detail))


def _row(venture_key: str, record: Evidence, run: int | None) -> dict[str, Any]:
    for name in ("value", "low", "high", "level"):
        number = getattr(record, name)
        if isinstance(number, float) and not math.isfinite(number):
            raise ValueError(f"{record.id}: {name} is not a finite number; an unknown figure is None with a reason")
    source = asdict(record.source)
    stored_run = source.pop("run")
    return {name: getattr(record, name) for name in _PLAIN} | {
        "venture": venture_key,
        "run": stored_run if run is None else run,
        "source": source,
        "inputs": dict(record.inputs),
        "detail": dict(record.detail),
    }


def _record(row: Mapping[Any, Any]) -> Evidence:
    fields = {k: v for k, v in row.items() if k in _PLAIN or k in ("inputs", "detail")}
    return Evidence(source=Source(**row["source"], run=row["run"]), **fields)
