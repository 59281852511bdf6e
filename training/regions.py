"""An image's regions, and what finds them.

Shapes: R regions of an image, D feature size, B images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filters.backbone import CLASS_NAMES, FEATURE_SIZE, GRID_SIDE, Backbone


@dataclass(frozen=True, slots=True)
class Regions:
    """The regions of one image, the surest first.

    Attributes:
        features_RD: float16.
        boxes_R4: float32 corners x_tl, y_tl, x_br, y_br as shares of the image's width and height.
        labels_R: int32, the detector's class of each region.
        confidences_R: float32 probability of that class.
    """

    features_RD: NDArray[np.float16]
    boxes_R4: NDArray[np.float32]
    labels_R: NDArray[np.int32]
    confidences_R: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels_R)

    def first(self, count: int) -> "Regions":
        """The `count` surest regions (ImageBERT keeps 100)."""
        return Regions(
            self.features_RD[:count], self.boxes_R4[:count], self.labels_R[:count], self.confidences_R[:count]
        )


class Detector(Protocol):
    """What turns images into regions.

    Attributes:
        name: stable for ever; a region store is bound to it.
        max_regions: the most regions that an image gets.
        feature_size: D.
        class_names: the label `i` means `class_names[i]`.
    """

    name: str
    max_regions: int
    feature_size: int
    class_names: tuple[str, ...]

    def detect(self, images: Sequence[Image.Image]) -> list[Regions]:
        """The regions of each RGB image, in the images' order, the surest first."""
        ...


class GridDetector:
    """Each cell of the image backbone's last feature map is a region; its class is the backbone's own verdict on it.

    It stands in for the paper's Faster R-CNN, whose weights come in no package. The backbone is loaded by the first
    `detect`, so that asking what kind of regions there would be costs nothing.

    Args:
        device: a PyTorch device such as "cpu" or "cuda:0".
    """

    name: str = f"efficientnet-lite0-grid-{GRID_SIDE}x{GRID_SIDE}"
    max_regions: int = GRID_SIDE * GRID_SIDE
    feature_size: int = FEATURE_SIZE
    class_names: tuple[str, ...] = CLASS_NAMES

    def __init__(self, device: str = "cpu") -> None:
        self._device = device

    @cached_property
    def _backbone(self) -> Backbone:
        return Backbone(self._device)

    def detect(self, images: Sequence[Image.Image]) -> list[Regions]:
        """A region for each cell: feature, most probable class, its probability as confidence, the cell as box."""
        grid = self._backbone.grid(images)
        boxes_R4 = grid_boxes(GRID_SIDE, GRID_SIDE)
        return [
            _cells(features_GGD.reshape(self.max_regions, -1), logits_GGC.reshape(self.max_regions, -1), boxes_R4)
            for features_GGD, logits_GGC in zip(grid.features_BGGD, grid.class_logits_BGGC, strict=True)
        ]


def _cells(features_RD: NDArray[np.float32], logits_RC: NDArray[np.float32], boxes_R4: NDArray[np.float32]) -> Regions:
    exponentials_RC = np.exp(logits_RC - logits_RC.max(1, keepdims=True))
    labels_R = logits_RC.argmax(1)
    confidences_R = exponentials_RC.max(1) / exponentials_RC.sum(1)
    order_R = np.argsort(-confidences_R, kind="stable")
    return Regions(
        features_RD[order_R].astype(np.float16),
        boxes_R4[order_R],
        labels_R[order_R].astype(np.int32),
        confidences_R[order_R].astype(np.float32),
    )


def grid_boxes(rows: int, columns: int) -> NDArray[np.float32]:
    """The boxes [rows * columns, 4] of a regular grid over the image, row by row.

    >>> grid_boxes(1, 2).tolist()
    [[0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 1.0, 1.0]]
    """
    top, left = np.divmod(np.arange(rows * columns), columns)
    corners = [left / columns, top / rows, (left + 1) / columns, (top + 1) / rows]
    return np.stack(corners, axis=1).astype(np.float32)


def locations(boxes_R4: NDArray[np.float32]) -> NDArray[np.float32]:
    """The 5-D location [R, 5] of each box: its two corners and its share of the image's area (section 4.1).

    >>> locations(np.array([[0.0, 0.25, 0.5, 0.75]], np.float32)).tolist()
    [[0.0, 0.25, 0.5, 0.75, 0.25]]
    """
    area_R = (boxes_R4[:, 2] - boxes_R4[:, 0]) * (boxes_R4[:, 3] - boxes_R4[:, 1])
    return np.concatenate([boxes_R4, area_R[:, None]], axis=1)
