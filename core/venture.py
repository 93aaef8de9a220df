"""`venture.toml`: everything Preflight is told about a venture, typed and checked.

The pages edit this file and the command line runs it; the same file gives the same verdict in both.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import distributions
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, PrivateAttr, ValidationError, field_validator, model_validator

from core.contents import content_hash, packages_hash
from core.errors import InputError
from core.settings import private_folder, settings
from core.venture_errors import problems
from core.venture_market import Assumption as Assumption
from core.venture_market import Market as Market
from core.venture_part import Part, Share, Slug
from core.venture_policy import KeptScenario, Policy
from core.venture_reach import Reach

MODES = ("internal", "saas", "on_premises", "on_device")
Mode = Literal["internal", "saas", "on_premises", "on_device"]
Scenario = Literal["support-desk", "financial-risk", "medical-triage", "other"]
BUNDLED = "all-MiniLM-L6-v2"
GUIDES = ("eu_ai_act", "nist_ai_rmf", "readiness_levels")  # files of data/guides
OWN_NAMES = "names.npz"  # in the venture's private folder: the weights of a name model of its own
OWN_NAMES_INPUT = "own name model"
RULES = "privacy.toml"  # beside venture.toml: the venture's own rules of the search for personal data


class Need(Part):
    """What the product is for, in plain words: what everything else is measured against."""

    does: str = Field("", max_length=2000, description="What the product does")
    for_whom: str = Field("", max_length=2000, description="Who uses it, who pays")
    sold_how: str = Field("", max_length=2000, description="How it reaches them and what they pay for")


class Must(Part):
    """What it must reach. A requirement left out is not checked, and the board says so."""

    accuracy: Share | None = Field(None, description="Least share of right answers")
    macro_f1: Share | None = Field(None, description="Least average F1 over the classes, each weighing the same")
    mae: float | None = Field(None, gt=0, description="Where a score is predicted: most it may be off on average")
    p95_ms: float | None = Field(None, gt=0, description="Longest time for 95 of 100 answers, in milliseconds")
    cost_per_1000: float | None = Field(None, gt=0, description="Most to pay for 1,000 requests, in the currency")
    availability: Share | None = Field(None, description="Least share of time it must answer")
    som: float | None = Field(None, gt=0, description="Least obtainable market, in currency per year")
    margin: Share | None = Field(None, description="Least gross margin at the stated demand")
    margin_10x: Share | None = Field(None, description="Least gross margin at ten times that demand")
    margin_100x: Share | None = Field(None, description="Least gross margin at a hundred times that demand")


class Model(Part):
    """The base model and how it is tuned."""

    base: str = Field(BUNDLED, description="The bundled model, a folder beside this file, or a hub id")
    licence: str = Field("", description="SPDX expression or hub tag of the base model, where it is known")
    candidates: list[str] = Field([], max_length=20, description="Further base models to compare: folders or hub ids")
    epochs: int | None = Field(None, ge=1, le=50, description="Most passes over the training rows")
    learning_rate: float | None = Field(None, gt=0, le=1)
    batch_size: int | None = Field(None, ge=1, le=1024)
    max_length: int | None = Field(None, ge=8, le=8192, description="Tokens of a text that are read")
    optimizer: Literal["adamw", "sgd", "adafactor"] | None = None
    schedule: Literal["linear", "cosine", "constant"] | None = None
    warmup: float | None = Field(None, ge=0, le=1, description="Share of the steps in which the learning rate rises")
    weight_decay: float | None = Field(None, ge=0, le=1)
    dropout: float | None = Field(None, ge=0, lt=1)
    loss: Literal["cross_entropy", "focal"] | None = None
    class_weights: bool | None = Field(None, description="Let small classes count as much as large ones")
    label_smoothing: float | None = Field(None, ge=0, lt=1)
    layer_decay: float | None = Field(None, gt=0, le=1, description="How much slower each lower layer learns")
    freeze_layers: int | None = Field(None, ge=0, description="Lowest layers that stay as they are")
    accumulate: int | None = Field(None, ge=1, description="Batches whose gradients make one step")
    lora_rank: int | None = Field(None, ge=0, description="Rank of low-rank updates; 0 tunes all weights")
    precision: Literal["auto", "fp32", "bf16"] | None = Field(None, description="Of training; auto asks the machine")
    search_minutes: float | None = Field(None, gt=0, le=1440, description="Minutes to search for better settings in")
    seeds: int | None = Field(None, ge=1, le=20, description="Trainings that differ in their seed alone")
    seed: int = Field(7, ge=0)
    unlabelled: str = Field("", description="Id of a data set without labels: its texts are learned from too")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of training that the file states; what it leaves out is chosen to suit the data."""
        apart = {"base", "licence", "candidates", "search_minutes", "seeds", "unlabelled"}
        return {k: v for k, v in self.model_dump(exclude=apart).items() if v is not None}


class Dataset(Part):
    """A file of rows: what is learned from, and what may hold personal data."""

    id: Slug
    path: str = Field(min_length=1)
    text: str = Field(min_length=1, description="Column that holds the text")
    label: str = Field("", description="Column that holds the answer; empty for data that is only scanned")
    task: Literal["classify", "score"] = Field(
        "classify",
        description="classify: the answer is one of several classes, right or wrong; score: it is a number such as "
        "stars or minutes, and being nearly right counts",
    )
    test: str = Field("", description="A file of test rows; empty: a part of the rows is held out")
    licence: str = Field("", description="SPDX expression, LicenseRef-..., or hub tag of the data")
    sample: int | None = Field(None, ge=1, description="Rows to scan for personal data; all where left out")


class Dependencies(Part):
    """What ships with the product, given in one of four forms."""

    manifest: str = Field("", description="A requirements file, manifest or lock file of Python or npm")
    environment: str = Field(
        "", description='A folder of installed packages or wheels, or "current" for this program\'s own'
    )
    source: str = Field("", description="Your own code: a folder, or a zip of it")
    sbom: str = Field("", description="A bill of materials: CycloneDX or SPDX 2 as JSON")
    platform: Literal["linux", "macos", "windows"] = Field(
        "linux", description="Where the product runs: decides which packages it installs there"
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(map(bool, (self.manifest, self.environment, self.source, self.sbom))) != 1:
            raise ValueError("give either manifest, environment, source or sbom")
        return self

    @property
    def path(self) -> str:
        """The path given, in whichever form."""
        return self.manifest or self.environment or self.source or self.sbom


class PackageUse(Part):
    """A package that the product does not use as it comes, which changes what its licence asks for."""

    package: str = Field(min_length=1, max_length=200, description="Its name, as the check of licences lists it")
    how: list[Literal["static", "modified", "copied"]] = Field(
        min_length=1,
        max_length=3,
        description="static: linked into a file of yours; modified: changed before it is used; copied: its source "
        "stands inside yours",
    )


class Distribution(Part):
    """How the product reaches customers: it decides which licence obligations trigger."""

    modes: list[Mode] = Field(default=["saas"], min_length=1)
    open_source: bool = False


class Venture(Part):
    """A whole venture file.

    Relative paths are relative to the file's folder. Where `confined` is set (ventures made in a browser), no path
    may lead out of that folder or the upload folder.
    """

    schema_: Literal[1] = Field(1, alias="schema")
    name: str = Field(min_length=1, max_length=120)
    scenario: Scenario = "other"
    need: Need = Field(default_factory=Need)
    must: Must = Field(default_factory=Must)
    model: Model = Field(default_factory=Model)
    datasets: list[Dataset] = Field(default_factory=list)
    dependencies: list[Dependencies] = Field(default_factory=list)
    uses: list[PackageUse] = Field(
        default_factory=list, max_length=1000, description="Packages that are modified, copied or statically linked"
    )
    distribution: Distribution = Field(default_factory=Distribution)
    market: Market = Field(default_factory=Market)
    reach: Reach = Field(default_factory=Reach)
    policy: Policy = Field(default_factory=Policy)
    scenarios: list[KeptScenario] = Field(default_factory=list, max_length=50)
    guides: dict[str, dict[str, bool]] = Field(
        default_factory=dict, description="Answers to the questions of data/guides, by guide and question"
    )

    _file: Path = PrivateAttr(default=Path("venture.toml"))
    _roots: tuple[Path, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _unique_datasets(self) -> Self:
        if len({d.id for d in self.datasets}) != len(self.datasets):
            raise ValueError("two datasets have the same id")
        return self

    @model_validator(mode="after")
    def _unlabelled_is_there(self) -> Self:
        wanted, there = self.model.unlabelled, [d.id for d in self.datasets if not d.label]
        if wanted and wanted not in there:
            raise ValueError(
                f"model.unlabelled is {wanted!r}: give the id of a data set without a label column "
                f"({', '.join(there) or 'there is none'})"
            )
        return self

    @field_validator("guides")
    @classmethod
    def _known_guides(cls, value: dict[str, dict[str, bool]]) -> dict[str, dict[str, bool]]:
        if unknown := sorted(set(value) - set(GUIDES)):
            raise ValueError(f"there is no guide {unknown[0]!r}; there are {', '.join(GUIDES)}")
        return value

    @property
    def file(self) -> Path:
        """The venture.toml it was read from."""
        return self._file

    @property
    def folder(self) -> Path:
        """The folder its relative paths start from."""
        return self._file.parent

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that its paths must stay in; empty where it may read all that the person at the keyboard may."""
        return self._roots

    @property
    def key(self) -> str:
        """What the store files its evidence and jobs under: the file's absolute path."""
        return str(self._file)

    @property
    def labelled(self) -> Dataset | None:
        """The data set the model learns from: the first one with a label column."""
        return next((d for d in self.datasets if d.label), None)

    @property
    def unlabelled(self) -> Dataset | None:
        """The data set whose texts the model learns from without labels."""
        return next((d for d in self.datasets if d.id == self.model.unlabelled), None)

    @property
    def predicts_scores(self) -> bool:
        """Whether the model answers with a number in place of a class."""
        return self.labelled is not None and self.labelled.task == "score"

    def locate(self, path: str) -> Path:
        """Turn a path of the file into an absolute one.

        Raises:
            InputError: it leads out of the folders a confined venture may read, or does not exist.
        """
        full = (self.folder / Path(path).expanduser()).resolve()
        if self._roots and not any(full.is_relative_to(root) for root in self._roots):
            raise InputError(
                f"{path}: leads out of the venture's folder; upload the file on the Ventures page instead."
            )
        if not full.exists():
            raise InputError(
                f"{path}: no such file or folder (named in {self.file.name}); upload it or correct the path."
            )
        return full

    def inputs(self, room: str) -> dict[str, str]:
        """Name -> SHA-256 of all that a room's evidence follows from: its tables of this file, and the files they name.

        A file that is missing hashes as "missing", so that evidence from it turns stale instead of an error.
        """
        parts = {name: attrgetter(name)(self) for name in _READS[room]}
        text = json.dumps({k: _plain(v) for k, v in parts.items()}, sort_keys=True)
        out = {f"venture.toml ({', '.join(parts)})": hashlib.sha256(text.encode()).hexdigest()}
        for path in self._files(room):
            out[path] = self._hash(path)
        if room == "privacy" and (own := private_folder(settings().var, self.key) / OWN_NAMES).exists():
            out[OWN_NAMES_INPUT] = content_hash(own)
        return out

    def _files(self, room: str) -> list[str]:
        if room == "model":
            data = [self.labelled] if self.labelled else []
            base = [self.model.base] if (self.folder / self.model.base).is_dir() else []
            more = [self.unlabelled.path] if data and self.unlabelled else []
            return [p for d in data for p in (d.path, d.test) if p] + more + base
        if room == "privacy":
            rules = [RULES] if (self.folder / RULES).exists() else []
            return [p for d in self.datasets for p in (d.path, d.test) if p] + rules
        if room == "licences":
            return [d.path for d in self.dependencies]
        if room == "market":
            return [self.market.adoption.series] if self.market.adoption and self.market.adoption.series else []
        if room == "readiness":
            return [self.policy.file] if self.policy.file.endswith(".toml") else []
        return []

    def _hash(self, path: str) -> str:
        if path == "current":
            return _environment_hash()
        read = packages_hash if any(d.environment == path for d in self.dependencies) else content_hash
        try:
            return read(self.locate(path))
        except (InputError, OSError):
            return "missing"


_READS = {
    "model": ("model", "datasets"),
    "privacy": ("datasets",),
    "licences": ("dependencies", "uses", "distribution", "model.base", "model.licence", "datasets"),
    "market": ("market",),
    "readiness": ("must", "model", "datasets", "dependencies", "distribution", "market", "reach", "policy", "guides"),
}


def _plain(part: Any) -> Any:
    if isinstance(part, BaseModel):
        return part.model_dump(mode="json")
    return [_plain(p) for p in part] if isinstance(part, list) else part


@lru_cache(maxsize=1)
def _environment_hash() -> str:
    rows = sorted({f"{d.name}=={d.version}" for d in distributions()})
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def parse(values: Mapping[str, Any], file: Path, roots: tuple[Path, ...] = ()) -> Venture:
    """Build a venture from TOML values read from `file`; pydantic's ValidationError names every problem.

    `roots` confine it: no path of the file may lead out of these folders. None given, the person at the keyboard is
    trusted with their own disk.
    """
    venture = Venture.model_validate(dict(values))
    venture._file = file.resolve()
    venture._roots = tuple(r.resolve() for r in roots)
    return venture


class _MarketFile(Part):
    """A file that holds the [market] table alone."""

    market: Market


def load(file: Path, roots: tuple[Path, ...] = ()) -> Venture:
    """Read a venture file.

    Raises:
        InputError: it cannot be read or is not valid; every problem in one message, each with its line and key.
    """
    file = file / "venture.toml" if file.is_dir() else file
    return load_text(_text_of(file), file, roots)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{file}: no such venture file; give the path of a venture.toml.") from None
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{file}: cannot be read as UTF-8 text; save it as UTF-8.") from None


def load_text(text: str, file: Path, roots: tuple[Path, ...] = ()) -> Venture:
    """Check the text of a venture file that is or will be at `file`; errors as in `load`."""
    try:
        return parse(_toml(text, file), file, roots)
    except ValidationError as error:
        raise InputError(problems(error, Venture, text, file.name)) from None


def _toml(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file.name}: not valid TOML: {error}") from None


def load_market(file: Path) -> Market:
    """Read a market: of a venture file, of a file that holds a [market] table, or of one that holds its keys alone.

    Raises:
        InputError: as `load`.
    """
    file = file / "venture.toml" if file.is_dir() else file
    text = _text_of(file)
    values = _toml(text, file)
    if "schema" in values or "name" in values:
        return load_text(text, file).market
    schema = _MarketFile if "market" in values else Market
    try:
        found = schema.model_validate(values)
    except ValidationError as error:
        raise InputError(problems(error, schema, text, file.name)) from None
    return found.market if isinstance(found, _MarketFile) else found
