"""A pytest plugin: `config`, settings with a var folder and a database of the test's own, SQLite and PostgreSQL.

The PostgreSQL half runs where PREFLIGHT_TEST_POSTGRES is a URL whose user may create databases (tests/postgres.sh).
"""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from core import store
from core.settings import Settings

URL = "PREFLIGHT_TEST_POSTGRES"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings with short times; the database is empty and not yet opened."""
    short = {"var": tmp_path / "var", "lease_s": 1.5, "idle_s": 1.0, "slots": 2, "queue_limit": 50}
    if request.param == "sqlite":
        yield Settings(**short, database_url="")
        _close()
    elif base := os.environ.get(URL):
        server = sa.create_engine(store._url(base), isolation_level="AUTOCOMMIT")
        name = f"t{secrets.token_hex(6)}"
        with server.connect() as c:
            c.exec_driver_sql(f"CREATE DATABASE {name}")
        # The plain form of the URL, as an operator would write it.
        url = server.url.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
        yield Settings(**short, database_url=url)
        _close()
        with server.connect() as c:
            c.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        server.dispose()
    else:
        pytest.skip(f"{URL} is not set; sh tests/postgres.sh starts a PostgreSQL and sets it")


@pytest.fixture
def engine(config: Settings) -> sa.Engine:
    return store.connect(config)


def _close() -> None:
    for opened in store._engines.values():
        opened.dispose()
    store._engines.clear()
