"""A founder's own name model: trained on sentences mined from their rows, adopted only where it leaks less."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.privacy.names import judge, weights
from core.privacy.names.fill import Filled, Filler
from core.privacy.names.mine import mine, readable
from core.privacy.names.templates import Template, drawn, split, templates
from core.privacy.names.train import Settings, tune
from core.progress import Progress, part, silent

SHARES = (0.5, 1.0)  # of the way to the tuned weights; a third part of the sentences chooses
SETTINGS = Settings(texts=1000, epochs=60, rate=1e-3, seed=11)  # small rounds: the minutes end it
LEAST_SENTENCES = 20  # mined ones with somebody in them, below which a founder's rows say too little
GENERAL = 0.4  # of the texts learned from come from the product's own sentences, so that it does not forget
JUDGED, CHOSEN = 1200, 500  # texts that judge, and that choose

Find = Callable[[Sequence[str]], list[list[tuple[int, int, str]]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: verdicts on held-out sentences and on labelled rows, and what it rested on."""

    adopted: bool
    reason: str
    held_out: judge.Verdict
    labelled: judge.Verdict | None
    rows: int
    sentences: int
    texts: int
    seconds: float
    share: float

    def as_json(self) -> dict[str, Any]:
        """As JSON values; no text of anybody's is among them."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Model:
    """A detector and the spaCy pipeline inside it, whose weights may be changed; `other` is a second opinion."""

    nlp: Any
    find: Find
    other: Find
    base: weights.Weights  # of the published model, to which differences are kept


def model(file: Path | None = None) -> Model:
    """The detector in force, in this process; `file` is where a founder's weights lie, if any were adopted before."""
    from core.privacy import detect  # noqa: PLC0415 - loads Presidio
    from core.privacy.engine import published  # noqa: PLC0415

    finder, plain = detect.Detector(), published()
    nlp = finder.pipeline
    if file is not None and file.exists():
        weights.write(nlp, weights.read(plain))
        if not weights.load_tuned(nlp, file):
            weights.load_tuned(nlp)

    def find(texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
        return [[(s.start, s.end, s.type) for s in spans] for spans in finder.detect(texts)]

    return Model(nlp, find, judge.by_model(plain), weights.read(plain))


def train_own(
    rows: Sequence[str],
    labelled: Sequence[Filled],
    file: Path,
    *,
    minutes: float = 3.0,
    settings: Settings | None = None,
    using: Model | None = None,
    progress: Progress = silent,
) -> Outcome:
    """Fine-tune the name model for a founder's texts and put it at `file` where it is adopted.

    Args:
        rows: their texts.
        labelled: rows that they labelled themselves, if any; these have a veto.
        file: where an adopted model goes; what stands there is replaced by an adopted one only.
        minutes: of processor time to learn in.
        settings: how; `SETTINGS` where None.
        using: the detector; that in force where None.
        progress: told all the time.

    Raises:
        InputError: the rows hold too few sentences with somebody in them to learn from.
    """
    settings = settings or SETTINGS
    progress(0, 1, "loading the recognisers")
    m = using or model(file)
    usable = readable(rows)
    progress(0.02, 1, f"looking for sentences in {len(usable):,} texts")
    mined = mine(usable, m.find, m.other)
    learn, choose, held = _parted(mined)
    start = weights.read(m.nlp)
    texts = _judges(held, settings.seed)
    progress(0.1, 1, f"judging the present model on {len(texts):,} texts")
    before, before_own = _answers(m, texts), _answers(m, labelled)
    lessons = _Mixed(Filler(settings.seed), learn)
    done = tune(
        m.nlp, lessons, learn, settings, seconds=60 * minutes, progress=part(progress, 0.15, 0.85)
    )  # fmt: skip
    progress(0.87, 1, "choosing how much of it to take over")
    share = _best(m, start, weights.read(m.nlp), _judges(choose, settings.seed + 1, CHOSEN))
    progress(0.92, 1, f"judging the new model on {len(texts):,} texts")
    verdict = judge.compare(texts, before, _answers(m, texts))
    own = judge.compare(labelled, before_own, _answers(m, labelled)) if labelled else None
    adopted, reason = _decide(verdict, own)
    outcome = Outcome(adopted, reason, verdict, own, len(usable), len(mined), done.texts, done.seconds, share)
    if adopted:
        file.parent.mkdir(parents=True, exist_ok=True)
        weights.save(file, m.base, weights.read(m.nlp), {"outcome": outcome.as_json()})
    return outcome


class _Mixed:
    """Texts from a founder's sentences and the product's own, in one stream."""

    def __init__(self, filler: Filler, learn: Sequence[Template]) -> None:
        self._filler, self._learn = filler, learn

    def texts(self, given: Sequence[Template], n: int) -> list[Filled]:
        general, _ = split(templates())
        several = round(n * GENERAL)
        return self._filler.texts(general, several) + self._filler.texts(self._learn, n - several)


def _parted(mined: Sequence[Template]) -> tuple[list[Template], list[Template], list[Template]]:
    """Sentences to learn from, to choose by, and to judge by."""
    told = [t for t in mined if any(p.slot in ("full", "first", "city", "address", "org", "nat") for p in t.parts)]
    if len(told) < LEAST_SENTENCES:
        raise InputError(
            f"Only {len(told)} different texts name a person, place or organisation for sure; it takes "
            f"{LEAST_SENTENCES} to learn from. Add rows of free text, or keep the name model that ships."
        )
    rest, held = split(mined, 0.3)
    choose = [t for t in rest if drawn(f"choose {t.key}") < 0.15]
    learn = [t for t in rest if drawn(f"choose {t.key}") >= 0.15]
    return learn, choose, held


def _judges(held: Sequence[Template], seed: int, n: int = JUDGED) -> list[Filled]:
    """Texts that judge: two thirds from the founder's sentences, the rest from the product's held-out ones."""
    filler = Filler(seed + 1, judge=True)
    _, general = split(templates())
    return filler.texts(held, 2 * n // 3) + filler.texts(general, n // 3) if held else filler.texts(general, n)


def _answers(m: Model, texts: Sequence[Filled]) -> judge.Answers:
    return judge.answers(texts, m.find([t.text for t in texts]))


def _best(m: Model, start: weights.Weights, tuned: weights.Weights, texts: Sequence[Filled]) -> float:
    """Put those weights into the pipeline that leak least on texts which neither teach nor judge; their share."""
    figures = {}
    for share in SHARES:
        weights.write(m.nlp, weights.between(start, tuned, share))
        got = _answers(m, texts)
        figures[share] = (got.share(got.leaks)["value"] or 0.0) + (got.share(got.flagged)["value"] or 0.0)
    best = min(figures, key=lambda s: (figures[s], s))
    weights.write(m.nlp, weights.between(start, tuned, best))
    return best


def _decide(held: judge.Verdict, own: judge.Verdict | None) -> tuple[bool, str]:
    if not held.adopted:
        return False, held.reason
    if own is not None and own.leak is not None and own.leak.value > 0:
        return False, "More of the rows that you labelled leak."
    if own is not None and own.clean is not None and own.clean.value > 0:
        return False, "More of the rows that you labelled as free of personal data are flagged."
    return True, held.reason


def drop(file: Path) -> bool:
    """Go back to the name model that ships. False where there was nothing to drop."""
    there = file.exists()
    file.unlink(missing_ok=True)
    return there
