"""Low-rank updates for models too large to tune whole: a pair of thin matrices learns beside each frozen one."""

from peft import LoraConfig, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer

from core.errors import InputError
from core.model.classifier import Classifier


def adapt(model: Classifier, rank: int) -> None:
    """Freeze the encoder and put an update of rank `rank` beside each of its linear layers.

    Hu et al. 2021 (arXiv 2106.09685); in every linear layer, since in attention alone it falls short of whole tuning
    (Dettmers et al. 2023, arXiv 2305.14314, section 4). Updates are scaled by 2, as is usual, whatever the rank.

    Raises:
        InputError: the encoder has no linear layer that could be updated.
    """
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", bias="none")
    try:
        model.encoder = get_peft_model(model.encoder, config)
    except ValueError as error:
        raise InputError(
            f"{model.encoder.config.model_type}: its layers cannot be tuned by low-rank updates; set lora_rank to 0."
        ) from error


def merge(model: Classifier) -> None:
    """Add the updates into the encoder's own weights: what is left needs no peft and is no slower than before."""
    if any(isinstance(module, BaseTunerLayer) for module in model.encoder.modules()):
        model.encoder = model.encoder.merge_and_unload()
