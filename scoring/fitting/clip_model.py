"""The model that `scoring.fitting.clip_training` trains, by which recipe and which loss.

Shapes: B images, T texts, K captions a photo, D of the shared space.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from numpy.typing import NDArray
from torch import Tensor, nn

from scoring.dual_encoder import Floats
from scoring.fitting.clip_trunk import TrainedPart

WIDTH: Final = 256  # of the shared space, as scoring/models/clip/open_clip_config.json says
NEVER: Final = -1e9  # a logit that takes no part in a softmax


@dataclass(frozen=True, slots=True)
class ClipRecipe:
    """How the model is trained.

    Attributes:
        epochs: passes over the photos.
        batch_size: photos a step.
        views: of each photo (`scoring.fitting.clip_views`), one drawn a step.
        change_rate: Adam's peak rate for the trunk, in root mean squares of a row of weights.
        projection_rate: its peak rate for the projections.
        feature_dropout: share of the projections' inputs zeroed.
        block_dropout: share of residual branches left out.
        other_captions: captions of photos outside the batch that count as wrong for each photo.
        other_photos: photos of the steps before that count as wrong for each caption.
        groups: likeness groups in an epoch of hard batches; every second epoch is one.
        warm_up: epochs that train the projections alone, on the packaged trunk.
        average: the weights kept are a moving average with this decay.
        seed: of everything drawn.
    """

    epochs: int = 16
    batch_size: int = 125
    views: int = 8
    change_rate: float = 4e-3
    projection_rate: float = 1e-3
    feature_dropout: float = 0.3
    block_dropout: float = 0.1
    other_captions: int = 2000
    other_photos: int = 625
    groups: int = 100
    warm_up: int = 20
    average: float = 0.98
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.epochs, self.views, self.groups, self.warm_up) < 1 or self.batch_size < 2:
            raise ValueError(f"epochs, views, groups, warm_up >= 1 and batch_size >= 2 are needed, got {self}")


class ClipModel(nn.Module):
    """The trained part of the trunk, standardised, and the two projections.

    Args:
        feature_dropout: share of the projections' inputs zeroed in training.
        block_dropout: share of residual branches left out in training.
        mean: of the packaged trunk's features over the photos, [1280].
        spread: their standard deviation, [1280].
        sentence_width: of the text tower's output.
    """

    mean: Tensor
    spread: Tensor

    def __init__(
        self, feature_dropout: float, block_dropout: float, mean: Tensor, spread: Tensor, sentence_width: int
    ) -> None:
        super().__init__()
        self.trunk = TrainedPart(block_dropout)
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.dropout = nn.Dropout(feature_dropout)
        self.image_projection = nn.Linear(len(mean), WIDTH, bias=False)
        self.text_projection = nn.Linear(sentence_width, WIDTH, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(20.0).log())

    def images(self, features: Tensor) -> Tensor:
        """Unit vectors [B, D] of the trunk's features [B, 1280]."""
        standard = (features - self.mean) / self.spread
        return F.normalize(self.image_projection(self.dropout(standard)), dim=-1)

    def texts(self, sentences: Tensor) -> Tensor:
        """Unit vectors [T, D] of sentence embeddings."""
        return F.normalize(self.text_projection(self.dropout(sentences)), dim=-1)

    def projections(self) -> dict[str, Tensor]:
        """The projections and the scale by open_clip's names, the standardisation taken into the image's."""
        weight = self.image_projection.weight.detach() / self.spread
        return {
            "visual.head.proj.weight": weight,
            "visual.head.proj.bias": -(weight @ self.mean),
            "text.proj.weight": self.text_projection.weight.detach(),
            "logit_scale": self.logit_scale.detach(),
        }


def image_to_text_loss(logits: Tensor, captions: int) -> Tensor:
    """Cross-entropy of each right caption against all wrong ones, the photo's other right ones left out.

    Args:
        logits: [B, T], of which the first B * captions texts are the photos' own, photo by photo.
        captions: K, of each photo.
    """
    photos = len(logits)
    own = torch.zeros_like(logits, dtype=torch.bool)
    photo_of = torch.arange(photos).repeat_interleave(captions)
    own[photo_of, torch.arange(photos * captions)] = True
    right = logits[own].view(photos, captions)
    wrong = logits.masked_fill(own, NEVER).logsumexp(1, keepdim=True)
    return (torch.logaddexp(right, wrong) - right).mean()


def likeness_order(keys: Floats, groups: int, random: np.random.Generator) -> NDArray[np.int64]:
    """All rows, like ones next to each other: around randomly drawn rows, group after group."""
    centres = keys[random.choice(len(keys), min(groups, len(keys)), replace=False)]
    nearest = (keys @ centres.T).argmax(1)
    place = random.permutation(len(centres))[nearest] + random.random(len(keys)) * 0.9
    return np.argsort(place, kind="stable")
