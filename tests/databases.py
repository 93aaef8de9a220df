"""A pytest plugin: `config`, settings with a var folder and a database of the test's own, SQLite and PostgreSQL.
`shared` is the same for a whole module. What they started is killed at their end.

The PostgreSQL half runs where PREFLIGHT_TEST_POSTGRES is a URL whose user may create databases (tests/postgres.sh).
"""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from core import store
from core.settings import Settings

URL = "PREFLIGHT_TEST_POSTGRES"


PARAMS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=PARAMS)
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings with short times; the database is empty and not yet opened."""
    yield from _settings(request.param, tmp_path / "var", idle_s=1.0)


@pytest.fixture
def engine(config: Settings) -> sa.Engine:
    return store.connect(config)


@pytest.fixture(scope="module", params=PARAMS)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The same for all tests of a module, so that they need only one worker."""
    yield from _settings(request.param, tmp_path_factory.mktemp("shared") / "var", idle_s=60.0)


@pytest.fixture
def shared_engine(shared: Settings) -> sa.Engine:
    return store.connect(shared)


def processes(config: Settings, module: str = "core.jobs") -> list[psutil.Process]:
    """The live processes of workers and jobs that use this var folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if module in " ".join(process.cmdline()) and process.environ().get("PREFLIGHT_VAR") == str(config.var):
                found.append(process)
        except psutil.Error:
            continue
    return [p for p in found if alive(p.pid)]


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _settings(database: str, var: Path, idle_s: float) -> Iterator[Settings]:
    short = {"var": var, "lease_s": 1.5, "idle_s": idle_s, "slots": 2, "queue_limit": 50}
    if database == "sqlite":
        yield from _cleaned(Settings(**short, database_url=""))
    elif base := os.environ.get(URL):
        server = sa.create_engine(store._url(base), isolation_level="AUTOCOMMIT")
        name = f"t{secrets.token_hex(6)}"
        with server.connect() as c:
            c.exec_driver_sql(f"CREATE DATABASE {name}")
        # The plain form of the URL, as an operator would write it.
        url = server.url.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
        yield from _cleaned(Settings(**short, database_url=url))
        with server.connect() as c:
            c.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        server.dispose()
    else:
        pytest.skip(f"{URL} is not set; sh tests/postgres.sh starts a PostgreSQL and sets it")


def _cleaned(config: Settings) -> Iterator[Settings]:
    yield config
    for process in processes(config, ""):
        process.kill()
    url = store._url(config.url).render_as_string(hide_password=False)
    for key in [key for key in store._engines if key[0] == url]:
        store._engines.pop(key).dispose()
