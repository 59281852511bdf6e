"""The dual encoder as an open_clip model: ours by default, any other of open_clip's by its name and weights."""

import difflib
import hashlib
import json
import logging
import pickle
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import open_clip
from open_clip.tokenizer import HFTokenizer
from PIL import Image

from scoring.clip_towers import ImageTower, TextTower, open_clip_towers, packaged_towers
from scoring.clip_weights import CONFIG_FILE, WEIGHTS_FILE, load_our_weights
from scoring.dual_encoder import Floats, unit
from scoring.text_encoder import packaged_model

OURS: Final = "lait"
FOLDER: Final = Path(__file__).parent / "models" / "clip"
HASH_DIGITS: Final = 16
TAGS_NAMED: Final = 6
LONGEST_REASON: Final = 200  # characters of another library's message
# What a name, a tag or a file that is not there, is damaged or belongs to another model makes of open_clip.
FAILURES: Final = (
    *(RuntimeError, OSError, ValueError, KeyError, AttributeError, AssertionError, EOFError, pickle.UnpicklingError),
)


@dataclass(frozen=True, slots=True, eq=False)
class ClipEncoder:
    """An open_clip model as a pair of projections into one space; RGB images of any size, texts of any length.

        >>> load_clip().project_images([Image.new("RGB", (320, 240))]).shape
        (1, 256)

    Attributes:
        name: of the model, as it was asked for.
        weights_hash: hex digest of all weights; what was fitted on one encoder's cosines is no good for another's.
        width: D, of the shared space.
        image_tower: vectors [B, D] of RGB images, B >= 1.
        text_tower: vectors [T, D] of texts, T >= 1.
        sentence_projection: [384, D], for a text tower that is a linear map of `scoring.text_encoder`'s sentences.
    """

    name: str
    weights_hash: str
    width: int
    image_tower: ImageTower
    text_tower: TextTower
    sentence_projection: Floats | None = None

    def project_images(self, images: Sequence[Image.Image]) -> Floats:
        """Unit vectors [B, D] of RGB images."""
        return unit(self.image_tower(images)) if images else self._nothing()

    def project_texts(self, texts: Sequence[str], sentences: Floats | None = None) -> Floats:
        """Unit vectors [T, D]; equal texts are run once.

        Args:
            texts: T texts.
            sentences: `scoring.text_encoder`'s embeddings of the same texts, [T, 384], where the caller has them; with
                our model no text needs to be run again.
        """
        if sentences is not None and self.sentence_projection is not None:
            return unit(sentences @ self.sentence_projection)
        if not texts:
            return self._nothing()
        distinct = sorted(dict.fromkeys(texts), key=len)  # like lengths together: little padding in a batch
        row_of = {text: row for row, text in enumerate(distinct)}
        return unit(self.text_tower(distinct))[[row_of[text] for text in texts]]

    def _nothing(self) -> Floats:
        return np.empty((0, self.width), np.float32)


def load_clip(model: str = OURS, weights: str | None = None) -> ClipEncoder:
    """An open_clip model, ready to project.

    Args:
        model: `lait`, the small one that `python -m scoring.fit_clip` makes from packaged towers and that needs no
            network, or any name that open_clip knows (`open_clip.list_models()`, `hf-hub:ORG/REPO`, `local-dir:DIR`).
        weights: a tag of open_clip's (`open_clip.list_pretrained()`) or a checkpoint file; for `lait` the folder that
            `scoring.fit_clip` wrote, None being the packaged one.

    Raises:
        ValueError: model or weights are unknown, missing, damaged or do not fit; the message says what to get.
    """
    if model == OURS:
        return _ours(FOLDER if weights is None else Path(weights))
    if weights is None and ":" not in model and model in open_clip.list_models():
        raise ValueError(f"{model} needs weights: a checkpoint file or one of open_clip's tags for it ({_tags(model)})")
    try:
        with _quiet():
            made = open_clip.create_model(model, pretrained=weights, require_pretrained=True).eval()
            tokenizer = open_clip.get_tokenizer(model)
    except FAILURES as error:
        raise ValueError(_advice(model, weights, error)) from error
    image_tower, text_tower = open_clip_towers(made, tokenizer)
    return ClipEncoder(model, _digest(made), text_tower(["a"]).shape[1], image_tower, text_tower)


def our_model(folder: Path = FOLDER) -> Any:
    """Our configuration as open_clip's own model, with both packaged towers and what `scoring.fit_clip` changed of them.

    Raises:
        ValueError: a file is missing or damaged.
    """
    for path in (folder / CONFIG_FILE, folder / WEIGHTS_FILE):
        if not path.is_file():
            raise ValueError(f"{path} is missing; make it: python -m scoring.fit_clip --pairs PAIRS --out {folder}")
    minilm = str(packaged_model())  # the configuration names the hub's copy of the same tower
    text = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))["model_cfg"]["text_cfg"]
    text |= {"hf_model_name": minilm, "hf_tokenizer_name": minilm}
    with _quiet():
        model = open_clip.create_model(f"local-dir:{folder}", load_weights=False, pretrained_text=False, text_cfg=text)
    load_our_weights(model, folder / WEIGHTS_FILE)
    return model.eval()


def _ours(folder: Path) -> ClipEncoder:
    made = our_model(folder)
    projection = made.text.proj.weight.detach().numpy().T.copy()
    # of the files: folding batch norms rounds differently from one kind of processor to the next
    written = b"".join((folder / name).read_bytes() for name in (CONFIG_FILE, WEIGHTS_FILE))
    digest = hashlib.sha256(written).hexdigest()[:HASH_DIGITS]
    return ClipEncoder(OURS, digest, projection.shape[1], *packaged_towers(made), sentence_projection=projection)


def our_tokenizer() -> Any:
    """open_clip's tokenizer of our model."""
    return HFTokenizer(str(packaged_model()))


def _advice(model: str, weights: str | None, error: Exception) -> str:
    """One line that says what to get."""
    elsewhere = model.startswith(("hf-hub:", "local-dir:"))
    if not elsewhere and model not in open_clip.list_models():
        close = difflib.get_close_matches(model, open_clip.list_models(), cutoff=0)
        return f"open_clip knows no model {model}; the nearest are {', '.join(close)}"
    reason = " ".join(str(error).split())[:LONGEST_REASON]
    if elsewhere:
        return f"{model} could not be had ({reason}); download it where there is a network and give local-dir:FOLDER"
    source = open_clip.get_pretrained_cfg(model, weights)
    if source:
        place = source.get("hf_hub", "").strip("/") or source.get("url")
        return f"the weights {weights} of {model} could not be had ({reason}); download {place} and give the file"
    if weights is not None and Path(weights).exists():
        return f"{weights} is no checkpoint of {model} of open_clip ({reason}); check both"
    return f"{weights} is neither a file nor one of open_clip's tags for {model} ({_tags(model)})"


def _tags(model: str) -> str:
    tags = open_clip.list_pretrained_tags_by_model(model)
    more = f" and {len(tags) - TAGS_NAMED} more" if len(tags) > TAGS_NAMED else ""
    return ", ".join(tags[:TAGS_NAMED]) + more if tags else "it has none"


def _digest(model: Any) -> str:
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.detach().float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:HASH_DIGITS]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what open_clip and the hub log: weights that are loaded a line later, retries that the error sums up."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
