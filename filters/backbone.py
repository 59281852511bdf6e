"""EfficientNet-Lite0 with packaged ImageNet weights: one network gives every model its image features and classes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision.models import EfficientNet_B0_Weights

from filters.backbone_graph import backbone_graph
from filters.backbone_weights import PIXEL_MEAN, PIXEL_SCALE, load_network
from filters.resampling import resampled

INPUT_SIDE: Final = 224  # pixels
CROP_SHARE: Final = 0.875  # of the shorter side, as the weights were evaluated: 224 of 256
GRID_SIDE: Final = 7  # cells
FEATURE_SIZE: Final = 1280
LAYER_SIZE: Final = 2 * (16 + 24 + 40 + 80 + 112 + 192 + 320)  # mean and maximum of each stage's channels
CLASS_NAMES: Final[tuple[str, ...]] = tuple(EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"])
CPU_BATCH: Final = 1  # images a forward pass: more fall out of the processor's cache, 8 take twice as long each
GPU_BATCH: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class ImageEmbedding:
    """What the network sees in each image's centre; B images, D = 1280 features, C = 1000 classes.

    Attributes:
        features_BD: float32, the pooled features before the classifier; none is negative.
        class_probabilities_BC: float32, softmax over the ImageNet-1k classes in the order of `CLASS_NAMES`.
        layers_BL: float32, L = 1568: means of the channels behind each of the seven stages, then their maxima; early
            stages see strokes, grain and edges where the last one sees things. None if it was not kept.
    """

    features_BD: NDArray[np.float32]  # noqa: N815 - shape suffix
    class_probabilities_BC: NDArray[np.float32]  # noqa: N815 - shape suffix
    layers_BL: NDArray[np.float32] | None = None  # noqa: N815 - shape suffix


@dataclass(frozen=True, slots=True, eq=False)
class GridFeatures:
    """What the network sees in each cell of each whole image; G = 7 cells a side, row 0 at the top, column 0 left.

    Attributes:
        features_BGGD: float32 [B, 7, 7, 1280], the map behind the last convolution, before pooling.
        class_logits_BGGC: float32 [B, 7, 7, 1000], the classifier applied to every cell, before softmax.
    """

    features_BGGD: NDArray[np.float32]  # noqa: N815 - shape suffix
    class_logits_BGGC: NDArray[np.float32]  # noqa: N815 - shape suffix


class Backbone:
    """EfficientNet-Lite0 (https://github.com/tensorflow/tpu, ImageNet-1k weights from a package, no network needed).

    Images are PIL RGB of any size. On a processor ONNX Runtime computes it, elsewhere PyTorch; it uses as many threads
    as PyTorch has when it is built, which the caller sets (`OMP_NUM_THREADS`).

        >>> backbone = Backbone()
        >>> embedding = backbone.embed([Image.new("RGB", (320, 240))])
        >>> embedding.features_BD.shape
        (1, 1280)

    Args:
        device: a PyTorch device such as "cpu" or "cuda:0".
    """

    class_names: tuple[str, ...] = CLASS_NAMES

    def __init__(self, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self._network = load_network()
        self._session: onnxruntime.InferenceSession | None = None
        self._batch_size = GPU_BATCH
        if self.device.type == "cpu":
            self._session, self._batch_size = cpu_session(backbone_graph(self._network)), CPU_BATCH
        else:
            self._network = self._network.to(self.device).to(memory_format=torch.channels_last)

    def embed(self, images: Sequence[Image.Image]) -> ImageEmbedding:
        """Pooled features and class probabilities of each image's centre square, in the order of `images`.

        Raises:
            ValueError: an image is not RGB; decode with `filters.image.decode`.
        """
        features = np.empty((len(images), FEATURE_SIZE), np.float32)
        layers = np.empty((len(images), LAYER_SIZE), np.float32)
        for rows, feature_map, layers[rows] in self._maps([_centre_square(image) for image in images]):
            features[rows] = feature_map.mean(dim=(2, 3)).cpu().numpy()
        with torch.inference_mode():  # for all at once: its weights, 5 MB, come from memory once
            logits = self._network.classifier(torch.from_numpy(features).to(self.device))
            return ImageEmbedding(features, logits.softmax(dim=1).cpu().numpy(), layers)

    def grid(self, images: Sequence[Image.Image]) -> GridFeatures:
        """Features and class logits of 7 x 7 equal cells of each whole image, squeezed to a square, nothing cropped.

        Raises:
            ValueError: an image is not RGB; decode with `filters.image.decode`.
        """
        shape = (len(images), GRID_SIDE, GRID_SIDE)
        features = np.empty((*shape, FEATURE_SIZE), np.float32)
        logits = np.empty((*shape, len(CLASS_NAMES)), np.float32)
        for rows, feature_map, _ in self._maps([whole_square(image) for image in images]):
            with torch.inference_mode():
                cells = feature_map.permute(0, 2, 3, 1)
                features[rows] = cells.cpu().numpy()
                logits[rows] = self._network.classifier(cells).cpu().numpy()
        return GridFeatures(features, logits)

    def _maps(self, squares: Sequence[NDArray[np.uint8]]) -> Iterator[tuple[slice, torch.Tensor, NDArray[np.float32]]]:
        """Batch by batch, the rows it fills, their [B, D, G, G] feature map and their [B, L] pooled stages."""
        for start in range(0, len(squares), self._batch_size):
            batch = squares[start : start + self._batch_size]
            yield slice(start, start + len(batch)), *self._forward(np.stack(batch))

    def _forward(self, pixels: NDArray[np.uint8]) -> tuple[torch.Tensor, NDArray[np.float32]]:
        if self._session is not None:
            feature_map, layers = self._session.run(["map", "layers"], {"pixels": pixels})
            return torch.from_numpy(feature_map), layers[:, :, 0, 0]
        with torch.inference_mode():
            moved = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2)
            result = self._network.bn1(self._network.conv_stem((moved.float() - PIXEL_MEAN) / PIXEL_SCALE))
            stages = [result := stage(result) for stage in self._network.blocks]
            pooled = [stage.mean((2, 3)) for stage in stages] + [stage.amax((2, 3)) for stage in stages]
            return self._network.bn2(self._network.conv_head(result)), torch.cat(pooled, dim=1).cpu().numpy()


def cpu_session(model: bytes) -> onnxruntime.InferenceSession:
    """A session on the processor, with as many threads as PyTorch has now."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _centre_square(image: Image.Image) -> NDArray[np.uint8]:
    side = max(1, round(CROP_SHARE * min(image.size)))
    # where the shorter side is 256, as `filters.image.decode` makes it, the square is cut out as it is
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return resampled(image, (INPUT_SIDE, INPUT_SIDE), "bicubic", (left, top, left + side, top + side))


def whole_square(image: Image.Image) -> NDArray[np.uint8]:
    """All of an RGB image squeezed to the network's input, [224, 224, 3]."""
    return resampled(image, (INPUT_SIDE, INPUT_SIDE), "bicubic")
