"""Every setting of the product, read from the environment (PREFLIGHT_...) and .env."""

import hashlib
from functools import cache
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """What an operator may change. Each field is the environment variable PREFLIGHT_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="PREFLIGHT_", env_file=".env", extra="ignore")

    var: Path = Field(PROJECT / "var", description="Folder for the database, uploads and runs; a local disk.")
    database_url: str = Field("", description="SQLAlchemy URL; empty means SQLite in PREFLIGHT_VAR/app.db.")
    slots: int = Field(2, ge=1, le=64, description="Jobs that run at the same time.")
    queue_limit: int = Field(50, ge=1, description="Jobs that may wait; one more is refused with a message.")
    lease_s: float = Field(10.0, gt=0, description="Seconds after which a silent worker counts as dead.")
    grace_s: float = Field(1.5, ge=0, description="Seconds between asking a job to stop (SIGTERM) and killing it.")
    idle_s: float = Field(300.0, ge=0, description="Seconds without work after which the worker ends itself.")
    prepare: bool = Field(True, description="Import a page's libraries before its button is pressed (0.7 GB).")
    job_threads: int = Field(0, ge=0, description="Threads a job may use; 0 means the machine's cores.")
    job_memory_mb: int = Field(0, ge=0, description="Address-space limit of a job in MB; 0 means none.")
    upload_mb: int = Field(100, ge=1, description="Largest file a page accepts, in MB.")
    upload_rows: int = Field(2_000_000, ge=1, description="Most rows a data set may have.")
    offline: bool = Field(False, description="Never ask a model hub or package index.")
    sample: bool = Field(True, description="Show the sample venture.")

    @field_validator("var")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @property
    def url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.var / 'app.db'}"

    @property
    def uploads(self) -> Path:
        """Where uploaded files lie, named by their SHA-256."""
        return self.var / "uploads"

    @property
    def runs(self) -> Path:
        """One folder a run: log, checkpoints, artefacts."""
        return self.var / "runs"

    @property
    def ventures(self) -> Path:
        """Where ventures made in the browser lie, one folder each."""
        return self.var / "ventures"

    @property
    def sample_ventures(self) -> Path:
        """The ventures that come with the product."""
        return PROJECT / "data" / "ventures"


def private_folder(var: Path, key: str) -> Path:
    """Where a venture's private things lie (labels, drafts, weights learned from its rows), under the program's folder.

    The name is made from the venture's key, so it says nothing; only its owner may read what is in it.
    """
    return var / "private" / hashlib.sha256(key.encode()).hexdigest()[:16]


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
