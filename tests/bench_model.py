"""The model room's speed: steps of training in our way and in the common one, side by side in one process.

The common way is the Trainer's defaults as tutorials show them: a classification head on the first token, every text
padded to 128 tokens, batches of 8, all weights trained. `python -m tests.bench_model DATA TEXT LABEL` prints JSON.
"""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from transformers import BertForSequenceClassification

from core.model.adviser import grouped_batches
from core.model.base import load_base
from core.model.classifier import Classifier, padded, tokenise
from core.model.config import BUNDLED, TrainConfig
from core.model.data import read_rows
from core.model.hardware import matmul_gflops
from core.model.optimiser import freeze, optimiser
from core.model.recipe import settled
from core.model.threads import threads

STEPS, BLOCK, WARM = 30, 5, 2
PADDED, BATCH, EPOCHS = 128, 8, 3  # the common way

Step = Callable[[Sequence[Sequence[int]], Tensor], None]


def ours(config: TrainConfig, classes: int) -> Step:
    """A step of this product: mean pooling, frozen embeddings, fused AdamW, batches of similar lengths."""
    base = load_base(BUNDLED)
    model = Classifier(base.encoder, classes).train()
    freeze(model, config)
    updates = optimiser(model, config)

    def step(rows: Sequence[Sequence[int]], labels: Tensor) -> None:
        loss = torch.nn.functional.cross_entropy(model(**padded(rows, 0))["logits"], labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], config.clip)
        updates.step()
        updates.zero_grad()

    return step


def common(classes: int) -> Step:
    """A step of the common way."""
    encoder = load_base(BUNDLED).encoder
    encoder.config.num_labels = classes
    model = BertForSequenceClassification(encoder.config).train()
    model.bert.load_state_dict(encoder.state_dict(), strict=False)
    updates = torch.optim.AdamW(model.parameters(), lr=5e-5)

    def step(rows: Sequence[Sequence[int]], labels: Tensor) -> None:
        batch = padded([[*r, *[0] * (PADDED - len(r))] for r in rows], 0)
        batch["attention_mask"] = (batch["input_ids"] != 0).long()
        model(**batch, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        updates.step()
        updates.zero_grad()

    return step


def flops_per_token(encoder: torch.nn.Module) -> float:
    """Useful floating-point operations of a training step for each real token.

    Six for each weight of a matrix product (two forward, four backward: Kaplan et al. 2020, §2.1), without the two for
    the gradient of the first layer's query, key and value inputs, which frozen embeddings do not need. The attention's
    own products and the head, a few per cent, are left out, so the share below is too low rather than too high.
    """
    c = encoder.config
    weights = c.num_hidden_layers * (4 * c.hidden_size**2 + 2 * c.hidden_size * c.intermediate_size)
    return float(6 * weights - 2 * 3 * c.hidden_size**2)


def measure(data: Path, text: str, label: str) -> dict[str, float | int | str]:
    """Time both ways on the same rows, in turns."""
    torch.set_num_threads(threads())
    rows = read_rows(data, text, label)
    names = sorted(set(rows.labels))
    labels = torch.tensor([names.index(c) for c in rows.labels])
    base = load_base(BUNDLED)
    config, _ = settled({}, len(rows), len(names))
    ids = tokenise(base.tokenizer, rows.texts, config.max_length)
    draw = random.Random(7)
    plan = grouped_batches([len(r) for r in ids], config.batch_size, draw)
    their_plan = [draw.sample(range(len(ids)), BATCH) for _ in range(STEPS)]
    our_plan = draw.sample(plan, min(STEPS, len(plan)))
    ways = {"ours": (ours(config, len(names)), our_plan), "common": (common(len(names)), their_plan)}
    seconds: dict[str, list[float]] = {"ours": [], "common": []}
    rates = []
    for step, batches in ways.values():
        for batch in batches[:WARM]:
            step([ids[i] for i in batch], labels[batch])
    for start in range(0, STEPS, BLOCK):
        rates.append(matmul_gflops(torch.float32))
        for name, (step, batches) in ways.items():
            for batch in batches[start : start + BLOCK]:
                begun = time.perf_counter()
                step([ids[i] for i in batch], labels[batch])
                seconds[name].append(time.perf_counter() - begun)
    tokens = sum(len(ids[i]) for batch in our_plan for i in batch)
    gflops = tokens * flops_per_token(base.encoder) / sum(seconds["ours"]) / 1e9
    epoch = statistics.mean(seconds["ours"]) * len(plan)
    their_epoch = statistics.mean(seconds["common"]) * len(ids) / BATCH
    return {
        "data": data.name,
        "rows": len(ids),
        "threads": torch.get_num_threads(),
        "steps": len(seconds["ours"]),
        "tokens_a_step": tokens / len(our_plan),
        "ms_a_step": 1e3 * statistics.mean(seconds["ours"]),
        "epoch_s": epoch,
        "common_epoch_s": their_epoch,
        "epochs": config.epochs,
        "ratio": EPOCHS * their_epoch / (config.epochs * epoch),
        "gflops": gflops,
        "matmul_gflops": statistics.median(rates),
        "share": gflops / statistics.median(rates),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]), sys.argv[2], sys.argv[3])) + "\n")
