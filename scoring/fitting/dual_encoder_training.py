"""Training of the dual encoder's two heads by InfoNCE on frozen features (van den Oord et al., arXiv 1807.03748)."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from numpy.typing import NDArray

from scoring.dual_encoder import DualEncoder, Floats, Moments, unit


@dataclass(frozen=True, slots=True)
class DualEncoderRecipe:
    """How the heads are trained.

    Attributes:
        width: of the shared space.
        epochs: passes over the photos; each photo meets one of its texts a pass.
        batch_size: photos a step; the others' texts are the negatives.
        learning_rate: AdamW's peak, warmed up and cosine-decayed to 0.
        weight_decay: AdamW's.
        temperature: cosines are divided by it before the softmax.
        dropout: share of the inputs zeroed on both sides.
        seed: of the initial weights, the order and the dropout.
    """

    width: int = 256
    epochs: int = 30
    batch_size: int = 512
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    temperature: float = 0.05
    dropout: float = 0.4
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.width, self.epochs, self.batch_size - 1) < 1 or self.temperature <= 0:
            raise ValueError(f"width, epochs >= 1, batch_size >= 2 and temperature > 0 are needed, got {self}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")


def train_dual_encoder(
    features: Floats, sentences: Floats, image_of: NDArray[np.int64], recipe: DualEncoderRecipe
) -> DualEncoder:
    """Heads under which each text is nearest to its own image.

    Args:
        features: the backbone's pooled features, [I, 1280].
        sentences: sentence embeddings of true descriptions, [T, 384].
        image_of: the image that each text describes, [T], every image at least once.
        recipe: the training's settings.
    """
    torch.manual_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    mean = features.mean(0)
    spread = (features.std(0) + 1e-3).astype(np.float32)  # a feature that never varies stays near 0
    inputs = torch.from_numpy((features - mean) / spread)
    texts = torch.from_numpy(sentences)
    image_head = torch.nn.Linear(inputs.shape[1], recipe.width, bias=False)
    text_head = torch.nn.Linear(texts.shape[1], recipe.width, bias=False)
    parameters = [*image_head.parameters(), *text_head.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * max(1, len(inputs) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps + 1)
    for _ in range(recipe.epochs):
        for images, chosen in _batches(image_of, len(inputs), recipe.batch_size, random):
            image = F.normalize(image_head(F.dropout(inputs[images], recipe.dropout)), dim=-1)
            text = F.normalize(text_head(F.dropout(texts[chosen], recipe.dropout)), dim=-1)
            logits = image @ text.T / recipe.temperature
            target = torch.arange(len(logits))
            loss = F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    heads = [head.weight.detach().numpy().T.copy() for head in (image_head, text_head)]
    return _with_moments(mean, spread, heads[0], heads[1], features, sentences)


def _batches(
    image_of: NDArray[np.int64], images: int, batch_size: int, random: np.random.Generator
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(image indices, one text index each) for one pass, the images shuffled, a short last batch dropped."""
    shuffled = random.permutation(len(image_of))
    text_of = np.empty(images, np.int64)
    text_of[image_of[shuffled]] = shuffled  # the last of an image's texts in shuffled order wins
    order = random.permutation(images)
    size = min(batch_size, images)
    chunks = (order[start : start + size] for start in range(0, images - size + 1, size))
    return [(chunk, text_of[chunk]) for chunk in chunks]


def _with_moments(
    mean: Floats, spread: Floats, image_head: Floats, text_head: Floats, features: Floats, sentences: Floats
) -> DualEncoder:
    standard: Floats = (features - mean) / spread
    images = Moments.of(unit(standard @ image_head))
    texts = Moments.of(unit(sentences @ text_head))
    return DualEncoder(
        feature_mean=mean,
        feature_spread=spread,
        image_head=image_head,
        text_head=text_head,
        image_mean=images.mean,
        image_covariance=images.covariance,
        text_mean=texts.mean,
        text_covariance=texts.covariance,
    )
