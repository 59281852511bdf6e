"""The four pre-training losses and their weighted sum (section 4.2).

Shapes: B samples, M masked tokens, K masked regions, V vocabulary, C region classes, D region feature size.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from training.batch import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWeights:
    """Each task's weight in the sum; 0 switches a task off. The paper adds the losses up unweighted.

    Attributes:
        mlm: masked language modelling.
        moc: masked object classification.
        mrfr: masked region feature regression.
        itm: image-text matching.
    """

    mlm: float = 1.0
    moc: float = 1.0
    mrfr: float = 1.0
    itm: float = 1.0

    def __post_init__(self) -> None:
        weights = asdict(self)
        if any(weight < 0 for weight in weights.values()) or not any(weights.values()):
            raise ValueError(f"task weights {weights} are not all >= 0 with one above 0")

    def active(self) -> tuple[str, ...]:
        """The tasks that count."""
        return tuple(task for task, weight in asdict(self).items() if weight > 0)


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """What a batch cost.

    Attributes:
        total: the weighted sum, a scalar with its gradient.
        losses: each active task's mean, detached scalars; a task for which the batch holds nothing is absent.
        accuracies: share of right answers of the same tasks; MRFR has none.
    """

    total: Tensor
    losses: dict[str, Tensor]
    accuracies: dict[str, Tensor]


def pretraining_losses(predictions: Mapping[str, Tensor], batch: Batch, weights: TaskWeights) -> Losses:
    """The losses of what `ImageBERT.forward` predicted for `batch`, in float32.

    MLM and MOC are cross-entropies, ITM a binary one. MRFR is the squared L2 distance divided by D, so that it has the
    size of the other losses whatever the detector. A mean runs over what is masked in the matched pairs of the batch.
    """
    losses: dict[str, Tensor] = {}
    accuracies: dict[str, Tensor] = {}
    for task in weights.active():
        prediction, target = predictions[task].float(), _target(task, batch)
        if not len(target):  # no matched pair in the batch
            continue
        losses[task] = _loss(task, prediction, target)
        if task != "mrfr":
            answer = prediction > 0 if task == "itm" else prediction.argmax(-1)
            accuracies[task] = (answer == target).float().mean()
    terms = [getattr(weights, task) * loss for task, loss in losses.items()]
    # A sum over nothing still needs a gradient: that of the predictions, times zero.
    total = torch.stack(terms).sum() if terms else sum(p.sum() for p in predictions.values()) * torch.tensor(0.0)
    return Losses(total, {task: loss.detach() for task, loss in losses.items()}, accuracies)


def _target(task: str, batch: Batch) -> Tensor:
    targets = {
        "mlm": batch.token_labels_M,
        "moc": batch.region_labels_K,
        "mrfr": batch.region_targets_KD.float(),
        "itm": batch.matched_B,
    }
    return targets[task]


def _loss(task: str, prediction: Tensor, target: Tensor) -> Tensor:
    if task == "mrfr":
        return F.mse_loss(prediction, target)
    if task == "itm":
        return F.binary_cross_entropy_with_logits(prediction, target)
    return F.cross_entropy(prediction, target)
