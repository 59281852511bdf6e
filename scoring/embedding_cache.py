"""Embeddings kept on disk between two fits, because they take most of a fit's time."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from filters.backbone import Backbone, ImageEmbedding
from scoring.dual_encoder import Floats
from scoring.text_encoder import TextEncoder


class EmbeddingCache:
    """The two encoders behind a folder of what they said before; delete the folder when an encoder changes.

    Args:
        folder: made if missing; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self.encoder = TextEncoder()
        self._backbone = Backbone()

    def sentences(self, texts: Sequence[str]) -> Floats:
        """As `TextEncoder.encode`."""
        stored = self._stored("texts", "\n".join(texts).encode())
        if stored is None:
            return self.encoder.encode(texts)
        if not stored.exists():
            np.savez(stored, sentences=self.encoder.encode(texts))
        with np.load(stored) as arrays:
            sentences: Floats = arrays["sentences"]
        return sentences

    def images(self, photos: Sequence[Image.Image]) -> ImageEmbedding:
        """As `Backbone.embed`."""
        digest = hashlib.sha256()
        for photo in photos:
            digest.update(photo.tobytes())
        stored = self._stored("images", digest.digest())
        if stored is None:
            return self._backbone.embed(photos)
        if not stored.exists():
            made = self._backbone.embed(photos)
            np.savez(stored, features=made.features_BD, probabilities=made.class_probabilities_BC)
        with np.load(stored) as arrays:
            return ImageEmbedding(arrays["features"], arrays["probabilities"])

    def _stored(self, kind: str, content: bytes) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / f"{kind}-{hashlib.sha256(content).hexdigest()[:20]}.npz"
