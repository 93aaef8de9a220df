"""A variant in ONNX: needs onnxruntime and a tokenizer, and neither torch nor transformers."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from core.errors import InputError
from core.model.batching import by_length
from core.model.threads import threads

MODEL, TOKENIZER, TOLD = "model.onnx", "tokenizer.json", "variant.json"

# Measured with onnxruntime 1.32 on BANKING77, single requests in turns on one thread: without this fusion p95 of MiniLM
# is 12 to 15 % lower in fp32 and INT8 (1.17 and 1.13 times as fast; 1.01 to 1.31).
_SLOWER = ["SkipLayerNormFusion"]


class OnnxEngine:
    """A folder with `model.onnx`, `tokenizer.json` and `variant.json`, answered by ONNX Runtime on the CPU."""

    def __init__(self, folder: Path, name: str | None = None, n_threads: int | None = None) -> None:
        """Load it.

        Args:
            folder: of the variant.
            name: what to call it; what it calls itself where left out.
            n_threads: of one request; `core.model.threads` says where left out. Left to itself the runtime takes all
                cores of the machine, also where a container grants fewer.

        Raises:
            InputError: the folder holds no variant, or a damaged one.
        """
        try:
            told: dict[str, Any] = json.loads((folder / TOLD).read_text(encoding="utf-8"))
            self.name, self.folder = name or str(told["name"]), folder
            self.classes = tuple(str(c) for c in told["classes"])
            self.batch_free, self._pad = bool(told["batch_free"]), int(told["pad"])
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(int(told["max_length"]))
            self._session = _session(folder / MODEL, n_threads or threads())
        except Exception as error:  # each of the three libraries has errors of its own for a damaged file
            raise InputError(f"{folder.name}: not a variant of this program, or damaged; make it again.") from error

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, cut where the model stops reading; one padding token for a text of none."""
        one = len(texts) == 1
        read = [self._tokenizer.encode(texts[0])] if one else self._tokenizer.encode_batch(list(texts))
        return [e.ids or [self._pad] for e in read]

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Logits (texts, classes)."""
        ids = self.tokenise(texts)
        found = np.empty((len(ids), len(self.classes)), dtype=np.float32)
        for batch in by_length([len(row) for row in ids]):
            found[batch] = self.run([ids[i] for i in batch])
        return found

    def run(self, rows: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        """Logits (rows, classes) of one batch of token ids, padded on the right."""
        longest = max(len(row) for row in rows)
        ids = np.full((len(rows), longest), self._pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, : len(row)], mask[i, : len(row)] = row, 1
        found: npt.NDArray[np.float32] = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return found


def _session(model: Path, n_threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
    # Threads that spin while they wait would take the cores from whatever is timed next, and from other services.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return onnxruntime.InferenceSession(
        str(model), options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER
    )
