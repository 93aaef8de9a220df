"""Makes the name model that ships: the bundled one, fine-tuned on this project's own sentences."""

import time
from pathlib import Path
from typing import Any

from core.privacy.names import judge, weights
from core.privacy.names.fill import Filler
from core.privacy.names.templates import Template, split, templates
from core.privacy.names.train import Settings, tune
from core.progress import Progress, part, silent

SETTINGS = Settings()
SHARE = 0.7  # of the way from the bundled weights to the tuned ones; see docs/adr
JUDGED = 2000  # held-out texts
COMMAND = "python -m core privacy names --out data/names/tuned.npz"


def make(
    out: Path,
    *,
    settings: Settings = SETTINGS,
    share: float = SHARE,
    judged: int = JUDGED,
    progress: Progress = silent,
    nlp: Any = None,
) -> dict[str, Any]:
    """Fine-tune the bundled model, judge it on held-out sentences and write the difference to `out`.

    The same settings give the same file on the same machine. Returns what the file says of itself.
    """
    from core.privacy.engine import published  # noqa: PLC0415 - loads Presidio

    nlp = published() if nlp is None else nlp
    learn, held = split(templates())
    texts = Filler(settings.seed + 1, judge=True).texts(held, judged)
    progress(0, 1, "answering the held-out texts with the bundled model")
    base, before = weights.read(nlp), _judged(nlp, texts)
    begun = time.process_time()
    done = tune(nlp, Filler(settings.seed), learn, settings, progress=part(progress, 0.05, 0.9))
    weights.write(nlp, weights.between(base, weights.read(nlp), share))
    progress(0.9, 1, "answering the held-out texts with the tuned model")
    verdict = judge.compare(texts, before, _judged(nlp, texts))
    told = {
        "command": COMMAND,
        "settings": {name: getattr(settings, name) for name in settings.__slots__},
        "share": share,
        "texts": done.texts,
        "processor_seconds": round(time.process_time() - begun),
        "templates": _counts(learn, held),
        "verdict": verdict.as_json(),
    }
    weights.save(out, base, weights.read(nlp), told)
    return weights.about(out)


def _judged(nlp: Any, texts: list[Any]) -> judge.Answers:
    return judge.answers(texts, judge.by_model(nlp)([t.text for t in texts]))


def _counts(learn: list[Template], held: list[Template]) -> dict[str, int]:
    return {"learned": len(learn), "held_out": len(held)}
