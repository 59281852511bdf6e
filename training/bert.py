"""Start ImageBERT from a BERT checkpoint: its sizes from `config.json`, its weights from `model.safetensors`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from pipelines.schema import DataError
from training.model import CONFIG_FILE, WEIGHTS_FILE, ImageBERT, read_config, read_weights

_EMBEDDINGS: Final = {
    "embeddings.word.weight": "embeddings.word_embeddings.weight",
    "embeddings.position.weight": "embeddings.position_embeddings.weight",
    "embeddings.segment.weight": "embeddings.token_type_embeddings.weight",
    "embeddings.text_norm": "embeddings.LayerNorm",
}
_LAYER: Final = {
    "attention_output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "feed_forward_in": "intermediate.dense",
    "feed_forward_out": "output.dense",
    "feed_forward_norm": "output.LayerNorm",
}
# Present in checkpoints that kept BERT's masked language modelling head.
_MLM_HEAD: Final = {
    "heads.mlm_dense": "cls.predictions.transform.dense",
    "heads.mlm_norm": "cls.predictions.transform.LayerNorm",
    "heads.mlm_bias": "cls.predictions.bias",
}


@dataclass(frozen=True, slots=True)
class BertSizes:
    """The sizes that a BERT checkpoint fixes; names as in `ImageBERTConfig`."""

    vocab_size: int
    hidden_size: int
    layers: int
    heads: int
    feed_forward_size: int
    positions: int
    layer_norm_eps: float


def bert_sizes(folder: Path) -> BertSizes:
    """The sizes in `folder`'s `config.json`, as transformers writes it.

    Raises:
        DataError: there is none, or it describes another kind of model.
    """
    found: dict[str, Any] = read_config(folder)
    try:
        if found.get("hidden_act", "gelu") != "gelu" or found["type_vocab_size"] < 2:
            raise DataError(f"{folder / CONFIG_FILE} is no BERT with GELU and two segments; give such a checkpoint")
        return BertSizes(
            vocab_size=found["vocab_size"],
            hidden_size=found["hidden_size"],
            layers=found["num_hidden_layers"],
            heads=found["num_attention_heads"],
            feed_forward_size=found["intermediate_size"],
            positions=found["max_position_embeddings"],
            layer_norm_eps=found.get("layer_norm_eps", 1e-12),
        )
    except KeyError as error:
        raise DataError(f"{folder / CONFIG_FILE} has no {error}; give the folder of a BERT checkpoint") from None
    except TypeError as error:
        raise DataError(
            f"{folder / CONFIG_FILE} is no BERT's ({error}); give the folder of a BERT checkpoint"
        ) from None


def load_bert(model: ImageBERT, folder: Path) -> None:
    """Copy the checkpoint in `folder` into `model`, in place; what BERT lacks (regions, heads) stays as it is.

    Only the regions' norm starts as the text's, so that regions reach the encoder at the scale it was trained for.

    Raises:
        DataError: a weight is missing or of another shape than the model's.
    """
    weights = {_plain(name): tensor for name, tensor in read_weights(folder).items()}
    has_mlm_head = _MLM_HEAD["heads.mlm_bias"] in weights
    for name, parameter in model.named_parameters():
        if _bert_name(name) is None or (name.startswith("heads.") and not has_mlm_head):
            continue
        try:
            source = _bert_tensor(name, weights)
        except KeyError as error:
            raise DataError(f"{folder / WEIGHTS_FILE} has no {error}; give a BERT checkpoint") from None
        if source.shape != parameter.shape:
            raise DataError(
                f"{folder / WEIGHTS_FILE} has {_bert_name(name)} of shape {list(source.shape)}, the model "
                f"{list(parameter.shape)}; give a checkpoint of the recipe's sizes"
            )
        with torch.no_grad():
            parameter.copy_(source)
    model.embeddings.region_norm.load_state_dict(model.embeddings.text_norm.state_dict())


def _plain(name: str) -> str:
    """The name as transformers' BertModel has it today: no model prefix, LayerNorm.weight for the old gamma."""
    name = name.removeprefix("bert.")
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")


def _bert_name(name: str) -> str | None:
    """BERT's name of our parameter; `{}` stands where query, key and value are joined in ours; None if it has none."""
    stem, _, kind = name.rpartition(".")
    if stem.startswith("layers."):
        _, index, part = stem.split(".")
        bert_part = "attention.self.{}" if part == "query_key_value" else _LAYER[part]
        return f"encoder.layer.{index}.{bert_part}.{kind}"
    names = _EMBEDDINGS | _MLM_HEAD
    if name in names:
        return names[name]
    return f"{names[stem]}.{kind}" if stem in names else None


def _bert_tensor(name: str, weights: Mapping[str, Tensor]) -> Tensor:
    source = _bert_name(name) or ""
    if "{}" in source:
        return torch.cat([weights[source.format(part)] for part in ("query", "key", "value")])
    return weights[source]
