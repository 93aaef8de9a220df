"""The settings of training in plain words, each explained where it is chosen; what is empty is chosen to suit."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from core import ventures
from core.venture import Model, Venture
from core.ventures import Entry
from pages.shared.files import save


class Ask(NamedTuple):
    """One setting: its key in venture.toml, the question, and what it does."""

    key: str
    question: str
    help: str
    step: float = 1
    least: float = 0
    most: float | None = None
    form: str | None = None


class Pick(NamedTuple):
    """A setting with few values: what venture.toml holds, and what a person reads."""

    key: str
    question: str
    help: str
    options: dict[Any, str]


_CHOSEN = "chosen for me"
MAIN: tuple[Ask | Pick, ...] = (
    Ask(
        "epochs",
        "Passes over the data (epochs)",
        "At most so many; training stops sooner where the validation rows gain nothing for two passes.",
        least=1,
        most=50,
    ),
    Ask(
        "learning_rate",
        "Learning rate",
        "How large a step each batch makes. Too large and training diverges, too small and it hardly moves. "
        "1e-4 suits small models, 2e-4 a few rows a class; large models take 2e-5.",
        step=1e-5,
        most=1,
        form="%.6f",
    ),
    Ask(
        "batch_size",
        "Batch size",
        "Texts that are read before a step. Larger is steadier and needs more memory; 16 to 64 is usual.",
        least=1,
        most=1024,
    ),
    Pick(
        "optimizer",
        "Optimiser",
        "AdamW gives each weight a step size of its own from its past gradients: the usual choice for text models, and "
        "forgiving. SGD (with momentum) uses one step size for all: less memory, needs a much larger learning rate and "
        "patience. Adafactor is near Adam with a fraction of its memory, for large models.",
        {"adamw": "AdamW", "sgd": "SGD with momentum", "adafactor": "Adafactor"},
    ),
    Pick(
        "schedule",
        "How the learning rate falls (schedule)",
        "It first rises from 0 (warm-up), so that early steps do no harm. Then linear falls evenly to 0, cosine stays "
        "high longer and lands softly, constant stays and lets you stop anywhere.",
        {"linear": "Linear to 0", "cosine": "Cosine", "constant": "Constant"},
    ),
    Ask(
        "search_minutes",
        "Search for better settings, minutes",
        "Tries other settings within this budget and stops the poor ones early; then trains with the best. Empty "
        "searches nothing. The test rows take no part in the choice.",
        most=1440,
    ),
    Ask(
        "seeds",
        "Seeds",
        "Trains so many times, with other random numbers each time, and shows how much of the result is luck. Takes as "
        "many times as long; the first one is the model that is kept. Three show a spread; empty trains once.",
        least=1,
        most=20,
    ),
)
MORE: tuple[Ask | Pick, ...] = (
    Pick(
        "loss",
        "Loss",
        "What training makes small. Cross-entropy is the standard. Focal turns to the rows the model still gets wrong: "
        "for many easy rows and few hard ones.",
        {"cross_entropy": "Cross-entropy", "focal": "Focal"},
    ),
    Pick(
        "class_weights",
        "Small classes count as much as large ones",
        "Weighs each row by how rare its class is. Helps macro-F1 where classes differ much; costs some accuracy.",
        {True: "Yes", False: "No"},
    ),
    Ask(
        "label_smoothing",
        "Label smoothing",
        "Regularisation: spreads this share of each answer over all classes, so that mislabelled rows weigh less. "
        "0.05 to 0.1 is usual. Not together with the focal loss.",
        step=0.01,
        most=0.99,
        form="%.2f",
    ),
    Ask(
        "dropout",
        "Dropout",
        "Regularisation: switches off this share of the network at random in each step, so that it leans on no single "
        "path. 0.1 is usual; more for few rows.",
        step=0.05,
        most=0.99,
        form="%.2f",
    ),
    Ask(
        "weight_decay",
        "Weight decay",
        "Regularisation: pulls weights towards 0, so that none grows without reason. 0.01 is usual.",
        step=0.01,
        most=1,
        form="%.3f",
    ),
    Ask(
        "warmup",
        "Warm-up, share of the steps",
        "The part of training in which the learning rate rises from 0. 0.1 is usual.",
        step=0.05,
        most=1,
        form="%.2f",
    ),
    Ask(
        "layer_decay",
        "Layer-wise decay",
        "Each lower layer learns this many times as fast as the one above: what lies deep is general and should change "
        "least. 0.8 to 0.95 is usual, 1 switches it off.",
        step=0.05,
        least=0.01,
        most=1,
        form="%.2f",
    ),
    Ask(
        "freeze_layers",
        "Frozen layers",
        "The lowest layers that stay as they are: faster, and safer with few rows. 0 lets all learn.",
    ),
    Ask(
        "lora_rank",
        "LoRA rank",
        "Learns small low-rank updates beside the weights and leaves the weights alone: for models too large to tune "
        "whole. 8 or 16 is usual; 0 tunes all weights.",
    ),
    Ask(
        "max_length",
        "Tokens of a text that are read",
        "What is longer is cut off. See the lengths under The data: reading more costs time.",
        least=8,
        most=8192,
    ),
    Pick(
        "precision",
        "Precision of training",
        "fp32 is full precision. bf16 rounds the arithmetic of each step to 8 bits: faster only on processors with "
        "bf16 units, about half as fast on others. Automatic times real steps and takes bf16 only where it wins.",
        {"auto": "Automatic", "fp32": "fp32", "bf16": "bf16"},
    ),
    Ask(
        "accumulate",
        "Batches to one step",
        "Adds up several batches before a step: a large batch in little memory.",
        least=1,
    ),
)
_OF_CLASSES = ("loss", "class_weights", "label_smoothing")
_WHOLE = ("epochs", "batch_size", "freeze_layers", "lora_rank", "max_length", "accumulate", "seeds")


def form(it: Entry, of: Venture, *, scores: bool = False) -> None:
    """The form; what changed is written to venture.toml, what is emptied is taken out of it.

    Where `scores` are predicted, what only classes have is not asked, and saving takes it out.
    """
    now = of.model
    main, more = ([ask for ask in asks if not scores or ask.key not in _OF_CLASSES] for asks in (MAIN, MORE))
    texts = {d.id: d.path for d in of.datasets if not d.label}
    main += [_unlabelled(texts)] if texts and not scores else []
    if it.sample:
        st.caption("The sample keeps its settings. Duplicate it on the Ventures page to change them.")
    with st.form("settings", border=True):
        st.markdown("**Settings of the next run.** What is empty is chosen to suit the data.")
        answers = _base(it, now) | _ask(it, now, main)
        with st.expander("More: loss, regularisation, layers", icon=":material/tune:"):
            answers |= _ask(it, now, more)
        answers |= {f"model.{key}": None for key in _OF_CLASSES} if scores else {}
        if st.form_submit_button("Save the settings", icon=":material/save:", disabled=it.sample):
            save(it, lambda toml: ventures.change(toml, answers))


def _unlabelled(texts: dict[str, str]) -> Pick:
    return Pick(
        "unlabelled",
        "Texts without a label to learn from too",
        "Where few rows of each class have a label, texts without one help: labels spread to those that a first "
        "training finds near, and a second one learns from all. On BANKING77 with ten rows a class 7,000 such texts "
        "raised accuracy from 84.8 % to 88.1 % (one draw, 2,000 rows).",
        texts,
    )


def _base(it: Entry, now: Model) -> dict[str, Any]:
    """The base model; another one takes the stated licence with it, for that was the former's."""
    typed = st.text_input(
        "Base model",
        now.base,
        key=f"set-base-{it.slug}",
        help="The bundled all-MiniLM-L6-v2, a folder beside venture.toml (begin with ./), or an id of the Hugging Face "
        "hub (owner/name), which is fetched when the run begins.",
    ).strip()
    st.caption("safetensors weights only; remote code off: code that comes with a model is never run.")
    changed = bool(typed) and typed != now.base
    return {"model.base": typed, "model.licence": None} if changed else {}


def _ask(it: Entry, now: Model, wanted: Sequence[Ask | Pick]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for at in range(0, len(wanted), 2):  # a row of its own for each two: on a phone columns stand below each other
        for column, ask in zip(st.columns(2), wanted[at : at + 2], strict=False):
            with column:
                stated, key = getattr(now, ask.key), f"set-{ask.key}-{it.slug}"
                answers[f"model.{ask.key}"] = (_pick if isinstance(ask, Pick) else _number)(ask, stated, key)
    return answers


def _pick(ask: Any, stated: Any, key: str) -> Any:
    options = [None, *ask.options]
    nothing = "none" if ask.key == "unlabelled" else _CHOSEN

    def shown(value: Any) -> str:
        return str(ask.options.get(value, nothing))

    at = options.index(None if stated == "" else stated)
    return st.selectbox(ask.question, options, index=at, format_func=shown, key=key, help=ask.help)


def _number(ask: Any, stated: float | None, key: str) -> float | None:
    kind: Any = int if ask.key in _WHOLE else float
    typed: float | None = st.number_input(
        ask.question,
        min_value=kind(ask.least),
        max_value=None if ask.most is None else kind(ask.most),
        value=None if stated is None else kind(stated),
        step=kind(ask.step),
        format=ask.form,
        placeholder={"search_minutes": "no search", "seeds": "one"}.get(ask.key, _CHOSEN),
        key=key,
        help=ask.help,
    )
    # 0 of these means nothing, and the file refuses it
    return None if ask.key in ("learning_rate", "search_minutes") and not typed else typed
