"""A program that trains, is killed, and resumes: one training whole, then one in processes killed by SIGKILL.

Each attempt is a fork of this process, which has imported the libraries once and computed nothing yet.
"""

import gc
import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch
from model_support import labelled_rows

from core.model.base import load_base
from core.model.classifier import Classifier, Encoded, tokenise
from core.model.config import TrainConfig
from core.model.train import fine_tune

CLASSES = ("card", "loan", "login")
KILLS = 5


def train(config: TrainConfig, folder: Path, pipe: int) -> None:
    """Train in this process, saying each step, and leave the weights' hash and the epochs in `done.json`."""
    os.nice(5)
    torch.set_num_threads(1)
    base = load_base(config.base)
    torch.manual_seed(1)  # the head, which a run starts from the same regression every time
    is_score = config.task == "score"
    model = Classifier(base.encoder, 1 if is_score else 3)
    torch.manual_seed(os.getpid())  # a process of its own drew other random numbers
    rows = labelled_rows(90)
    ids = tokenise(base.tokenizer, [t for t, _ in rows], 24)
    labels = [(2.5 if is_score else 1) * CLASSES.index(c) for _, c in rows]
    sides = Encoded(ids[:66], labels[:66]), Encoded(ids[66:], labels[66:])

    def progress(done: float, total: float, note: str = "") -> None:
        os.write(pipe, f"{int(done)} {int(total)}\n".encode())

    told = fine_tune(model, *sides, config, 0, folder / "checkpoints", progress)
    weights = b"".join(w.detach().numpy().tobytes() for _, w in sorted(model.state_dict().items()))
    result = {"sha256": hashlib.sha256(weights).hexdigest(), "epochs": [repr(e) for e in told.history]}
    (folder / "done.json").write_text(json.dumps(result))


def attempt(config: TrainConfig, folder: Path, kill_at: int | None, delay: float) -> tuple[int, int, bool]:
    """Train in a child until it ends, or kill it some time after a step: first step, steps in all, whether killed."""
    folder.mkdir(exist_ok=True)
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        code = 1
        try:
            train(config, folder, writes)
            code = 0
        finally:
            os._exit(code)
    os.close(writes)
    first, total, killed = -1, 0, False
    with os.fdopen(reads) as heard:
        for line in heard:
            step, total = map(int, line.split())
            first = step if first < 0 else first
            if kill_at is not None and step >= kill_at and not killed:
                time.sleep(delay)  # so that it falls anywhere: in a step, in a validation, in a checkpoint's writing
                os.kill(child, signal.SIGKILL)
                killed = True
    status = os.waitpid(child, 0)[1]
    if killed != os.WIFSIGNALED(status) or (not killed and os.waitstatus_to_exitcode(status)):
        raise RuntimeError(f"the child ended with status {status}")
    return first, total, killed


def main() -> None:
    """Read configurations by name as JSON, print what became of each."""
    folder, given = Path(sys.argv[1]), json.loads(sys.argv[2])
    told = {}
    load_base(next(iter(given.values()))["base"])  # imports what every child would import again
    gc.collect()
    gc.freeze()  # the Trainer collects garbage: children need not walk, and copy, all that is here already
    for name, settings in given.items():
        draw = random.Random(name)
        config = TrainConfig(**settings)
        (folder / name).mkdir()
        total = attempt(config, folder / name / "whole", None, 0)[1]
        ends = [*sorted(draw.sample(range(2, total - 1), KILLS)), None]
        firsts = [attempt(config, folder / name / "killed", end, draw.uniform(0, 0.03))[0] for end in ends]
        told[name] = {"total": total, "firsts": firsts}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
