"""Training recipes as plain functions: `tiny` for tests, `small` from the packaged BERT, `base` as in the paper."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from training.batch import Masking
from training.bert import BertSizes
from training.losses import TaskWeights


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything about a pre-training run but its data and its place.

    Attributes:
        init: `minilm` (the packaged BERT), `none` (random weights), or None: the user must name a checkpoint.
        sizes: of the encoder, when it does not start from a checkpoint.
        text_positions: the longest text, [CLS] and [SEP] included.
        max_regions: the surest regions kept of each image.
        batch_size: samples an optimiser step; a corpus too small for two of them gets smaller ones, see `fitted`.
        epochs: passes over the corpus.
        min_steps: optimiser steps that a corpus too small for them gets all the same, in more epochs.
        learning_rate: its peak.
        betas: AdamW's.
        weight_decay: AdamW's; biases and norms have none.
        warmup_share: of the steps, in which the learning rate rises from 0; it falls to 0 in the rest.
        gradient_norm: gradients are scaled down to it.
        dropout: of the encoder.
        masking: shares of what is hidden, and of mismatched pairs.
        weights: of the four tasks.
        checkpoint_steps: optimiser steps between two checkpoints; there is always one at the end.
        keep_checkpoints: the newest ones that stay on disk.
    """

    init: str | None
    sizes: BertSizes
    text_positions: int = 44
    max_regions: int = 100
    batch_size: int
    epochs: int
    min_steps: int = 1
    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    warmup_share: float = 0.05
    gradient_norm: float = 5.0
    dropout: float = 0.1
    masking: Masking = field(default_factory=Masking)
    weights: TaskWeights = field(default_factory=TaskWeights)
    checkpoint_steps: int = 1000
    keep_checkpoints: int = 2

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "min_steps", "max_regions", "checkpoint_steps", "keep_checkpoints"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} is not positive")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate {self.learning_rate} is not in (0, 1)")
        if not 0 <= self.warmup_share < 1:
            raise ValueError(f"warmup_share {self.warmup_share} is not in [0, 1)")

    def fitted(self, pairs: int) -> "Recipe":
        """The recipe with at most half the corpus in a batch, but not under 8: a handful of pairs needs steps more."""
        return replace(self, batch_size=min(self.batch_size, max(8, pairs // 2)))

    def steps(self, pairs: int) -> int:
        """The optimiser steps over a corpus of `pairs`."""
        return max(self.min_steps, -(-self.epochs * pairs // self.batch_size))


# Neither the packaged BERT nor random weights bring a trained MLM head. At first the gradient that MLM sends into the
# encoder is then some twenty times as long as ITM's, and ITM stays at chance far longer. MOC's is no longer than ITM's;
# its weight was lowered along with MLM's in the runs that these recipes were chosen on.
BALANCED: Final = TaskWeights(mlm=0.1, moc=0.1)

BERT_BASE: Final = BertSizes(
    vocab_size=30522,
    hidden_size=768,
    layers=12,
    heads=12,
    feed_forward_size=3072,
    positions=512,
    layer_norm_eps=1e-12,
)


def base() -> Recipe:
    """The paper's pre-training (section 5.1), UNITER's choices where it is silent; starts from BERT-base."""
    return Recipe(init=None, sizes=BERT_BASE, batch_size=48, epochs=17, learning_rate=1e-4)


def small() -> Recipe:
    """The paper's tasks on six layers of 384, for a laptop; even a handful of pairs gets steps enough to learn.

    Without dropout, which costs a CPU a tenth of its time.
    """
    sizes = replace(BERT_BASE, hidden_size=384, layers=6, feed_forward_size=1536)
    return Recipe(
        init="minilm",
        sizes=sizes,
        batch_size=48,
        epochs=17,
        min_steps=150,
        learning_rate=3e-4,
        dropout=0.0,
        weights=BALANCED,
    )


def tiny() -> Recipe:
    """Two layers of 64 from nothing, for tests."""
    sizes = replace(BERT_BASE, hidden_size=64, layers=2, heads=4, feed_forward_size=128, positions=64)
    return Recipe(init="none", sizes=sizes, batch_size=16, epochs=17, learning_rate=1e-3, weights=BALANCED)


RECIPES: Final[dict[str, Callable[[], Recipe]]] = {"tiny": tiny, "small": small, "base": base}
