"""Trains the naturalness model: a network of one hidden layer, which may rely on no feature alone."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from filters.image_statistics import STATISTIC_NAMES
from filters.natural import STANDARD_LIMIT, network_logits

HIDDEN: Final = 128  # units
EPOCHS: Final = 12
_BATCH: Final = 256
_FEWEST_STEPS: Final = 300  # for little data
_RATE: Final = 1e-3
_DECAY: Final = 0.05
_HIDDEN_DROPOUT: Final = 0.5
_SMOOTHING: Final = 0.02  # of the labels, for some pictures lie between the classes
_STATISTICS_GAIN: Final = 2.0  # the scale of 30 statistics beside 2848 features of the backbone


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Logits of rows of F features; above 0 is natural.

    Attributes:
        mean, spread: float32 [F], by which the features are standardised.
        hidden: float32 [F + 1, H], weights and, as the last row, biases of the hidden units.
        out: float32 [H + 1], their weights and the bias.
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    hidden: NDArray[np.float32]
    out: NDArray[np.float32]

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """float64 [N] for float32 [N, F]."""
        return network_logits(features, self.mean, self.spread, self.hidden, self.out).astype(np.float64)

    def stretched(self, scale: float, shift: float) -> "Network":
        """The network whose logits are `scale` times this one's plus `shift`."""
        out = self.out * np.float32(scale)
        out[-1] += np.float32(shift)
        return replace(self, out=out)

    def save(self, path: Path) -> None:
        """Writes the artefact that `filters.natural.NaturalModel` reads."""
        with path.open("wb") as file:  # given a name, numpy would add .npz to it
            np.savez_compressed(
                file, mean=self.mean, spread=self.spread, hidden=self.hidden.astype(np.float16), out=self.out
            )


def fit_network(
    features: NDArray[np.float32], natural: NDArray[np.bool_], weights: NDArray[np.float64], seed: int = 0
) -> Network:
    """A network that saw each row with another half of its features hidden: each source has habits that no other has.

    Args:
        features: [N, F].
        natural: [N].
        weights: [N], how often each row is seen, in proportion.
        seed: of all that is drawn.
    """
    mean = np.average(features, 0, weights)
    spread = np.sqrt(np.average((features - mean) ** 2, 0, weights)) + 1e-3
    spread[-len(STATISTIC_NAMES) :] /= _STATISTICS_GAIN
    rows = torch.from_numpy(((features - mean) / spread).clip(-STANDARD_LIMIT, STANDARD_LIMIT).astype(np.float32))
    labels = torch.from_numpy(natural.astype(np.float32))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, second = _trained(rows, labels, torch.from_numpy(weights))
    return Network(mean.astype(np.float32), spread.astype(np.float32), _with_bias(first), _with_bias(second)[:, 0])


def _trained(rows: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> tuple[nn.Linear, nn.Linear]:
    first, second = nn.Linear(rows.shape[1], HIDDEN), nn.Linear(HIDDEN, 1)
    network = nn.Sequential(first, nn.ReLU(), nn.Dropout(_HIDDEN_DROPOUT), second)
    steps = max(_FEWEST_STEPS, EPOCHS * len(rows) // _BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    targets = labels * (1 - _SMOOTHING) + _SMOOTHING / 2
    for _ in range(steps):
        batch = torch.multinomial(weights, _BATCH, replacement=True)
        seen = torch.empty(_BATCH, rows.shape[1], dtype=torch.uint8).random_(0, 2)  # four times as fast as Dropout
        logits = network(rows[batch] * (2 * seen))[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(logits, targets[batch])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return first, second


def _with_bias(layer: nn.Linear) -> NDArray[np.float32]:
    """The layer's weights [in, out] above its biases."""
    weights, biases = (part.detach().numpy() for part in (layer.weight, layer.bias))
    return np.concatenate([weights.T, biases[None]])
