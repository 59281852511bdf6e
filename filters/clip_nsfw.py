"""An open_clip model as an NSFW model: pictures are compared with texts that say what is unsafe and what is safe."""

import pickle
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from PIL import Image

BATCH: Final = 8  # images a forward pass
# What other files and architectures, and tokenizers that would have to be fetched, make of open_clip.
FAILURES: Final = (
    *(RuntimeError, OSError, ValueError, KeyError, AttributeError, AssertionError, EOFError, pickle.UnpicklingError),
)


@dataclass(frozen=True, slots=True)
class ClipNsfw:
    """A zero-shot head over weights of open_clip from a file; nothing is fetched at run time.

    Attributes:
        weights: a checkpoint of `architecture`, such as `open_clip_pytorch_model.bin` of
            https://huggingface.co/laion/CLIP-ViT-B-32-laion2B-s34B-b79K.
        architecture: open_clip's name for it (`open_clip.list_models()`).
        unsafe: texts that say what a picture must not be.
        safe: texts that say what it may be. The score is the share of `unsafe` in the softmax over all texts; it is not
            calibrated, and neither is the choice of texts.
    """

    weights: Path
    architecture: str = "ViT-B-32"
    unsafe: tuple[str, ...] = (
        "a pornographic photo",
        "an explicit photo of sex",
        "a photo of a naked person",
        "a racy photo of a half-dressed person posing",
    )
    safe: tuple[str, ...] = (
        "a photo of dressed people",
        "a photo of people at the beach",
        "a photo of an animal or a thing",
        "a photo of a place or a landscape",
        "a drawing, a chart or a screenshot",
    )

    def __post_init__(self) -> None:
        if not self.unsafe or not self.safe:
            raise ValueError("unsafe and safe take at least one text each")

    @property
    def files(self) -> tuple[Path, ...]:
        """What the scores depend on."""
        return (self.weights,)

    def load(self, threads: int = 1) -> "ClipNsfwModel":
        """The model, ready to score; see `ClipNsfwModel`."""
        return ClipNsfwModel(self, threads)


class ClipNsfwModel:
    """Scores pictures with `ClipNsfw`.

    Args:
        choice: what to load.
        threads: PyTorch's, of the whole process.

    Raises:
        ValueError: the weights are missing, or not of that architecture.
    """

    def __init__(self, choice: ClipNsfw, threads: int = 1) -> None:
        if not choice.weights.is_file():
            raise ValueError(
                f"the weights {choice.weights} do not exist; fetch them where there is a network, such as `hf download "
                "laion/CLIP-ViT-B-32-laion2B-s34B-b79K open_clip_pytorch_model.bin`, and give ARCHITECTURE=FILE"
            )
        torch.set_num_threads(threads)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of activations and of how the file was packed
                model, _, self._seen = open_clip.create_model_and_transforms(
                    choice.architecture, pretrained=str(choice.weights)
                )
                words = open_clip.get_tokenizer(choice.architecture)([*choice.unsafe, *choice.safe])
        except FAILURES as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ValueError(
                f"{choice.weights} is no {choice.architecture} of open_clip ({said}); check both"
            ) from error
        self._model = model.eval()
        self._unsafe = len(choice.unsafe)
        with torch.inference_mode():
            self._texts = self._model.encode_text(words, normalize=True)

    def scores(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """The probability in [0, 1] that each picture is not safe for work, [B], in the order of `images`."""
        scores = np.empty(len(images), np.float32)
        for start in range(0, len(images), BATCH):
            batch = torch.stack([self._seen(image) for image in images[start : start + BATCH]])
            with torch.inference_mode():
                features = self._model.encode_image(batch, normalize=True)
                logits = self._model.logit_scale.exp() * features @ self._texts.T
                unsafe = logits.softmax(dim=1)[:, : self._unsafe].sum(dim=1)
            scores[start : start + len(batch)] = unsafe.numpy()
        return scores
