"""The weak image-text semantic model: the calibrated probability that a text describes its image (section 3, step 4)."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from zipfile import BadZipFile

import lightgbm
import numpy as np
from numpy.typing import NDArray

from crawler.items import Text
from filters.backbone import CLASS_NAMES, ImageEmbedding
from scoring.class_space import ClassNouns, ClassSpace
from scoring.cross_features import Matchers
from scoring.dual_encoder import DualEncoder, Floats
from scoring.features import FEATURES, pair_features
from scoring.text_encoder import TextEncoder

MODELS: Final = Path(__file__).parent / "models"
ARRAYS_FILE: Final = "relevance.npz"
TREES_FILE: Final = "relevance.txt"
_TREE_SIZES: Final = re.compile(r"^tree_sizes=.*\n", re.MULTILINE)
_LAST_LINE: Final = re.compile(r"^pandas_categorical:.*\n\Z", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt's scaling of the trees' raw score to a probability: 1 / (1 + exp(-(slope * score + intercept))).

    Attributes:
        slope: positive, so that the order of scores is kept.
        intercept: in units of log odds.
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not self.slope > 0:
            raise ValueError(f"the slope must be positive, or better scores mean less, got {self.slope}")

    def probabilities(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities in (0, 1) for raw scores in log odds."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * raw + self.intercept))))


@dataclass(frozen=True, slots=True)
class RelevanceParts:
    """The trained parts of the model, as one artefact of two files.

    Attributes:
        matchers: dual encoder and class space.
        trees: LightGBM's booster over `FEATURES`.
        calibration: of its raw score.
    """

    matchers: Matchers
    trees: lightgbm.Booster
    calibration: Calibration

    def probabilities(self, features: Floats) -> NDArray[np.float64]:
        """The calibrated probabilities for rows of `FEATURES` [T, F]."""
        raw = self.trees.predict(features, raw_score=True, num_threads=1)
        return self.calibration.probabilities(np.asarray(raw))

    def save(self, folder: Path) -> None:
        """Write `relevance.npz` (half precision) and `relevance.txt` (trees) into an existing folder."""
        arrays: dict[str, Any] = {**self.matchers.dual.to_arrays(), **self.matchers.space.to_arrays()}
        arrays["calibration"] = np.array([self.calibration.slope, self.calibration.intercept])
        np.savez_compressed(folder / ARRAYS_FILE, **arrays)
        self.trees.save_model(folder / TREES_FILE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The inverse of `save`.

        Raises:
            ValueError: a file is missing or damaged, or the trees were fitted on other features than this version's.
        """
        advice = f"give another folder or make it: python -m scoring.fit --pairs PAIRS --out {folder}"
        for path in (folder / ARRAYS_FILE, folder / TREES_FILE):
            if not path.is_file():
                raise ValueError(f"{path} is missing; {advice}")
        try:
            with (folder / ARRAYS_FILE).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                matchers = Matchers(
                    DualEncoder.from_arrays(arrays), ClassSpace.from_arrays(arrays), ClassNouns.of(CLASS_NAMES)
                )
                calibration = Calibration(*arrays["calibration"].tolist())
        # whatever another or a damaged file makes of numpy's reader; an .npy file opens as an array without names
        except (OSError, ValueError, TypeError, IndexError, KeyError, EOFError, BadZipFile, zlib.error) as error:
            raise ValueError(f"{folder / ARRAYS_FILE} is no relevance model, or damaged; {advice}") from error
        return cls(matchers, _trees(folder / TREES_FILE, advice), calibration)


def _trees(path: Path, advice: str) -> lightgbm.Booster:
    text = path.read_text(encoding="utf-8", errors="replace")
    if not (text.startswith("tree\n") and _LAST_LINE.search(text)):  # LightGBM takes a torn file for a shorter one
        raise ValueError(f"{path} holds no trees, or is damaged; {advice}")
    try:
        # without the table of sizes LightGBM reads tree by tree; with it, in threads that abort the process on damage
        trees = lightgbm.Booster(model_str=_TREE_SIZES.sub("", text))
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(f"{path} holds no trees, or is damaged ({error}); {advice}") from error
    if tuple(trees.feature_name()) != FEATURES:
        raise ValueError(f"{path} was fitted on other features; {advice}")
    return trees


class RelevanceModel:
    """Scores the rival texts of images.

    Attributes:
        parts: the trained artefact.

    Args:
        folder: where `python -m scoring.fit` wrote the artefact; None is the packaged one.

    Raises:
        ValueError: the artefact is missing, damaged, or one for other features.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.parts = RelevanceParts.load(folder or MODELS)
        self._encoder = TextEncoder()

    def scores(self, embedding: ImageEmbedding, texts: Sequence[Sequence[Text]]) -> list[list[float]]:
        """The calibrated probability, per image and text, that the text describes the image.

        Calibrated for a web on which two texts in five describe their image (`scoring.fitting.training_pairs`). The
        texts of one image are compared with each other, so a score depends on its rivals, not on other images.

        Args:
            embedding: B images.
            texts: for each of the B images its cleaned rival texts, possibly none.

        Raises:
            ValueError: the embedding has another number of images than `texts`.
        """
        if len(texts) != len(embedding.features_BD):
            raise ValueError(f"{len(embedding.features_BD)} images but {len(texts)} lists of texts")
        flat = [text for rivals in texts for text in rivals]
        if not flat:
            return [[] for _ in texts]
        image_of = np.repeat(np.arange(len(texts)), [len(rivals) for rivals in texts])
        sentences = self._encoder.encode([text.text for text in flat])
        features = pair_features(embedding, flat, sentences, image_of, self.parts.matchers)
        probabilities = iter(self.parts.probabilities(features).tolist())
        return [[next(probabilities) for _ in rivals] for rivals in texts]


@dataclass(frozen=True, slots=True)
class RelevanceFilter:
    """Drops texts that hardly describe their image.

    Attributes:
        threshold: least probability kept, in [0, 1]; the default is the one that `scoring.fit` chose on held-back
            photos (`scoring/models/relevance.md`), a compromise: higher is purer and loses more right texts.
    """

    threshold: float = 0.6

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be in [0, 1], got {self.threshold}")

    def reason_to_drop(self, score: float) -> str | None:
        """`irrelevant` below the threshold and for NaN, else None."""
        return None if score >= self.threshold else "irrelevant"  # so written, NaN goes too
