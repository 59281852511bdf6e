"""Training samples: masked for the four tasks (Example, NumPy, unpadded) and padded into tensors (Batch).

Shapes: B samples, T text positions, R regions, D region feature size, M masked tokens and K masked regions that count.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.regions import Regions, locations
from training.tokenizer import WordPiece


@dataclass(frozen=True, slots=True, kw_only=True)
class Masking:
    """What is hidden from the model, and how often a pair is mismatched.

    Attributes:
        token_share: of a text's tokens, hidden for MLM (section 4.2; BERT).
        mask_share: of the hidden tokens, replaced by [MASK] (BERT).
        random_share: of the hidden tokens, replaced by a random token; the rest stays (BERT).
        region_share: of an image's regions, hidden for MOC and MRFR (section 4.2).
        zero_share: of the hidden regions, whose feature is zeroed; the rest keeps it (section 4.2).
        negative_share: of the samples, whose image and text do not belong together (silent in the paper; UNITER's).
    """

    token_share: float = 0.15
    mask_share: float = 0.8
    random_share: float = 0.1
    region_share: float = 0.15
    zero_share: float = 0.9
    negative_share: float = 0.5

    def __post_init__(self) -> None:
        for field in fields(self):
            if not 0 <= getattr(self, field.name) <= 1:
                raise ValueError(f"{field.name} {getattr(self, field.name)} is not in [0, 1]")
        if self.mask_share + self.random_share > 1:
            raise ValueError(f"mask_share {self.mask_share} and random_share {self.random_share} exceed 1 together")


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One sample, unpadded. What it hides is listed in ascending order, whether or not the pair is matched.

    Attributes:
        key: digest of the image.
        ids_T: token ids with the hidden ones replaced.
        token_positions_M: the hidden tokens.
        token_labels_M: their ids before.
        features_RD: float16, the hidden ones zeroed.
        locations_R5: see `training.regions.locations`.
        region_positions_K: the hidden regions.
        region_labels_K: their classes.
        region_targets_KD: their features before.
        matched: whether text and image are a pair of the corpus.
    """

    key: str
    ids_T: NDArray[np.int64]
    token_positions_M: NDArray[np.int64]
    token_labels_M: NDArray[np.int64]
    features_RD: NDArray[np.float16]
    locations_R5: NDArray[np.float32]
    region_positions_K: NDArray[np.int64]
    region_labels_K: NDArray[np.int64]
    region_targets_KD: NDArray[np.float16]
    matched: bool


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """B samples, padded to the longest text and the most regions among them.

    Attributes:
        ids_BT: int64.
        text_mask_BT: bool, true on what is not padding.
        features_BRD: float16.
        locations_BR5: float32.
        region_mask_BR: bool, true on what is not padding.
        matched_B: float32, 1 for a pair of the corpus, 0 for a mismatched one.
        token_positions_M: int64 into the flattened [B * T]; matched samples only (conditional masking).
        token_labels_M: int64.
        region_positions_K: int64 into the flattened [B * R]; matched samples only.
        region_labels_K: int64.
        region_targets_KD: float16.
        keys: the images' digests.
    """

    ids_BT: Tensor
    text_mask_BT: Tensor
    features_BRD: Tensor
    locations_BR5: Tensor
    region_mask_BR: Tensor
    matched_B: Tensor
    token_positions_M: Tensor
    token_labels_M: Tensor
    region_positions_K: Tensor
    region_labels_K: Tensor
    region_targets_KD: Tensor
    keys: tuple[str, ...]

    def to(self, device: torch.device) -> "Batch":
        """The batch on `device`."""
        tensors = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "keys"}
        moved: dict[str, Any] = {name: tensor.to(device, non_blocking=True) for name, tensor in tensors.items()}
        return Batch(**moved, keys=self.keys)


def masked_example(
    key: str,
    ids_T: NDArray[np.int32],
    regions: Regions,
    matched: bool,
    masking: Masking,
    tokenizer: WordPiece,
    random: np.random.Generator,
) -> Example:
    """Hide tokens and regions of a text and an image, at least one of each, but never [CLS] and [SEP].

    A mismatched pair is masked just like a matched one, or the masks would give away the answer to ITM.
    """
    hidden_ids_T, positions_M = _hide_tokens(ids_T.astype(np.int64), masking, tokenizer, random)
    positions_K = _draw(len(regions), masking.region_share, random)
    features_RD = np.array(regions.features_RD)
    features_RD[positions_K[random.random(len(positions_K)) < masking.zero_share]] = 0
    return Example(
        key=key,
        ids_T=hidden_ids_T,
        token_positions_M=positions_M,
        token_labels_M=ids_T[positions_M].astype(np.int64),
        features_RD=features_RD,
        locations_R5=locations(regions.boxes_R4),
        region_positions_K=positions_K,
        region_labels_K=regions.labels_R[positions_K].astype(np.int64),
        region_targets_KD=np.array(regions.features_RD[positions_K]),
        matched=matched,
    )


def _hide_tokens(
    ids_T: NDArray[np.int64], masking: Masking, tokenizer: WordPiece, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The ids with the hidden ones replaced, and which they are; [CLS] and [SEP] never are."""
    positions_M = _draw(len(ids_T) - 2, masking.token_share, random) + 1
    fate_M = random.random(len(positions_M))
    masked_M = fate_M < masking.mask_share
    random_M = ~masked_M & (fate_M < masking.mask_share + masking.random_share)
    hidden_T = ids_T.copy()
    hidden_T[positions_M[masked_M]] = tokenizer.mask_id
    hidden_T[positions_M[random_M]] = random.choice(tokenizer.word_ids, int(random_M.sum()))
    return hidden_T, positions_M


def collate(examples: Sequence[Example], pad_id: int) -> Batch:
    """The batch of `examples`, in their order, on the CPU."""
    text_length = max(len(example.ids_T) for example in examples)
    region_count = max(len(example.features_RD) for example in examples)
    matched = [(index, example) for index, example in enumerate(examples) if example.matched]
    feature_size = examples[0].features_RD.shape[1]
    return Batch(
        ids_BT=_padded([example.ids_T for example in examples], text_length, pad_id),
        text_mask_BT=_padded([np.ones(len(example.ids_T), np.bool_) for example in examples], text_length),
        features_BRD=_padded([example.features_RD for example in examples], region_count),
        locations_BR5=_padded([example.locations_R5 for example in examples], region_count),
        region_mask_BR=_padded([np.ones(len(example.features_RD), np.bool_) for example in examples], region_count),
        matched_B=torch.tensor([float(example.matched) for example in examples]),
        token_positions_M=_joined([index * text_length + example.token_positions_M for index, example in matched]),
        token_labels_M=_joined([example.token_labels_M for _, example in matched]),
        region_positions_K=_joined([index * region_count + example.region_positions_K for index, example in matched]),
        region_labels_K=_joined([example.region_labels_K for _, example in matched]),
        region_targets_KD=_joined(
            [example.region_targets_KD for _, example in matched], np.empty((0, feature_size), np.float16)
        ),
        keys=tuple(example.key for example in examples),
    )


def _draw(count: int, share: float, random: np.random.Generator) -> NDArray[np.int64]:
    """Each of `count` places with probability `share`, but at least one if there is any; ascending."""
    drawn = np.flatnonzero(random.random(count) < share) if count > 0 else np.empty(0, np.int64)
    return random.integers(count, size=1) if count > 0 and share > 0 and not len(drawn) else drawn


def _padded(rows: Sequence[NDArray[Any]], length: int, value: float = 0) -> Tensor:
    padded = np.full((len(rows), length, *rows[0].shape[1:]), value, rows[0].dtype)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return torch.from_numpy(padded)


def _joined(rows: Sequence[NDArray[Any]], empty: NDArray[Any] | None = None) -> Tensor:
    if not rows:
        return torch.from_numpy(np.empty(0, np.int64) if empty is None else empty)
    return torch.from_numpy(np.concatenate(rows))
