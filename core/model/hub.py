"""A data set of the Hugging Face hub as one local file: found by its file list, downloaded, nothing of it run.

The library that usually loads such data sets is not used: one table file is all that is needed, and scripts that come
with a data set are never run.
"""

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants, get_session, hf_hub_download
from huggingface_hub.errors import (
    GatedRepoError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from tqdm.std import tqdm

from core.errors import InputError
from core.progress import Cancelled, Progress, silent
from core.settings import settings

CONVERTED = "refs/convert/parquet"  # the hub's own copy of most data sets, made by the hub
_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")  # in this order where a data set has several
_NAME = re.compile(r"(?:hf:)?(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(?::(?P<config>[\w.-]+))?(?:@(?P<split>[\w-]+))?")
_ALIASES = (("train", "training"), ("validation", "valid", "val", "dev"), ("test", "testing", "eval", "evaluation"))
_MOST_FILES = 10_000  # of a list; a data set of more pieces is none for one table


@dataclass(frozen=True, slots=True)
class Source:
    """Which file of which data set: its split, by default "train", and its configuration where it has several."""

    repo: str
    config: str | None
    split: str | None

    def __str__(self) -> str:
        return self.repo + (f":{self.config}" if self.config else "") + (f"@{self.split}" if self.split else "")


def source(name: str) -> Source | None:
    """What `hf:owner/name` or `owner/name:config@split` names; None for a path, or where a file of this name is."""
    found = _NAME.fullmatch(name)
    if not found or (not name.startswith("hf:") and Path(name).exists()):
        return None
    if not name.startswith("hf:") and Path(name).suffix.lower() in _SUFFIXES:
        return None  # a file that is missing, such as data/rows.csv
    return Source(found["repo"], found["config"], found["split"])


def fetch(wanted: Source, *, endpoint: str | None = None, progress: Progress = silent) -> Path:
    """Download the one file that holds a split, into the hub client's cache.

    Args:
        wanted: made by `source`.
        endpoint: address of the hub; by default HF_ENDPOINT, or huggingface.co.
        progress: told as the bytes arrive; what it raises ends the download.

    Raises:
        InputError: not allowed, not reachable, unknown, gated, too large, in several pieces, or no table.
    """
    upload = "Download the file yourself and upload it."
    if settings().offline:
        raise InputError(f"Data set {wanted}: PREFLIGHT_OFFLINE is set, so the hub is not asked. {upload}")
    progress(0, 1, "Asking the hub")
    try:
        # The client tries again for half a minute where nobody answers; one question first tells that at once.
        get_session().head(endpoint or constants.ENDPOINT, timeout=10)
        revision, file = _find(wanted, HfApi(endpoint=endpoint))
        if file.size > settings().upload_mb * 1_000_000:
            raise InputError(
                f"Data set {wanted}: {file.path} has {file.size / 1e6:,.0f} MB, more than the "
                f"{settings().upload_mb} MB allowed: upload a sample of it, or raise PREFLIGHT_UPLOAD_MB."
            )
        return Path(
            hf_hub_download(
                wanted.repo,
                file.path,
                repo_type="dataset",
                revision=revision,
                endpoint=endpoint,
                tqdm_class=_listener(progress, file.size),
            )
        )
    except (InputError, Cancelled):
        raise
    except GatedRepoError as error:
        raise InputError(
            f"Data set {wanted}: its owner wants terms accepted first. Accept them on its page at the hub. {upload}"
        ) from error
    except RepositoryNotFoundError as error:
        raise InputError(
            f"Data set {wanted}: the hub has none of this name, or it is private. Correct the name. {upload}"
        ) from error
    except OfflineModeIsEnabled as error:
        raise InputError(f"Data set {wanted}: HF_HUB_OFFLINE is set, so the hub is not asked. {upload}") from error
    except Exception as error:
        # The client lets httpx's errors, the operating system's and its own through; all mean the same here.
        raise InputError(f"Data set {wanted}: the hub cannot be reached, or broke off. {upload}") from error


def fetch_for(params: Mapping[str, Any], run_dir: Path, progress: Progress = silent) -> dict[str, str]:
    """The job behind a page's field: a data set's table, left in the job's folder under a name that says whose it is.

    Raises:
        InputError: this names no data set, or it cannot be fetched.
    """
    typed = str(params["name"]).strip()
    wanted = source(typed if typed.startswith("hf:") else f"hf:{typed}")
    if wanted is None:
        raise InputError(
            f"{typed[:100]}: not the name of a data set. It is owner/name, as on its page at the hub; "
            "owner/name:configuration@split where it has several."
        )
    table = fetch(wanted, progress=progress)
    kept = run_dir / (re.sub(r"[^\w.-]+", "-", str(wanted)) + table.suffix.lower())
    shutil.copyfile(table, kept)
    return {"file": kept.name, "name": str(wanted)}


def _find(wanted: Source, api: HfApi) -> tuple[str, RepoFile]:
    """The revision and the file: of the data set itself, else of the hub's Parquet copy of it."""
    for revision in ("main", CONVERTED):
        try:
            files = list(islice(_tables(api, wanted.repo, revision), _MOST_FILES))
        except RevisionNotFoundError:
            continue
        found = _of_split(wanted, [f for f in files if not wanted.config or wanted.config in _words(f.path)])
        if len(found) == 1:
            return revision, found[0]
        if found:
            shown = ", ".join(f.path for f in found[:4]) + (" …" if len(found) > 4 else "")
            raise InputError(
                f"Data set {wanted}: {len(found)} files fit ({shown}). Name a configuration, as in "
                f"{wanted.repo}:NAME@{wanted.split or 'train'}, or upload one file."
            )
    raise InputError(
        f"Data set {wanted}: no CSV, TSV, JSONL or Parquet file of this split was found, and scripts are never run. "
        "Name another split, or upload the table as a file."
    )


def _tables(api: HfApi, repo: str, revision: str) -> Iterable[RepoFile]:
    for entry in api.list_repo_tree(repo, recursive=True, revision=revision, repo_type="dataset"):
        if isinstance(entry, RepoFile) and entry.path.lower().endswith(_SUFFIXES):
            yield entry


def _of_split(wanted: Source, files: list[RepoFile]) -> list[RepoFile]:
    """The split's files of the first format that it has; a lone file is the training split where none was named."""
    split = wanted.split or "train"
    names = next((a for a in _ALIASES if split in a), (split,))
    fitting = [f for f in files if _words(f.path) & set(names)]
    if not fitting and wanted.split is None and len(files) == 1:
        fitting = files
    for suffix in _SUFFIXES:
        if found := [f for f in fitting if f.path.lower().endswith(suffix)]:
            return found
    return []


def _words(path: str) -> set[str]:
    """Folders of a path, its name, and the name's words: what a split or a configuration may be called."""
    *folders, name = path.split("/")
    stem = name.rsplit(".", 1)[0]
    return {*folders, stem, *re.split(r"[._-]+", stem)}


def _listener(progress: Progress, size: int) -> type[tqdm]:
    """A progress bar that shows nothing and tells `progress` instead."""

    class Listener(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **how: Any) -> None:
            how.pop("name", None)  # of the client's own bars
            super().__init__(*args, **how | {"disable": True})
            self.done = 0.0

        def update(self, n: float | None = 1) -> None:
            self.done += n or 0
            progress(min(self.done, size), max(size, 1), "Downloading the data set")

    return Listener
