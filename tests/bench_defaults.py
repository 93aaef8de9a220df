"""How right the Trainer's defaults are, on the rows that the product's own runs were measured on.

The common way of `tests.bench_model`, trained to its end: a classification head on the first token, all weights, three
epochs, batches of 8, 5e-5 falling to 0, AdamW, fp32. Batches are padded to their longest text and not to 128 tokens:
padding is masked out of attention, so the answers are the same and only the time is not, which `tests.bench_model`
takes. Every training row is learned from; no row is held back.

    python -m tests.bench_defaults TRAIN TEST TEXT LABEL ANSWERS [RUN...]

Answers are kept in ANSWERS (JSON) and not made again where they are there; each RUN, a folder of `model train`, is
compared with them by the paired test on the same test rows.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from core.model.base import _locate
from core.model.classifier import in_batches, load_model, tokenise
from core.model.config import BUNDLED
from core.model.data import read_rows
from core.model.stats import Ints, compare, share
from core.model.threads import threads

PADDED = 128  # longer texts are cut, as padding to 128 does


def common(train: Path, test: Path, text: str, label: str) -> dict[str, Any]:
    """Train the common way, and answer the test rows."""
    rows, held = read_rows(train, text, label), read_rows(test, text, label)
    classes = sorted(set(rows.labels))
    folder = _locate(BUNDLED)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=len(classes), local_files_only=True, dtype=torch.float32
    )

    def items(texts: Any, labels: Any) -> list[dict[str, Any]]:
        ids = tokenizer(list(texts), truncation=True, max_length=PADDED)
        return [
            {"input_ids": i, "attention_mask": m, "labels": classes.index(c)}
            for i, m, c in zip(ids["input_ids"], ids["attention_mask"], labels, strict=True)
        ]

    with tempfile.TemporaryDirectory() as scratch:
        args = TrainingArguments(
            scratch, use_cpu=True, report_to="none", save_strategy="no", disable_tqdm=True, dataloader_pin_memory=False
        )
        trainer = Trainer(
            model, args, train_dataset=items(rows.texts, rows.labels), data_collator=DataCollatorWithPadding(tokenizer)
        )
        trainer.remove_callback(PrinterCallback)
        begun = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - begun
        said = trainer.predict(items(held.texts, held.labels)).predictions
    names = ("num_train_epochs", "per_device_train_batch_size", "learning_rate", "seed")
    settings = {name: getattr(args, name) for name in names} | {"optim": str(args.optim)}
    answers = [classes[i] for i in np.asarray(said).argmax(1)]
    return {"settings": settings, "seconds": seconds, "threads": torch.get_num_threads(), "answers": answers}


def answers_of(run: Path, texts: Any) -> list[str]:
    """What the model of a run of the product says of the test rows."""
    model, tokenizer, classes, limit = load_model(run / "model")
    ids = tokenise(tokenizer, texts, limit)
    logits = in_batches(lambda **b: model(**b)["logits"], ids, tokenizer.pad_token_id or 0)
    return [classes[i] for i in logits.argmax(1).tolist()]


def main(train: Path, test: Path, text: str, label: str, kept: Path, runs: list[Path]) -> dict[str, Any]:
    """The common way's accuracy, and each run's beside it."""
    torch.set_num_threads(threads())
    if not kept.is_file():
        kept.write_text(json.dumps(common(train, test, text, label)))
    found: dict[str, Any] = json.loads(kept.read_text())
    held = read_rows(test, text, label)
    names = sorted(set(held.labels) | set(found["answers"]))

    def numbers(labels: Any) -> Ints:
        return np.array([names.index(c) for c in labels], dtype=np.int64)

    truth, theirs = numbers(held.labels), numbers(found.pop("answers"))
    right = share(int((theirs == truth).sum()), len(truth))
    against = "the Trainer's defaults"
    paired = {r.name: compare(truth, numbers(answers_of(r, held.texts)), theirs, against, 7).as_json() for r in runs}
    return found | {"accuracy": right.value, "low": right.low, "high": right.high, "runs": paired}


if __name__ == "__main__":
    data, rows_held, column, answer, out, *folders = sys.argv[1:]
    result = main(Path(data), Path(rows_held), column, answer, Path(out), [Path(f) for f in folders])
    sys.stdout.write(json.dumps(result) + "\n")
