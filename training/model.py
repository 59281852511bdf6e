"""ImageBERT: one Transformer encoder over a text and the regions of an image (arXiv 2001.07966, section 4).

Shapes: B samples, T text positions, R regions, L = T + R, H hidden size, D region feature size, V vocabulary,
C region classes, M masked tokens and K masked regions of the whole batch.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from pipelines.schema import DataError
from training.batch import Batch

TASKS: Final = ("mlm", "moc", "mrfr", "itm")
TEXT_SEGMENT: Final = 0
REGION_SEGMENT: Final = 1
WEIGHTS_FILE: Final = "model.safetensors"
CONFIG_FILE: Final = "config.json"
INITIAL_STD: Final = 0.02  # of BERT's weights, at BERT-base's width
BASE_HIDDEN_SIZE: Final = 768


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBERTConfig:
    """Sizes of the model; the defaults are the paper's (section 4 and 5.1), which are BERT-base's.

    Attributes:
        region_feature_size: D, of the detector (Faster R-CNN: 2048).
        region_classes: C, of the detector (Visual Genome: 1600).
        vocab_size: V, of the tokenizer.
        hidden_size: H.
        layers: encoder layers.
        heads: attention heads; they divide `hidden_size`.
        feed_forward_size: inner size of a layer's feed-forward part.
        positions: rows of the position table, as in the BERT checkpoint.
        text_positions: the longest text, [CLS] and [SEP] included.
        region_position: the one row of the position table that all regions share, as they have no order; the paper
            calls it a dummy and names no row. Ours is the first one that no text reaches.
        dropout: probability, everywhere that BERT has it.
        layer_norm_eps: BERT's.
    """

    region_feature_size: int
    region_classes: int
    vocab_size: int = 30522
    hidden_size: int = 768
    layers: int = 12
    heads: int = 12
    feed_forward_size: int = 3072
    positions: int = 512
    text_positions: int = 44
    region_position: int = 44
    dropout: float = 0.1
    layer_norm_eps: float = 1e-12

    def __post_init__(self) -> None:
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is no multiple of heads {self.heads}")
        if not self.text_positions <= self.region_position < self.positions:
            raise ValueError(
                f"region_position {self.region_position} is not in [text_positions {self.text_positions}, "
                f"positions {self.positions})"
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout {self.dropout} is not in [0, 1)")


class Embeddings(nn.Module):
    """Both modalities' embeddings; they share the segment and the position table."""

    def __init__(self, config: ImageBERTConfig) -> None:
        super().__init__()
        self.config = config
        self.word = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position = nn.Embedding(config.positions, config.hidden_size)
        self.segment = nn.Embedding(2, config.hidden_size)
        self.text_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.region_feature = nn.Linear(config.region_feature_size, config.hidden_size)
        self.region_location = nn.Linear(5, config.hidden_size)
        self.region_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def text(self, ids_BT: Tensor) -> Tensor:
        """[B, T, H]: word + text segment + ascending position, as BERT."""
        word_BTH = self.word(ids_BT)
        position_TH = self.position.weight[: ids_BT.shape[1]]
        return cast("Tensor", self.dropout(self.text_norm(word_BTH + self.segment.weight[TEXT_SEGMENT] + position_TH)))

    def regions(self, features_BRD: Tensor, locations_BR5: Tensor) -> Tensor:
        """[B, R, H]: LN(v + s + p_img + p_seq) (section 4.1)."""
        v_BRH = self.region_feature(features_BRD.to(self.region_feature.weight.dtype))
        p_img_BRH = self.region_location(locations_BR5)
        s_H = self.segment.weight[REGION_SEGMENT]
        p_seq_H = self.position.weight[self.config.region_position]
        return cast("Tensor", self.dropout(self.region_norm(v_BRH + s_H + p_img_BRH + p_seq_H)))

    @torch.no_grad()
    def match_region_scale(self, features_ND: Tensor) -> None:
        """Scale the feature projection, in place, so that v is on average as long as a word's embedding.

        Detectors' features come in any scale. Left alone, v is ten times as long as s, p_img and p_seq beside it, and
        next to nothing of them survives the norm.

        Args:
            features_ND: features of a sample of regions; if all of them are zero, nothing changes.
        """
        v_NH = F.linear(features_ND.to(self.region_feature.weight.dtype), self.region_feature.weight)
        length = v_NH.norm(dim=-1).mean()
        if length > 0:
            self.region_feature.weight *= self.word.weight.norm(dim=-1).mean() / length


class Layer(nn.Module):
    """One post-norm Transformer layer, as BERT's."""

    def __init__(self, config: ImageBERTConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attention_dropout = config.dropout
        self.query_key_value = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.attention_output = nn.Linear(config.hidden_size, config.hidden_size)
        self.attention_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.feed_forward_in = nn.Linear(config.hidden_size, config.feed_forward_size)
        self.feed_forward_out = nn.Linear(config.feed_forward_size, config.hidden_size)
        self.feed_forward_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden_BLH: Tensor, mask_B11L: Tensor) -> Tensor:
        """[B, L, H]; `mask_B11L` is true where a position may be attended to."""
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.query_key_value(hidden_BLH).chunk(3, -1)
        )
        dropout = self.attention_dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask_B11L, dropout_p=dropout)
        attended_BLH = self.attention_output(mixed.transpose(1, 2).flatten(2))
        hidden_BLH = self.attention_norm(hidden_BLH + self.dropout(attended_BLH))
        fed_BLH = self.feed_forward_out(F.gelu(self.feed_forward_in(hidden_BLH)))
        return cast("Tensor", self.feed_forward_norm(hidden_BLH + self.dropout(fed_BLH)))


class Heads(nn.Module):
    """The four tasks' output layers (section 4.2); the MLM decoder is the word table itself."""

    def __init__(self, config: ImageBERTConfig) -> None:
        super().__init__()
        self.mlm_dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.mlm_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.mlm_bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.moc = nn.Linear(config.hidden_size, config.region_classes)
        self.mrfr = nn.Linear(config.hidden_size, config.region_feature_size)
        self.itm = nn.Linear(config.hidden_size, 1)

    def mlm(self, hidden_MH: Tensor, word_VH: Tensor) -> Tensor:
        """[M, V] logits."""
        return F.linear(self.mlm_norm(F.gelu(self.mlm_dense(hidden_MH))), word_VH, self.mlm_bias)


class ImageBERT(nn.Module):
    """The encoder with its pre-training heads, randomly initialised until weights are loaded.

    Weights are normal with BERT's deviation at its own size. A narrower model gets larger ones in proportion to the
    root of its width: with BERT's own, a layer of 64 would add next to nothing to what passes through it.
    """

    def __init__(self, config: ImageBERTConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.heads = Heads(config)
        self.apply(partial(_initialise, std=INITIAL_STD * (BASE_HIDDEN_SIZE / config.hidden_size) ** 0.5))

    def encode(
        self,
        ids_BT: Tensor,
        text_mask_BT: Tensor,
        features_BRD: Tensor,
        locations_BR5: Tensor,
        region_mask_BR: Tensor,
    ) -> Tensor:
        """The last hidden states [B, T + R, H], the text's first; masks are true on what is not padding; R may be 0."""
        hidden_BLH = torch.cat([self.embeddings.text(ids_BT), self.embeddings.regions(features_BRD, locations_BR5)], 1)
        mask_B11L = torch.cat([text_mask_BT, region_mask_BR], 1)[:, None, None, :]
        for layer in self.layers:
            hidden_BLH = layer(hidden_BLH, mask_B11L)
        return hidden_BLH

    def forward(self, batch: Batch, tasks: Collection[str] = TASKS) -> dict[str, Tensor]:
        """What the heads of `tasks` predict; MLM, MOC and MRFR run on the masked positions only.

        Returns:
            mlm: logits [M, V]; moc: logits [K, C]; mrfr: features [K, D]; itm: logits [B], positive = matched.
        """
        hidden_BLH = self.encode(
            batch.ids_BT, batch.text_mask_BT, batch.features_BRD, batch.locations_BR5, batch.region_mask_BR
        )
        text_length = batch.ids_BT.shape[1]
        predictions: dict[str, Tensor] = {}
        if "mlm" in tasks:
            hidden_MH = hidden_BLH[:, :text_length].flatten(0, 1)[batch.token_positions_M]
            predictions["mlm"] = self.heads.mlm(hidden_MH, self.embeddings.word.weight)
        hidden_KH = hidden_BLH[:, text_length:].flatten(0, 1)[batch.region_positions_K]
        if "moc" in tasks:
            predictions["moc"] = self.heads.moc(hidden_KH)
        if "mrfr" in tasks:
            predictions["mrfr"] = self.heads.mrfr(hidden_KH)
        if "itm" in tasks:
            predictions["itm"] = self.heads.itm(hidden_BLH[:, 0]).squeeze(-1)
        return predictions

    def save_pretrained(self, folder: Path) -> None:
        """Write `model.safetensors` and `config.json` into `folder`, which exists."""
        weights = {name: tensor.detach().contiguous().cpu() for name, tensor in self.state_dict().items()}
        save_file(weights, folder / WEIGHTS_FILE, metadata={"format": "pt"})
        (folder / CONFIG_FILE).write_text(
            json.dumps({"model_type": "imagebert", **asdict(self.config)}, indent=2) + "\n"
        )

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """The model that `save_pretrained` wrote, on the CPU, in evaluation mode.

        Raises:
            DataError: the folder holds no ImageBERT checkpoint, or a damaged one.
        """
        settings = read_config(folder)
        if settings.pop("model_type", None) != "imagebert":
            raise DataError(f"{folder} holds another model than ImageBERT; give a folder written by training.pretrain")
        try:
            model = cls(ImageBERTConfig(**settings))
        except (TypeError, ValueError) as error:
            raise DataError(f"{folder / CONFIG_FILE} is none of this version's ({error}); train again") from error
        try:
            model.load_state_dict(read_weights(folder))
        except RuntimeError as error:
            raise DataError(f"{folder / WEIGHTS_FILE} does not fit its {CONFIG_FILE}; fetch both again") from error
        return model.eval()


def _initialise(module: nn.Module, std: float) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=std)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)


def read_config(folder: Path) -> dict[str, Any]:
    """The `config.json` of a checkpoint folder; DataError if there is none, or it is no JSON object."""
    path = folder / CONFIG_FILE
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; give the folder of a checkpoint") from None
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} is no JSON object ({error}); fetch it again") from error


def read_weights(folder: Path) -> Mapping[str, Tensor]:
    """The tensors of a checkpoint folder's `model.safetensors`; DataError if it is missing or damaged."""
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise DataError(f"{path} does not exist; give a folder whose weights are in safetensors format")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise DataError(f"{path} is not a whole safetensors file ({error}); fetch it again") from error
