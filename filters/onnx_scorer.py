"""Any classifier in an ONNX file as a scorer of pictures, by a description of what it takes and gives."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from filters.resampling import resampled

BATCH: Final = 4  # images a run: more fall out of the processor's cache, 16 take a tenth longer each
PREPARED: Final = 32  # images ahead of the runs, for the same reason: the network's weights stay in the cache


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """An ONNX file with one image input and one output of classes, and how it was trained to see pictures.

    Attributes:
        path: the file.
        side: pixels of the square that it takes.
        keep_aspect: True to look at the picture's middle square, False to squeeze all of it into one.
        crop_share: of that square's side, what is looked at, around the middle; 0.875 where 256 were cropped to 224.
        layout: "NCHW" or "NHWC".
        channels: "RGB" or "BGR".
        mean: what is taken off each channel, in the order of `channels`, in levels of 0..255.
        scale: what each channel is divided by after that.
        through_jpeg: whether the square went through JPEG once more, as open_nsfw's did.
        classes: the outputs whose probabilities make the score.
        activation: what makes probabilities of outputs: "none", "softmax" or "sigmoid".
    """

    path: Path
    side: int = 224
    keep_aspect: bool = True
    crop_share: float = 1.0
    layout: str = "NCHW"
    channels: str = "RGB"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    scale: tuple[float, ...] = (255.0, 255.0, 255.0)
    through_jpeg: bool = False
    classes: tuple[int, ...] = (1,)
    activation: str = "none"

    def __post_init__(self) -> None:
        allowed = {"layout": ("NCHW", "NHWC"), "channels": ("RGB", "BGR"), "activation": ("none", "softmax", "sigmoid")}
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name} must be one of {', '.join(values)}, not {getattr(self, name)!r}")
        if self.side < 1 or not 0 < self.crop_share <= 1 or not self.classes:
            raise ValueError(f"side {self.side}, crop_share {self.crop_share}, classes {self.classes}: none must be 0")
        if len(self.mean) != 3 or len(self.scale) != 3 or 0 in self.scale:
            raise ValueError(
                f"mean {self.mean} and scale {self.scale} take a number for each of 3 channels, scale not 0"
            )

    @property
    def files(self) -> tuple[Path, ...]:
        """What the scores depend on."""
        return (self.path,)

    def load(self, threads: int = 1) -> "OnnxScorer":
        """The model, ready to score; see `OnnxScorer`."""
        return OnnxScorer(self, threads)


def described_model(path: Path) -> OnnxModel:
    """The model in an .onnx file with a .json of the same name beside it, which holds fields of `OnnxModel`.

    Raises:
        ValueError: there is no description, or none that can be read.
    """
    beside = path.with_suffix(".json")
    try:
        fields: dict[str, Any] = json.loads(beside.read_text())
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
        }
        return OnnxModel(path, **values)
    except FileNotFoundError:
        raise ValueError(
            f'{path} lacks its description; write {beside}, such as {{"side": 224, "layout": "NCHW", "classes": [1]}}'
        ) from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{beside} is no description of a model ({error}); see filters.onnx_scorer.OnnxModel"
        ) from error


class OnnxScorer:
    """Scores pictures with an ONNX model. Build it once a process: it holds one onnxruntime session.

    Args:
        model: what to load.
        threads: for one run of the network. The default lets N workers on N cores not fight each other.

    Raises:
        ValueError: the file is missing, no ONNX model, or not as described.
    """

    def __init__(self, model: OnnxModel, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, not {threads}")
        if not model.path.is_file():
            raise ValueError(f"the model {model.path} does not exist; fetch it there or give the path of another")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what fails is raised as well
        self._model = model
        # repeated along a line of pixels: numpy is a few times faster on long rows than on three channels
        self._mean, self._scale = (
            np.tile(np.array(value, np.float32), model.side) for value in (model.mean, model.scale)
        )
        try:
            self._session = onnxruntime.InferenceSession(model.path, options, providers=["CPUExecutionProvider"])
            (taken,) = self._session.get_inputs()
            self._input_name = taken.name
            self._scores(np.zeros((1, model.side, model.side, 3), np.float32))
        # onnxruntime has a class of its own for each kind of failure
        except Exception as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ValueError(
                f"{model.path} is no ONNX model as described ({said}); check it and its description"
            ) from error

    def scores(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """The probability in [0, 1] of `classes` for each picture, [B], in the order of `images`.

        Raises:
            ValueError: an image is not RGB; decode with `filters.image.decode`.
        """
        scores = np.empty(len(images), np.float32)
        for start in range(0, len(images), PREPARED):
            batch = images[start : start + PREPARED]
            pixels = np.empty((len(batch), self._model.side, self._model.side, 3), np.float32)
            for row, image in enumerate(batch):
                self._fill(pixels[row], image)
            for first in range(0, len(batch), BATCH):
                run = slice(first, first + BATCH)
                scores[start:][run] = self._scores(pixels[run])
        return scores

    def _fill(self, row: NDArray[np.float32], image: Image.Image) -> None:
        """Put one picture as the network sees it into [side, side, 3]."""
        model = self._model
        pixels = self._square(image)
        if model.through_jpeg:
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "JPEG")
            pixels = np.asarray(Image.open(buffer))
        for place, channel in enumerate("RGB".index(name) for name in model.channels):
            row[:, :, place] = pixels[:, :, channel]
        lines = row.reshape(model.side, -1)
        lines -= self._mean
        if (self._scale != 1).any():
            lines /= self._scale

    def _square(self, image: Image.Image) -> NDArray[np.uint8]:
        """What is looked at of the picture, scaled."""
        side, share = self._model.side, self._model.crop_share
        sides = (min(image.size), min(image.size)) if self._model.keep_aspect else image.size
        width, height = (max(1, round(share * length)) for length in sides)
        left, top = (image.width - width) // 2, (image.height - height) // 2
        return resampled(image, (side, side), "bilinear", (left, top, left + width, top + height))

    def _scores(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scores of a batch [B, side, side, 3]."""
        model = self._model
        taken = pixels if model.layout == "NHWC" else np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        outputs: list[Any] = self._session.run(None, {self._input_name: taken})
        found = np.asarray(outputs[0], np.float32).reshape(len(pixels), -1)
        if model.activation == "softmax":
            found = np.exp(found - found.max(axis=1, keepdims=True))
            found /= found.sum(axis=1, keepdims=True)
        elif model.activation == "sigmoid":
            found = 0.5 * (1 + np.tanh(0.5 * found))
        return np.asarray(found[:, list(model.classes)].sum(axis=1), np.float32)
