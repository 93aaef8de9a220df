"""The store keeps evidence as it was given, whichever database holds it and however many processes open it."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core import store
from core.errors import InputError
from core.evidence import Evidence, Source
from core.jobs import queue
from core.settings import PROJECT, Settings

pytest_plugins = ("databases",)

AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def record(figure: str = "model.accuracy", value: float | str | None = 0.9, **more: object) -> Evidence:
    given = {"unit": "share", "method": "counted", "source": Source("measured", "a tool 1.0"), "measured_at": AT}
    return Evidence(figure, value, **(given | more))


def test_a_record_comes_back_as_it_was_given(engine: sa.Engine, config: Settings) -> None:
    run = queue.submit(engine, config, "market")
    given = record(
        low=0.85,
        high=0.95,
        level=0.8,
        n=1234,
        reason="ä ☂",
        inputs={"data.csv": "ab" * 32},
        valid_until=AT + timedelta(days=90),
        detail={"curve": [[1, 2.5], [None, "x"]], "nested": {"a": True}},
    )
    store.append(engine, "v", [given], run=run)
    found = store.detail(engine, "v", "model.accuracy")
    assert found is not None
    assert found.source.run == run
    assert found.as_json(detail=True) == given.as_json(detail=True) | {"source": found.as_json()["source"]}


@pytest.mark.parametrize("value", [None, 0, 3, 0.1 + 0.2, -1e300, "GPL-3.0-only", ""])
def test_a_value_keeps_its_type_and_every_digit(engine: sa.Engine, value: float | str | None) -> None:
    store.append(engine, "v", [record(value=value, reason="because")])
    kept = store.latest(engine, "v")["model.accuracy"].value
    assert kept == value
    assert type(kept) is type(value)


def test_a_time_comes_back_in_utc_and_none_may_lack_its_zone(engine: sa.Engine) -> None:
    store.append(engine, "v", [record(measured_at=AT.astimezone(timezone(timedelta(hours=5, minutes=30))))])
    kept = store.latest(engine, "v")["model.accuracy"].measured_at
    assert kept == AT
    assert kept.tzinfo is UTC
    with pytest.raises(sa.exc.StatementError):
        store.append(engine, "v", [record(measured_at=AT.replace(tzinfo=None))])


def test_the_newest_record_of_each_figure_is_the_one_that_counts(engine: sa.Engine) -> None:
    store.append(engine, "v", [record(value=0.1), record("market.tam", 5.0)])
    store.append(engine, "v", [record(value=0.2, measured_at=AT - timedelta(days=1))])
    store.append(engine, "w", [record(value=0.3)])
    assert {i: e.value for i, e in store.latest(engine, "v").items()} == {"market.tam": 5.0, "model.accuracy": 0.2}
    assert [e.value for e in store.history(engine, "v", "model.accuracy")] == [0.1, 0.2]
    assert store.latest(engine, "nobody") == {}
    assert store.detail(engine, "v", "model.nothing") is None


def test_the_charts_data_is_read_only_when_asked_for(engine: sa.Engine) -> None:
    store.append(engine, "v", [record(detail={"rows": [1, 2]})])
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    assert store.latest(engine, "v")["model.accuracy"].detail == {}
    assert store.history(engine, "v", "model.accuracy")[0].detail == {}
    assert statements
    assert not any("detail" in s for s in statements)
    assert store.latest(engine, "v", detail=True)["model.accuracy"].detail == {"rows": [1, 2]}


def test_one_bad_record_keeps_all_of_its_measurement_out(engine: sa.Engine) -> None:
    for bad in (record("market.sam", float("nan")), record("market.sam", high=float("inf"))):
        with pytest.raises(ValueError, match=r"market\.sam"):
            store.append(engine, "v", [record(), bad])
    with pytest.raises(sa.exc.StatementError):
        store.append(engine, "v", [record(), record("market.sam", detail={"x": float("nan")})])
    with pytest.raises(sa.exc.DBAPIError):
        store.append(engine, "v", [record()], run=77)
    assert store.latest(engine, "v") == {}


CHANGES = [
    "UPDATE evidence SET reason = 'better'",
    "DELETE FROM evidence",
    "INSERT OR REPLACE INTO evidence SELECT * FROM evidence",
    "TRUNCATE evidence",
    "INSERT INTO evidence SELECT * FROM evidence ON CONFLICT (sequence) DO UPDATE SET reason = 'better'",
]


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_itself_refuses_to_change_evidence(engine: sa.Engine, change: str) -> None:
    sqlite = engine.dialect.name == "sqlite"
    if ("OR REPLACE" in change and not sqlite) or ("TRUNCATE" in change and sqlite):
        pytest.skip("not a statement of this database")
    if sqlite:
        change = change.replace("FROM evidence ON", "FROM evidence WHERE true ON")  # SQLite's parser asks for it
    store.append(engine, "v", [record()])
    with pytest.raises(sa.exc.DBAPIError) as refused, store.writing(engine) as c:
        c.exec_driver_sql(change)
    assert "append-only" in str(refused.value)
    assert [e.reason for e in store.history(engine, "v", "model.accuracy")] == [""]


def test_no_function_of_the_store_changes_evidence() -> None:
    text = (PROJECT / "core" / "store.py").read_text(encoding="utf-8")
    assert "update(evidence" not in text
    assert "delete(evidence" not in text


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(["model.a", "model.b", "market.c"]), max_size=4), max_size=6))
def test_history_only_grows_and_its_last_is_the_latest(engine: sa.Engine, batches: list[list[str]]) -> None:
    key = f"v{datetime.now(UTC).timestamp()}"
    told: dict[str, list[float]] = {}
    for number, batch in enumerate(batches):
        store.append(engine, key, [record(i, float(number)) for i in batch])
        for i in batch:
            told.setdefault(i, []).append(float(number))
        assert {i: [e.value for e in store.history(engine, key, i)] for i in told} == told
        assert {i: e.value for i, e in store.latest(engine, key).items()} == {i: v[-1] for i, v in told.items()}


OPEN = "from core import store\nfrom core.settings import settings\nstore.connect(settings())"


def test_many_processes_may_open_a_new_database_at_once(config: Settings) -> None:
    from core.jobs.launch import environment

    started = [
        subprocess.Popen([sys.executable, "-c", OPEN], cwd=PROJECT, env=environment(config), stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    assert [(p.communicate()[1], p.returncode) for p in started] == [(b"", 0)] * 4
    with store.reading(store.connect(config)) as c:
        assert c.execute(sa.select(store.layout.c.version)).scalars().all() == [store.SCHEMA]


def test_one_engine_serves_a_process(config: Settings) -> None:
    assert store.connect(config) is store.connect(config.model_copy())


def test_sqlite_writes_ahead_and_waits_for_its_turn(tmp_path: Path) -> None:
    engine = store.connect(Settings(var=tmp_path / "deep" / "var", database_url=""))
    with store.reading(engine) as c:
        pragma = {p: c.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous", "busy_timeout")}
        assert pragma == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 30000}
        assert c.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_database_of_another_layout_is_refused_with_what_to_do(config: Settings) -> None:
    engine = store.connect(config)
    with store.writing(engine) as c:
        c.execute(sa.update(store.layout).values(version=store.SCHEMA + 1))
    store._engines.clear()
    with pytest.raises(InputError, match=f"layout {store.SCHEMA + 1}.*PREFLIGHT_VAR"):
        store.connect(config)
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://root:hunter2@host/db", "names mysql"),
        ("sqlite://", "in memory"),
        ("postgresql://user:hunter2@127.0.0.1:1/db", "Cannot open the database"),
        ("postgres://user:hunter2@127.0.0.1:1/db", "Cannot open the database"),
        ("postgresql+nodriver://user:hunter2@127.0.0.1:1/db", "Cannot open the database"),
        ("sqlite:////proc/nowhere/app.db", "Cannot open the database"),
    ],
)
def test_a_database_that_cannot_be_opened_is_told_without_the_password(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        store.connect(Settings(var=tmp_path, database_url=url))
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.db").write_text("not a database, " * 100)
    with pytest.raises(InputError, match="file is not a database"):
        store.connect(Settings(var=tmp_path, database_url=""))


def test_an_error_of_the_database_quotes_no_value(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.DBAPIError) as refused:
        store.append(engine, "v", [record(reason="Jane Doe, 555-0100")], run=77)
    assert "Jane" not in str(refused.value)
